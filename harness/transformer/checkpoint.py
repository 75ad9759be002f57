"""Where the files of a checkpoint are (a directory the user names, the hub's cache, the hub) and what they are called.

Nothing here imports torch or reads weights; `tensors` does.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from harness.errors import WeightsInvalid, WeightsMissing, first_line

#: Hashes of the texts that a checkpoint was trained on, one a line; see `read_training_texts`.
TRAINING_TEXTS = "training_texts.txt"

#: What peft writes of an adapter.
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")

#: Files that a model needs, where its weights are no pickles.
FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.safetensors")
_ELSEWHERE = ["onnx/*", "openvino/*", "coreml/*", "*.onnx", "runs/*"]

#: Endings of files that decide a vector.
_DECIDING = (".safetensors", ".bin", ".json", ".txt", ".model", ".py")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the authors of a model name its files and tensors."""

    architecture: str
    """`bert`, `roberta` or `mpnet`."""
    weights: tuple[str, ...] = ("model.safetensors", "pytorch_model.bin")
    """File names, the first that exists is read."""
    config: tuple[str, ...] = ("config.json",)
    """File names, the first that exists is read."""
    vocabulary: tuple[tuple[str, ...], ...] = (("tokenizer.json",), ("vocab.txt",), ("vocab.json", "merges.txt"))
    """Sets of files, the first complete set is read."""
    prefixes: tuple[str, ...] = ("bert.", "roberta.", "mpnet.")
    """Prefixes that encoder tensors may carry."""
    renames: tuple[tuple[str, str], ...] = ()
    """Tensor-name beginnings and what they become, e.g. `mlp.` → `pooler.`; applied before prefixes."""
    heads: tuple[str, ...] = ("cls.", "lm_head.")
    """Beginnings of tensors that belong to training heads and are left out; compared before and after a prefix is
    taken off."""
    any_heads: bool = False
    """Leave out whatever lies outside the encoder's own modules, for models nobody described here."""
    lower_case: bool | None = None
    """Whether a `vocab.txt` is lower-cased; None takes what its directory declares."""


class CheckpointFiles(NamedTuple):
    """The files of one checkpoint; together they decide what a vector is."""

    weights: Path
    config: Path
    vocabulary: tuple[Path, ...]


def read_config(path: Path) -> dict[str, Any]:
    """Decode a JSON configuration file.

    Raises:
        WeightsInvalid: not a JSON object.
    """
    try:
        return {**json.loads(path.read_bytes())}
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise WeightsInvalid(f"{path} holds no JSON object ({error}); fetch the checkpoint again") from error


def is_adapter(directory: Path) -> bool:
    """Whether a directory holds a LoRA adapter, and not a model of its own."""
    return (directory / ADAPTER_FILES[0]).is_file()


def read_training_texts(directory: Path) -> frozenset[str] | None:
    """Hashes of the labelled texts that a checkpoint was trained on.

    The file `training_texts.txt` holds one line a text: the first 16 hexadecimal digits of the SHA-256 of the text's
    normal form (lower case, the tokens `-lrb-` and `-rrb-` dropped, a-z and 0-9 kept). It shows which evaluated texts
    were trained on without giving any text away.

    Returns:
        The hashes; None where the checkpoint has no such list, which says nothing about its training.

    Raises:
        WeightsInvalid: a line is no hash.
    """
    path = directory / TRAINING_TEXTS
    if not path.is_file():
        return None
    hashes = frozenset(path.read_text("ascii", "replace").split())
    if strange := next((one for one in hashes if not re.fullmatch("[0-9a-f]{16}", one)), None):
        raise WeightsInvalid(f"{path}: {strange[:40]!r} is no hash; fetch the checkpoint again")
    return hashes


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
    return sorted(directory.glob("*.safetensors")) or sorted(directory.glob("pytorch_model*.bin"))


def deciding_files(directory: Path) -> list[Path]:
    """Every file of a model's directory that can decide what a vector is, in the order of their names."""
    found = [path for path in sorted(directory.rglob("[!.]*")) if path.suffix in _DECIDING and path.is_file()]
    unread = ".bin" if any(directory.glob("*.safetensors")) else None
    return [path for path in found if path.suffix != unread or path.parent != directory]


# The hub


def offline() -> bool:
    """Whether the environment forbids the network (`AFFECTBENCH_OFFLINE` or `HF_HUB_OFFLINE` set to 1)."""
    values = (os.environ.get(name, "") for name in ("AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value.lower() in ("1", "true", "yes") for value in values)


def cached_snapshot(hub_id: str, revision: str | None) -> Path | None:
    """Directory of a revision in the hub client's cache, None when it is not there.

    Without a revision the newest that the hub named, else the only one that the cache holds. The client itself would
    take a third of a second to import, and knows nothing of the second rule.
    """
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface"
    root = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub") / f"models--{hub_id.replace('/', '--')}"
    snapshots = [path for path in (root / "snapshots").glob("*") if path.is_dir()]
    reference = root / "refs" / (revision or "main")
    name = reference.read_text("utf-8", "replace").strip() if reference.is_file() else revision
    if name is None:
        return snapshots[0] if len(snapshots) == 1 else None
    return next((path for path in snapshots if path.name == name), None)


@cache
def _hub_answers() -> bool:
    """Whether the hub answers; its client would try each file six times over half a minute."""
    endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    try:
        with urlopen(Request(endpoint, method="HEAD"), timeout=5):
            return True
    except OSError as error:
        return isinstance(error, HTTPError)


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
    if offline() or not _hub_answers():
        raise WeightsMissing(f"{hub_id} is not on this machine, and the hub is out of reach")
    from huggingface_hub import snapshot_download

    get = partial(snapshot_download, hub_id, revision=revision, ignore_patterns=_ELSEWHERE)
    try:
        directory = Path(get(allow_patterns=list(patterns)))
        if "*.safetensors" in patterns and not any(directory.rglob("*.safetensors")):
            get(allow_patterns=["*.bin"])
    except Exception as error:  # the client raises its transport's errors unchanged
        raise WeightsMissing(f"the hub did not give {hub_id} ({first_line(error)})") from error
    return directory
