from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.base import CorpusCard, Source
from harness.corpora.download import Downloader
from harness.corpora.sources import CorpusFiles, Recipe, first_present, offline_asked
from harness.errors import DataInvalid, DataMissing, StorageFault


def source_of(path: str, content: bytes, url: str | None = "https://toy.org/x") -> Source:
    return Source(path=path, sha256=hashlib.sha256(content).hexdigest(), size=len(content), url=url)


ONE = source_of("toy/one.txt", b"one")
TWO = source_of("toy/two.txt", b"two", "https://toy.org/two")
CARD = CorpusCard(
    name="toy",
    title="Toy",
    rows={},
    labels="",
    licence="",
    citation="",
    homepage="https://toy.org",
    sources=(ONE, TWO),
)


@dataclass(frozen=True, kw_only=True)
class Net(Downloader):
    """A network that serves what the test says and remembers what was asked."""

    pages: Mapping[str, bytes]
    asked: list[str] = field(default_factory=list)

    def fetch(self, url: str, destination: Path, *, sha256: str, size: int) -> None:
        self.asked.append(url)
        if url not in self.pages:
            raise DataMissing(f"{url} answers 404")
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(self.pages[url])


@pytest.fixture
def files(tmp_path: Path) -> CorpusFiles:
    return CorpusFiles(
        card=CARD,
        data_dir=tmp_path / "data",
        cache_dir=tmp_path / "cache",
        offline=False,
        downloader=Net(pages={"https://toy.org/x": b"one", "https://toy.org/two": b"two"}),
    )


def asked(files: CorpusFiles) -> list[str]:
    assert isinstance(files.downloader, Net)
    return files.downloader.asked


def put(root: Path | None, source: Source, content: bytes = b"here") -> Path:
    assert root is not None
    path = root / source.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_data_directory_then_cache_then_network(files: CorpusFiles) -> None:
    fetched = files.path(ONE)
    assert fetched == files.cache_dir / "toy" / "one.txt"
    assert fetched.read_bytes() == b"one"
    assert files.path(ONE) == fetched
    assert asked(files) == ["https://toy.org/x"]
    mine = put(files.data_dir, ONE)
    assert files.path(ONE) == mine
    assert len(asked(files)) == 1


def test_sentevals_folder_may_be_the_data_directory(files: CorpusFiles) -> None:
    assert files.data_dir is not None
    source = replace(ONE, path="senteval/downstream/CR/x")
    for place in ("data/downstream/CR/x", "downstream/CR/x", "senteval/downstream/CR/x"):
        mine = put(files.data_dir, replace(source, path=place))
        assert files.path(source) == mine


@pytest.mark.parametrize("data_dir", [True, False])
def test_offline_never_opens_a_socket(
    files: CorpusFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_dir: bool
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    recipes = {TWO.path: Recipe(replace(ONE, path="raw"), Path.read_bytes)}
    offline = replace(
        files,
        offline=True,
        downloader=Downloader(),
        recipes=recipes,
        data_dir=tmp_path / "data" if data_dir else None,
    )
    for source in (ONE, TWO, replace(ONE, url=None)):
        with pytest.raises(DataMissing, match="toy: toy/"):
            offline.path(source)
    with pytest.raises(AssertionError, match="a socket was opened"):
        replace(offline, offline=False).path(ONE)


def test_the_message_lists_the_places_and_the_remedy(files: CorpusFiles, tmp_path: Path) -> None:
    offline = replace(files, offline=True)
    with pytest.raises(DataMissing) as error:
        offline.path(ONE)
    said = str(error.value)
    assert f"--data-dir {tmp_path / 'data'}, which is not a directory" in said
    assert f"the cache {tmp_path / 'cache'}" in said
    assert "offline: the network was not tried" in said
    assert "once online to fetch it from https://toy.org/x" in said
    with pytest.raises(DataMissing, match=r"cannot be fetched automatically; see https://toy\.org"):
        files.path(replace(ONE, url=None))


def test_a_failed_download_names_the_corpus(files: CorpusFiles) -> None:
    with pytest.raises(DataMissing, match=r"^toy: https://toy\.org/gone answers 404"):
        files.path(replace(ONE, url="https://toy.org/gone"))


def test_the_hub_is_asked_at_its_pinned_revision_only(files: CorpusFiles) -> None:
    bare = replace(ONE, url=None)
    pinned = replace(files, card=replace(CARD, hub="org/toy", hub_revision="abc123"))
    with pytest.raises(DataMissing):
        pinned.path(bare)
    assert asked(pinned) == ["https://huggingface.co/datasets/org/toy/resolve/abc123/toy/one.txt"]
    assert replace(files, card=replace(CARD, hub="org/toy")).url(bare) is None


def test_the_first_local_form_spares_the_network(files: CorpusFiles) -> None:
    local = put(files.cache_dir, TWO)
    assert first_present(files, ONE, TWO) == (TWO, local)
    mine = put(files.data_dir, TWO)
    put(files.cache_dir, ONE)
    assert first_present(files, ONE, TWO) == (TWO, mine)
    assert asked(files) == []


def test_without_a_local_form_the_first_one_is_fetched(files: CorpusFiles) -> None:
    assert first_present(files, ONE, TWO)[0] is ONE
    gone = replace(ONE, url="https://toy.org/gone")
    put(files.cache_dir, ONE).unlink()
    assert first_present(files, gone, TWO)[0] is TWO
    with pytest.raises(DataMissing, match=r"answers 404 toy/one\.txt would also do"):
        first_present(files, gone, gone)


def test_files_that_cannot_say_what_is_local_are_asked_in_turn() -> None:
    class Plain:
        def path(self, source: Source) -> Path:
            if source is ONE:
                raise DataMissing("not one")
            return Path("two")

    assert first_present(Plain(), ONE, TWO) == (TWO, Path("two"))


class TestRecipes:
    raw = source_of("raw.txt", b"eno", "https://toy.org/raw")
    derived = replace(ONE, url=None)

    def with_recipe(self, files: CorpusFiles, **changes: Any) -> CorpusFiles:
        recipe = Recipe(self.raw, lambda path: path.read_bytes()[::-1])
        net = Net(pages={"https://toy.org/raw": b"eno"})
        return replace(files, recipes={self.derived.path: replace(recipe, **changes)}, downloader=net)

    def test_a_local_raw_file_is_enough_even_offline(self, files: CorpusFiles) -> None:
        files = replace(self.with_recipe(files), offline=True)
        put(files.data_dir, self.raw, b"eno")
        path = files.path(self.derived)
        assert path == files.cache_dir / self.derived.path
        assert path.read_bytes() == b"one"

    def test_the_raw_file_is_fetched_when_it_must_be(self, files: CorpusFiles) -> None:
        files = self.with_recipe(files)
        assert files.path(self.derived).read_bytes() == b"one"
        assert asked(files) == ["https://toy.org/raw"]

    def test_the_derived_file_is_fetched_rather_than_the_raw_one(self, files: CorpusFiles) -> None:
        files = self.with_recipe(files)
        files = replace(files, downloader=Net(pages={"https://toy.org/x": b"one"}))
        assert files.path(ONE).read_bytes() == b"one"
        assert asked(files) == ["https://toy.org/x"]

    def test_the_raw_file_is_the_second_way_when_the_first_is_gone(self, files: CorpusFiles) -> None:
        files = self.with_recipe(files)
        assert files.path(ONE).read_bytes() == b"one"
        assert asked(files) == ["https://toy.org/x", "https://toy.org/raw"]

    def test_a_wrong_raw_file_is_refused(self, files: CorpusFiles) -> None:
        files = self.with_recipe(files)
        put(files.data_dir, self.raw, b"another")
        with pytest.raises(DataInvalid, match=r"raw\.txt is not the published file \(7 bytes, published 3;"):
            files.path(self.derived)

    def test_a_build_that_gives_something_else_is_refused_and_not_kept(self, files: CorpusFiles) -> None:
        files = self.with_recipe(files, build=lambda path: b"wrong")
        with pytest.raises(DataInvalid, match=r"as rebuilt from .* is not the published one"):
            files.path(self.derived)
        assert not (files.cache_dir / self.derived.path).exists()

    def test_an_inexact_build_is_kept_for_the_content_check(self, files: CorpusFiles) -> None:
        files = self.with_recipe(files, build=lambda path: b"another form", exact=False)
        assert files.path(self.derived).read_bytes() == b"another form"

    def test_a_blocked_cache_is_a_storage_fault(self, files: CorpusFiles) -> None:
        files.cache_dir.write_text("a file in the way")
        put(files.data_dir, self.raw, b"eno")
        with pytest.raises(StorageFault, match="a rebuilt corpus file"):
            self.with_recipe(files).path(self.derived)


@pytest.mark.parametrize(
    ("value", "asks"), [("1", True), ("true", True), ("ON", True), ("0", False), ("", False), ("no", False)]
)
@pytest.mark.parametrize("name", ["AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE"])
def test_the_environment_may_ask_for_offline(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, asks: bool
) -> None:
    for other in ("AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    assert offline_asked() is asks
