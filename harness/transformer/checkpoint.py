"""The files of a checkpoint: where they are (a directory, the hub's cache, the hub), their names, and a model's shape.

Nothing here imports torch or reads weights; `tensors` does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from harness.errors import ModelUnknown, WeightsInvalid, WeightsMissing, first_line
from harness.files import offline

#: Hashes of the texts that a checkpoint was trained on, one a line; see `TransformerEncoder.training_text_hashes`.
TRAINING_TEXTS = "training_texts.txt"

#: What peft writes of an adapter.
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")

#: `model_type` → architecture, for types whose arithmetic is exactly that of the packed engine.
PACKED = {
    **dict.fromkeys(("bert", "distilbert", "electra"), "bert"),
    **dict.fromkeys(("roberta", "xlm-roberta", "camembert"), "roberta"),
    "mpnet": "mpnet",
}

#: Files that a model needs, where its weights are no pickles.
FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.safetensors")
_ELSEWHERE = ["onnx/*", "openvino/*", "coreml/*", "*.onnx", "runs/*"]

#: Endings of files that decide a vector.
_DECIDING = (".safetensors", ".bin", ".json", ".txt", ".model", ".py")

#: What the packed engine computes between the two layers of a feed-forward part.
ACTIVATIONS = ("gelu", "gelu_new", "relu")

#: Sizes of a `Shape` → BERT's name of each, and DistilBERT's.
_SIZES = {
    "hidden": ("hidden_size", "dim"),
    "layers": ("num_hidden_layers", "n_layers"),
    "heads": ("num_attention_heads", "n_heads"),
    "intermediate": ("intermediate_size", "hidden_dim"),
    "vocabulary": ("vocab_size",),
    "positions": ("max_position_embeddings",),
    "types": ("type_vocab_size",),
    "buckets": ("relative_attention_num_buckets",),
}

#: Largest size that is believed: a file that claims more would only take memory.
_LARGEST = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the authors of a model name its files and tensors."""

    architecture: str
    """`bert`, `roberta` or `mpnet`."""
    weights: tuple[str, ...] = ("model.safetensors", "pytorch_model.bin")
    config: tuple[str, ...] = ("config.json",)
    vocabulary: tuple[tuple[str, ...], ...] = (("tokenizer.json",), ("vocab.txt",), ("vocab.json", "merges.txt"))
    """File names, and sets of them, of which the first that exists is read."""
    prefixes: tuple[str, ...] = ("bert.", "roberta.", "mpnet.", "distilbert.", "electra.")
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


def find_files(directory: Path, layout: Layout, tokenizer_dir: Path | None = None) -> CheckpointFiles:
    """Find a checkpoint's files in a directory, and its vocabulary there or in another.

    Raises:
        WeightsMissing: names what is not there, and where.
    """

    def first(place: Path, sets: Sequence[tuple[str, ...]]) -> tuple[Path, ...]:
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


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes and constants of the encoder."""

    architecture: str
    """`bert`, `roberta` or `mpnet`; they differ in where positions start and what attention adds."""
    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    """Rows of the position table."""
    types: int
    """Rows of the token-type table; every token has type 0. MPNet and DistilBERT have no such table."""
    epsilon: float
    activation: str
    padding: int
    """Id of the padding token."""
    buckets: int = field(default=0, repr=False)
    """Distances between tokens that MPNet's attention tells apart; 0 for the others. Left out of the `repr`, which is
    part of `random-bert`'s fingerprint and older than MPNet."""

    @property
    def offset(self) -> int:
        """Position of the first token: 0 for BERT, padding id + 1 for RoBERTa, 2 for MPNet whatever its padding id."""
        return {"bert": 0, "mpnet": 2}.get(self.architecture, self.padding + 1)

    @property
    def max_tokens(self) -> int:
        """Longest input, special tokens included; 514 rows of RoBERTa serve 512 tokens."""
        return self.positions - self.offset

    @classmethod
    def from_config(cls, config: Mapping[str, Any], architecture: str, origin: str) -> Shape:
        """Read a published `config.json` (or `bert_config.json`).

        Missing constants take the architecture's published defaults: configurations written before 2020 lack
        `layer_norm_eps` and `pad_token_id`.

        Args:
            config: the decoded file.
            architecture: `bert`, `roberta` or `mpnet`; given by the wrapper, since several files do not name it.
            origin: path, for the error message.

        Raises:
            WeightsInvalid: a size makes no sense, or positions or activation are none of these architectures'.
        """
        if PACKED.get(kind := str(config.get("model_type")), architecture) != architecture:
            raise WeightsInvalid(f"{origin} is of a {kind} model, which is not read as a {architecture}: use `hf:`")
        lacking = {"buckets"} if architecture != "mpnet" else {"types"}
        lacking |= {"types"} if config.get("model_type") == "distilbert" else set()
        sizes: dict[str, Any] = dict.fromkeys(lacking, 0)
        for name, keys in _SIZES.items():
            if name not in lacking:
                key = next((key for key in keys if key in config), keys[0])
                sizes[name], least = config.get(key), 4 if name == "buckets" else 1
                if type(sizes[name]) is not int or not least <= sizes[name] <= _LARGEST:
                    value = str(sizes[name])[:40]
                    raise WeightsInvalid(f"{origin}: `{key}` is {value}; an integer from {least} is needed")
        hidden, heads = sizes["hidden"], sizes["heads"]
        if hidden % heads:
            raise WeightsInvalid(f"{origin}: hidden_size {hidden} is not a multiple of num_attention_heads {heads}")
        activation = config.get("hidden_act", config.get("activation", "gelu"))
        if activation not in ACTIVATIONS:
            raise WeightsInvalid(f"{origin}: activation {activation!r} is none of {', '.join(ACTIVATIONS)}")
        positions = config.get("position_embedding_type") or "absolute"
        if positions != "absolute" or config.get("is_decoder") or config.get("embedding_size") not in (None, hidden):
            raise WeightsInvalid(f"{origin}: not a BERT- or RoBERTa-shaped encoder; load it as `hf:` instead")
        epsilon = config.get("layer_norm_eps", 1e-5 if architecture == "roberta" else 1e-12)
        if not isinstance(epsilon, float | int):
            raise WeightsInvalid(f"{origin}: `layer_norm_eps` is {str(epsilon)[:40]!r}; a number is needed")
        padding = config.get("pad_token_id")
        shape = cls(
            architecture=architecture,
            epsilon=float(epsilon),
            activation=activation,
            padding=padding if type(padding) is int else 0 if architecture == "bert" else 1,
            **sizes,
        )
        if not 0 <= shape.padding < shape.vocabulary or shape.max_tokens < 2:
            raise WeightsInvalid(f"{origin}: `pad_token_id` is {padding}, which leaves no room for a text")
        return shape

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Name → shape of every tensor of the encoder but the pooler, in the names of transformers' `BertModel`."""
        d, f = self.hidden, self.intermediate
        tables = {"word": self.vocabulary, "position": self.positions, "token_type": self.types}
        found: dict[str, tuple[int, ...]]
        found = {f"embeddings.{name}_embeddings.weight": (rows, d) for name, rows in tables.items() if rows}
        if self.buckets:
            found["encoder.relative_attention_bias.weight"] = (self.buckets, self.heads)
        square = [f"attention.{part}" for part in ("self.query", "self.key", "self.value", "output.dense")]
        layer: dict[str, tuple[int, ...]] = dict.fromkeys(square, (d, d))
        layer |= {"intermediate.dense": (f, d), "output.dense": (d, f)}
        layer |= dict.fromkeys(("attention.output.LayerNorm", "output.LayerNorm"), (d,))
        parts = {f"encoder.layer.{i}.{name}": size for i in range(self.layers) for name, size in layer.items()}
        for name, size in {"embeddings.LayerNorm": (d,), **parts}.items():
            found |= {f"{name}.weight": size, f"{name}.bias": size[:1]}
        return found


# The hub


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
    """Fetch a model's files from the hub into its client's cache, and give the snapshot's directory.

    Pickled weights are added to the files of the patterns where no safetensors come; without a revision (a commit or
    branch) it is the newest.

    Raises:
        WeightsMissing: no network; ModelUnknown: the hub has no such model.
    """
    if offline() or not _hub_answers():
        raise WeightsMissing(f"{hub_id} is not on this machine, and the hub is out of reach")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    get = partial(snapshot_download, hub_id, revision=revision, ignore_patterns=_ELSEWHERE)
    try:
        directory = Path(get(allow_patterns=list(patterns)))
        if "*.safetensors" in patterns and not any(directory.rglob("*.safetensors")):
            get(allow_patterns=["*.bin"])
    except Exception as error:  # the client raises its transport's errors unchanged
        kind = ModelUnknown if isinstance(error, RepositoryNotFoundError | RevisionNotFoundError) else WeightsMissing
        raise kind(f"the hub did not give {hub_id} ({first_line(error)})") from error
    return directory
