"""Where the files of a checkpoint are: a directory the user names, the hub's local cache, or the hub itself."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.errors import WeightsMissing
from harness.transformer.checkpoint import Layout


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


def find_files(directory: Path, layout: Layout, tokenizer_dir: Path | None = None) -> CheckpointFiles:
    """Find a checkpoint's files in a directory.

    Args:
        directory: holds weights and configuration.
        layout: their names.
        tokenizer_dir: holds the vocabulary, when it is elsewhere.

    Raises:
        WeightsMissing: names what is not there.
    """
    vocabulary_dir = tokenizer_dir or directory
    for place in (directory, vocabulary_dir):
        if not place.is_dir():
            raise WeightsMissing(f"{place} is not a directory")
    weights = next((directory / name for name in layout.weights if (directory / name).is_file()), None)
    config = next((directory / name for name in layout.config if (directory / name).is_file()), None)
    vocabulary = next(
        (
            tuple(vocabulary_dir / name for name in names)
            for names in layout.vocabulary
            if all((vocabulary_dir / name).is_file() for name in names)
        ),
        None,
    )
    lacking = [
        f"{' or '.join(names)} in {place}"
        for found, names, place in (
            (weights, layout.weights, directory),
            (config, layout.config, directory),
            (vocabulary, [" + ".join(names) for names in layout.vocabulary], vocabulary_dir),
        )
        if found is None
    ]
    if weights is None or config is None or vocabulary is None:
        raise WeightsMissing(f"not there: {'; '.join(lacking)}")
    return CheckpointFiles(weights, config, vocabulary)


def hub_cache() -> Path:
    """The hub client's cache directory, found without importing the client."""
    if path := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(path)
    home = os.environ.get("HF_HOME")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (Path(home) if home else base / "huggingface") / "hub"


def cached_snapshot(hub_id: str, revision: str | None) -> Path | None:
    """Directory of a revision in the hub client's cache, None when it is not there."""
    root = hub_cache() / f"models--{hub_id.replace('/', '--')}"
    if revision is None or not (root / "snapshots" / revision).is_dir():
        reference = root / "refs" / (revision or "main")
        if not reference.is_file():
            return None
        revision = reference.read_bytes().decode("utf-8", "replace").strip()
        if not re.fullmatch(r"[\w.-]{0,99}\w", revision):
            return None  # damaged: the hub is asked, or the weights count as missing
    directory = root / "snapshots" / revision
    return directory if directory.is_dir() else None


def download_file(hub_id: str, revision: str | None, name: str) -> Path | None:
    """Fetch one file from the hub into its client's cache.

    Returns:
        Its path, None when the hub has the model but not this file.

    Raises:
        WeightsMissing: no network, or no such model.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return Path(hf_hub_download(hub_id, name, revision=revision))
    except EntryNotFoundError:
        return None
    except Exception as error:  # the client raises its transport's errors unchanged
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise WeightsMissing(f"the hub did not give {hub_id} ({reason})") from error


def download(hub_id: str, revision: str | None, layout: Layout) -> Path:
    """Fetch a checkpoint's files from the hub into its client's cache.

    Args:
        hub_id: e.g. `FacebookAI/roberta-base`.
        revision: pinned commit; None takes the newest.
        layout: which files; of alternatives only the first that the hub has.

    Returns:
        The snapshot's directory.

    Raises:
        WeightsMissing: no network, no such model, or a file is not there.
    """

    def fetch(name: str) -> Path | None:
        return download_file(hub_id, revision, name)

    config = next((path for name in layout.config if (path := fetch(name))), None)
    weights = next((path for name in layout.weights if (path := fetch(name))), None)
    if config is None or weights is None:
        raise WeightsMissing(f"{hub_id} on the hub has none of {', '.join((*layout.config, *layout.weights))}")
    fetch("tokenizer_config.json")
    if not any(all(fetch(name) for name in names) for names in layout.vocabulary):
        raise WeightsMissing(f"{hub_id} on the hub has no vocabulary file that this program knows")
    return config.parent
