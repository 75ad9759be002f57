"""Directories of hub models that no wrapper describes: found in the cache, or fetched whole."""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import UsageError, WeightsMissing
from harness.transformer.weights import cached_snapshot, hub_reachable

_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")

_SMALL = ("*.json", "*.txt", "*.model", "*.jinja")
_ELSEWHERE = ("onnx/*", "openvino/*", "coreml/*", "*.onnx", "runs/*")

#: Endings of files that decide a vector.
_DECIDING = (".safetensors", ".bin", ".json", ".txt", ".model", ".py")


def hub_id_of(target: str) -> str:
    """The hub id that a user typed.

    Raises:
        UsageError: it is none.
    """
    if not _HUB_ID.fullmatch(target):
        raise UsageError(f"{target!r} is neither a directory nor a hub id (org/model)")
    return target


def weight_files(directory: Path) -> list[Path]:
    """Weight files of a checkpoint: safetensors where there are any, else pickles."""
    for pattern in ("*.safetensors", "pytorch_model*.bin"):
        if found := sorted(directory.glob(pattern)):
            return found
    return []


def deciding_files(directory: Path) -> list[Path]:
    """Every file of a model's directory that can decide what a vector is, in the order of their names."""
    weights = set(weight_files(directory))
    return [
        path
        for path in sorted(directory.rglob("*"))
        if path.is_file()
        and path.suffix in _DECIDING
        and not path.name.startswith(".")
        and (path.parent != directory or path in weights or path.suffix not in (".safetensors", ".bin"))
    ]


def fetch(hub_id: str, *, code: bool = False) -> Path:
    """Fetch a model's files from the hub into its client's cache: safetensors, or pickles where there are none.

    Args:
        hub_id: e.g. `org/model`.
        code: fetch the model's own Python files too.

    Returns:
        The snapshot's directory.

    Raises:
        WeightsMissing: no network, or no such model.
    """
    from huggingface_hub import snapshot_download

    patterns = [*_SMALL, *(["*.py"] if code else [])]
    try:
        directory = Path(
            snapshot_download(hub_id, allow_patterns=[*patterns, "*.safetensors"], ignore_patterns=list(_ELSEWHERE))
        )
        if not any(directory.rglob("*.safetensors")):
            snapshot_download(hub_id, allow_patterns=["*.bin"], ignore_patterns=list(_ELSEWHERE))
    except Exception as error:  # the client raises its transport's errors unchanged
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise WeightsMissing(f"the hub did not give {hub_id} ({reason})") from error
    return directory


def find_directory(hub_id: str, option: str, *, may_fetch: bool, code: bool = False) -> Path:
    """A hub model's directory: the cached one, else fetched.

    Args:
        hub_id: e.g. `org/model`.
        option: what the user can pass instead, for the error message.
        may_fetch: whether the hub may be asked.
        code: see `fetch`.

    Raises:
        WeightsMissing: it is not in the cache and cannot be fetched.
    """
    cached = cached_snapshot(hub_id, None)
    # Whoever used the tokeniser alone has a snapshot without weights.
    if cached is not None and any(path.suffix in (".safetensors", ".bin") for path in cached.rglob("*")):
        return cached
    if may_fetch and hub_reachable():
        return fetch(hub_id, code=code)
    raise WeightsMissing(
        f"{hub_id} is not in the hub's cache on this machine; with a network it is fetched, without one {option}"
    )
