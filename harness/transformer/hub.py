"""Where the files of a checkpoint are: a directory the user names, the hub's local cache, or the hub itself."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.errors import UsageError, WeightsMissing, first_line
from harness.transformer.checkpoint import Layout

_HUB_ID = re.compile(r"(\w[\w.-]*(?:/\w[\w.-]*)?)(?::([\w][\w./-]*))?")

#: Files that a model needs, where its weights are no pickles.
FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.safetensors")
_ELSEWHERE = ("onnx/*", "openvino/*", "coreml/*", "*.onnx", "runs/*")

#: Endings of files that decide a vector.
_DECIDING = (".safetensors", ".bin", ".json", ".txt", ".model", ".py")


@dataclass(frozen=True)
class CheckpointFiles:
    """The files of one checkpoint."""

    weights: Path
    config: Path
    vocabulary: tuple[Path, ...]

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file that decides what a vector is."""
        return (self.weights, self.config, *self.vocabulary)


def offline() -> bool:
    """Whether the environment forbids the network (`AFFECTBENCH_OFFLINE` or `HF_HUB_OFFLINE` set to 1)."""
    return any(
        os.environ.get(name, "").lower() in ("1", "true", "yes") for name in ("AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE")
    )


@cache
def hub_reachable() -> bool:
    """Whether the hub may be asked and answers; found out once in a process.

    Its client tries each file six times over half a minute, which a machine without a network should not wait for.
    """
    if offline():
        return False
    import socket
    import urllib.parse
    import urllib.request

    if urllib.request.getproxies():
        return True  # only the proxy knows
    endpoint = urllib.parse.urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    port = endpoint.port or (80 if endpoint.scheme == "http" else 443)
    try:
        with socket.create_connection((endpoint.hostname or "", port), timeout=5):
            return True
    except OSError:
        return False


def parse_hub_id(target: str) -> tuple[str, str | None]:
    """Hub id and revision of what a user typed: `ORG/NAME` or `ORG/NAME:REVISION`.

    Raises:
        UsageError: it is neither.
    """
    match = _HUB_ID.fullmatch(target)
    if match is None:
        raise UsageError(f"{target!r} is neither a directory nor a hub id (ORG/NAME or ORG/NAME:REVISION)")
    return match[1], match[2]


def find_files(directory: Path, layout: Layout, tokenizer_dir: Path | None = None) -> CheckpointFiles:
    """Find a checkpoint's files in a directory.

    Args:
        directory: holds weights and configuration.
        layout: their names.
        tokenizer_dir: holds the vocabulary, when it is elsewhere.

    Raises:
        WeightsMissing: names what is not there, and where.
    """

    def first(place: Path, sets: Sequence[tuple[str, ...]]) -> tuple[Path, ...]:
        if not place.is_dir():
            raise WeightsMissing(f"{place} is not a directory")
        for names in sets:
            if all((place / name).is_file() for name in names):
                return tuple(place / name for name in names)
        raise WeightsMissing(f"{place} has no {' or '.join(' + '.join(names) for names in sets)}")

    (weights,) = first(directory, [(name,) for name in layout.weights])
    (config,) = first(directory, [(name,) for name in layout.config])
    return CheckpointFiles(weights, config, first(tokenizer_dir or directory, layout.vocabulary))


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


def hub_cache() -> Path:
    """The hub client's cache directory, found without importing the client."""
    if path := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(path)
    home = os.environ.get("HF_HOME")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (Path(home) if home else base / "huggingface") / "hub"


def cached_snapshot(hub_id: str, revision: str | None) -> Path | None:
    """Directory of a revision in the hub client's cache, None when it is not there.

    Without a revision the newest that the hub named, else the only one that the cache holds.
    """
    root = hub_cache() / f"models--{hub_id.replace('/', '--')}"
    if revision is not None and (root / "snapshots" / revision).is_dir():
        return root / "snapshots" / revision
    reference = root / "refs" / (revision or "main")
    if reference.is_file():
        name = reference.read_bytes().decode("utf-8", "replace").strip()
        directory = root / "snapshots" / name
        return directory if re.fullmatch(r"[\w.-]{0,99}\w", name) and directory.is_dir() else None
    snapshots = list((root / "snapshots").glob("*")) if revision is None else []
    return snapshots[0] if len(snapshots) == 1 else None


def fetch_from_hub(hub_id: str, revision: str | None = None, *, patterns: Sequence[str] = FILES) -> Path:
    """Fetch a model's files from the hub into its client's cache: safetensors, or pickles where there are none.

    Args:
        hub_id: e.g. `org/model`.
        revision: commit or branch; None for the newest.
        patterns: of the wanted files; pickled weights are added where no safetensors come.

    Returns:
        The snapshot's directory.

    Raises:
        WeightsMissing: no network, or no such model.
    """
    from huggingface_hub import snapshot_download

    def get(allowed: Sequence[str]) -> Path:
        return Path(
            snapshot_download(hub_id, revision=revision, allow_patterns=list(allowed), ignore_patterns=list(_ELSEWHERE))
        )

    try:
        directory = get(patterns)
        if "*.safetensors" in patterns and not any(directory.rglob("*.safetensors")):
            get(["*.bin"])
    except Exception as error:  # the client raises its transport's errors unchanged
        raise WeightsMissing(f"the hub did not give {hub_id} ({first_line(error)})") from error
    return directory
