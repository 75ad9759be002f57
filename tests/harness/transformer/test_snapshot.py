from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError, WeightsMissing
from harness.transformer.snapshot import deciding_files, fetch, find_directory, hub_id_of, weight_files


def fill(directory: Path, *names: str) -> None:
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()


def test_hub_ids() -> None:
    assert hub_id_of("bert-base-uncased") == "bert-base-uncased"
    assert hub_id_of("Org_1/a.b-c") == "Org_1/a.b-c"
    for wrong in ("", "a/b/c", "a b", "/etc/passwd", "org/"):
        with pytest.raises(UsageError):
            hub_id_of(wrong)


def test_safetensors_come_before_pickles(tmp_path: Path) -> None:
    fill(tmp_path, "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin", "training_args.bin")
    assert [path.name[:19] for path in weight_files(tmp_path)] == ["pytorch_model-00001", "pytorch_model-00002"]
    fill(tmp_path, "model.safetensors")
    assert [path.name for path in weight_files(tmp_path)] == ["model.safetensors"]


def test_what_decides_a_vector(tmp_path: Path) -> None:
    fill(tmp_path, "model.safetensors", "pytorch_model.bin", "config.json", "vocab.txt", "README.md", ".hidden.json")
    fill(tmp_path, "1_Pooling/config.json", "2_Dense/pytorch_model.bin")
    found = [str(path.relative_to(tmp_path)) for path in deciding_files(tmp_path)]
    assert found == [
        "1_Pooling/config.json",
        "2_Dense/pytorch_model.bin",
        "config.json",
        "model.safetensors",
        "vocab.txt",
    ]


def test_fetching_takes_pickles_only_where_there_is_nothing_safer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub

    asked: list[list[str]] = []

    def download(hub_id: str, *, allow_patterns: list[str], ignore_patterns: list[str]) -> str:
        asked.append(allow_patterns)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    fetch("org/model")
    assert len(asked) == 2
    assert "*.bin" not in asked[0]
    assert asked[1] == ["*.bin"]
    fill(tmp_path, "model.safetensors")
    fetch("org/model", code=True)
    assert len(asked) == 3
    assert "*.py" in asked[2]
    assert "*.py" not in asked[0]


def test_a_cached_tokeniser_alone_is_no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    root = tmp_path / "models--org--model"
    fill(root, "refs/main", "snapshots/abc/tokenizer.json", "snapshots/abc/config.json")
    (root / "refs" / "main").write_text("abc")
    with pytest.raises(WeightsMissing, match="not in the hub's cache"):
        find_directory("org/model", "pass it", may_fetch=False)
    fill(root, "snapshots/abc/model.safetensors")
    assert find_directory("org/model", "pass it", may_fetch=False) == root / "snapshots" / "abc"


def test_a_hub_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def download(*_: object, **__: object) -> str:
        raise OSError("404: no such model\nsecond line")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(WeightsMissing, match=r"did not give org/model \(404: no such model\)"):
        fetch("org/model")
