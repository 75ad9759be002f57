from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import WeightsMissing
from harness.transformer import weights
from harness.transformer.checkpoint import Layout
from harness.transformer.weights import cached_snapshot, find_files, hub_cache, hub_reachable, offline

LAYOUT = Layout(
    architecture="bert",
    weights=("a.safetensors", "a.bin"),
    config=("a.json", "b.json"),
    vocabulary=(("v.txt",), ("v.json", "m.txt")),
)


def fill(directory: Path, *names: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        (directory / name).touch()
    return directory


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    hub_reachable.cache_clear()
    yield
    hub_reachable.cache_clear()


def test_the_first_name_that_exists_is_taken(tmp_path: Path) -> None:
    directory = fill(tmp_path, "a.bin", "b.json", "v.json", "m.txt", "other")
    found = find_files(directory, LAYOUT)
    assert [path.name for path in found.all] == ["a.bin", "b.json", "v.json", "m.txt"]
    fill(directory, "a.safetensors", "a.json", "v.txt")
    assert [path.name for path in find_files(directory, LAYOUT).all] == ["a.safetensors", "a.json", "v.txt"]


def test_the_vocabulary_may_be_elsewhere(tmp_path: Path) -> None:
    directory, other = fill(tmp_path / "a", "a.bin", "a.json", "v.txt"), fill(tmp_path / "b", "v.txt")
    assert find_files(directory, LAYOUT, other).vocabulary == (other / "v.txt",)


def test_what_is_missing_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="is not a directory"):
        find_files(tmp_path / "nowhere", LAYOUT)
    with pytest.raises(WeightsMissing) as caught:
        find_files(fill(tmp_path / "a", "a.json", "v.json"), LAYOUT)
    assert "a.safetensors or a.bin in" in str(caught.value)
    assert "v.txt or v.json + m.txt in" in str(caught.value)
    assert "b.json" not in str(caught.value)


def test_the_hubs_cache_is_found_as_its_client_finds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert hub_cache() == tmp_path / "xdg" / "huggingface" / "hub"
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    assert hub_cache() == tmp_path / "home" / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    assert hub_cache() == tmp_path / "cache"


def test_a_pinned_revision_is_found_and_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    snapshots = tmp_path / "models--org--name" / "snapshots"
    fill(snapshots / "abc", "a.bin")
    assert cached_snapshot("org/name", "abc") == snapshots / "abc"
    assert cached_snapshot("org/name", "def") is None
    assert cached_snapshot("org/name", None) is None
    fill(tmp_path / "models--org--name" / "refs")
    (tmp_path / "models--org--name" / "refs" / "main").write_text("abc\n")
    assert cached_snapshot("org/name", None) == snapshots / "abc"
    assert cached_snapshot("org/other", None) is None


@pytest.mark.parametrize("name", ["AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_asks_no_network(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    import socket

    def connect(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setenv(name, "1")
    assert offline()
    assert not hub_reachable()


def test_a_hub_that_does_not_answer_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket
    import urllib.request

    tried = []

    def connect(address: tuple[str, int], **_: object) -> None:
        tried.append(address)
        raise OSError("no route")

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(urllib.request, "getproxies", dict)
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid:8080/prefix")
    assert not hub_reachable()
    assert not hub_reachable()
    assert tried == [("hub.invalid", 8080)]


def test_download_takes_the_first_alternative_that_the_hub_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    served = {"a.bin", "b.json", "v.json", "m.txt"}
    asked: list[str] = []

    def serve(hub_id: str, revision: str | None, name: str) -> Path | None:
        assert (hub_id, revision) == ("org/name", "abc")
        asked.append(name)
        return tmp_path / name if name in served else None

    monkeypatch.setattr(weights, "download_file", serve)
    assert weights.download("org/name", "abc", LAYOUT) == tmp_path
    assert asked[:4] == ["a.json", "b.json", "a.safetensors", "a.bin"]
    served.remove("m.txt")
    with pytest.raises(WeightsMissing, match="no vocabulary"):
        weights.download("org/name", "abc", LAYOUT)
    served.remove("a.bin")
    with pytest.raises(WeightsMissing, match=r"none of a\.json"):
        weights.download("org/name", "abc", LAYOUT)
