"""`TransformerEncoder`: the base of every wrapper of a published transformer.

A wrapper states its card, its `Layout` and its hub id; what is special about a model (more embedding tables,
another way of splitting words) overrides one of the small methods. Constructing one is cheap: files are looked
for when asked, and read when the first text is encoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

import numpy as np
from numpy.typing import NDArray

from harness.encoder import EncoderCard
from harness.errors import UsageError, WeightsInvalid, WeightsMissing
from harness.files import offline, sha256_file
from harness.transformer.checkpoint import (
    ADAPTER_FILES,
    FILES,
    TRAINING_TEXTS,
    CheckpointFiles,
    Layout,
    Shape,
    cached_snapshot,
    fetch_from_hub,
    find_files,
    is_adapter,
    read_config,
)
from harness.transformer.tokenization import encode_ids, load_tokenizer, vocabulary_rows

if TYPE_CHECKING:
    from torch import Tensor

    from harness.transformer.packed import Engine

#: Raised when a change of this code changes vectors; part of every embedding's cache key.
ENCODING_VERSION = 1

DTYPES = ("float32", "bfloat16", "float16")

#: Texts tokenised at once: bounds memory, large enough that sorting by length leaves nothing to gain.
_TEXTS_AT_ONCE = 16384

#: Files beside a vocabulary that declare how texts are tokenised.
_TOKENIZER_SETTINGS = ("tokenizer.json", "tokenizer_config.json", "added_tokens.json", "special_tokens_map.json")


class EncoderOptions(TypedDict, total=False):
    """Options of `TransformerEncoder`."""

    weights_dir: str | Path | None
    tokenizer_dir: str | Path | None
    max_length: int | None
    device: str | None
    dtype: str | None
    pooling: str | None
    batch_tokens: int | None


@dataclass(frozen=True)
class Loaded:
    """A model in memory."""

    engine: Engine
    tokenizer: Any
    """What `encode_ids` takes, or what a class that overrides `inputs` has in its place."""
    max_length: int
    parameters: int
    tensors: dict[str, Tensor] = field(default_factory=dict)
    """Tensors beyond the encoder's own (`TransformerEncoder.extra_tensors`)."""


class TransformerEncoder:
    """An encoder of BERT's, RoBERTa's or MPNet's shape, read from a published checkpoint.

    Args:
        weights_dir: directory of the checkpoint; without it the hub's cache, then the hub. May be the directory of a
            LoRA adapter, which is then added to this encoder's own weights.
        tokenizer_dir: directory of the vocabulary, for checkpoints that come without one.
        max_length: tokens after which a text is cut, special tokens included; the card's by default.
        device: `cpu`, `cuda`, `cuda:1`, ...; by default a GPU when there is one.
        dtype: `float32` (default, the one for numbers to publish), `bfloat16`, `float16` (GPU).
        pooling: one of the card's; the card's first choice by default.
        batch_tokens: most tokens in one batch; does not change vectors.

    Raises:
        UsageError: a pooling the model has no trained weights for, or an unknown dtype.
    """

    card: EncoderCard
    layout: Layout
    #: Hub id that serves the weights at `card.revision`; None when no hub has them.
    hub: str | None = None
    #: Earlier ids of the same repository, under which a cache may still hold it.
    hub_aliases: ClassVar[tuple[str, ...]] = ()
    #: Patterns of the files that are fetched from there.
    fetched: tuple[str, ...] = FILES
    #: Embedding tables summed at the input, one for each channel of `inputs`.
    tables: ClassVar[tuple[str, ...]] = ("embeddings.word_embeddings.weight",)
    #: Directory of a LoRA adapter that is merged into the weights (`tensors.merge_adapter`).
    adapter_dir: Path | None = None
    #: Name of the arithmetic in records; None for the packed engine's.
    backend: str | None = None

    def __init__(
        self,
        *,
        weights_dir: str | Path | None = None,
        tokenizer_dir: str | Path | None = None,
        max_length: int | None = None,
        device: str | None = None,
        dtype: str | None = None,
        pooling: str | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        self.pooling, self.asked_pooling = pooling or self.card.pooling or "cls", pooling is not None
        allowed = self.card.poolings or (self.pooling,)
        if self.pooling not in allowed:
            raise UsageError(
                f"{self.card.name} has no trained weights for pooling {self.pooling!r}; it has {', '.join(allowed)}"
            )
        self.dtype = dtype or "float32"
        if self.dtype not in DTYPES:
            raise UsageError(f"unknown dtype {self.dtype!r}; there are {', '.join(DTYPES)}")
        if max_length is not None and max_length < 3:
            raise UsageError(f"max_length is {max_length}; two special tokens and a word need at least 3")
        self.weights_dir = Path(weights_dir) if weights_dir is not None else None
        if self.weights_dir is not None and is_adapter(self.weights_dir):
            self.adapter_dir, self.weights_dir = self.weights_dir, None
        self.tokenizer_dir = Path(tokenizer_dir) if tokenizer_dir is not None else None
        self.max_length = max_length
        self.device = device
        self.batch_tokens = batch_tokens
        self._loaded: Loaded | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the weights out: a worker process reads them itself."""
        return {**self.__dict__, "_loaded": None}

    # Where the files are

    def directory(self) -> Path:
        """The checkpoint's directory on this machine.

        Raises:
            WeightsMissing: it is nowhere.
        """
        if self.weights_dir is not None:
            return self.weights_dir
        for hub_id in (self.hub, *self.hub_aliases):
            if hub_id is not None and (cached := cached_snapshot(hub_id, self.card.revision)):
                return cached
        raise WeightsMissing("the weights are not on this machine")

    def files(self, *, fetch: bool = True) -> CheckpointFiles:
        """The checkpoint's files; with `fetch` the hub may be asked, unless the environment says offline.

        Raises:
            WeightsMissing: a file is nowhere; says where the weights are and what to pass.
        """
        try:
            try:
                return self._find(self.directory(), fetch=fetch)
            except WeightsMissing:
                if self.hub is None or self.weights_dir is not None or not fetch or offline():
                    raise
            return self._find(fetch_from_hub(self.hub, self.card.revision, patterns=self.fetched), fetch=fetch)
        except WeightsMissing as error:
            raise type(error)(f"{self.card.name}: {error}. {self._advice()}") from error

    def _find(self, directory: Path, *, fetch: bool) -> CheckpointFiles:
        """The files in the checkpoint's directory, and those that it lacks from elsewhere."""
        return find_files(directory, self.layout, self.tokenizer_dir)

    def _advice(self) -> str:
        files = (self.layout.weights, self.layout.config, [" + ".join(names) for names in self.layout.vocabulary])
        needed = ", ".join(" or ".join(alternatives) for alternatives in files)
        source = f"Get them from {self.card.weights}{' (with a network they are fetched)' if self.hub else ''} and pass"
        return f"{source} `--weights-dir {self.card.name}=DIR`, a directory with these files: {needed}"

    def fetch(self, report: Callable[[str], None] = print) -> Path:
        """Fetch the files that are not on this machine, tell of long steps, and give the checkpoint's directory.

        Raises:
            WeightsMissing: they cannot be fetched; says what to pass.
        """
        return self.files(fetch=True).config.parent

    def check_ready(self) -> None:
        """Raise what encoding would raise for want of files or extras; reads no weights and asks no network."""
        self.files(fetch=False)

    # What the vectors depend on

    @cached_property
    def fingerprint(self) -> str:
        """Content digest of weights, configuration and vocabulary (hexadecimal)."""
        parts = [f"{type(self).__qualname__}:{ENCODING_VERSION}", *self.fingerprint_parts()]
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()

    def fingerprint_parts(self) -> list[str]:
        """Digests of everything that decides a vector; extend it for a lexicon or a tagger."""
        files = self.files()
        deciding = [files.weights, files.config, *files.vocabulary]
        if files.vocabulary and files.vocabulary[0].name != "tokenizer.json":
            beside = (files.vocabulary[0].with_name(name) for name in _TOKENIZER_SETTINGS)
            deciding += [path for path in beside if path.is_file() and path not in deciding]
        if self.adapter_dir is not None:
            deciding += [self.adapter_dir / name for name in ADAPTER_FILES]
        return [f"{path.name}:{sha256_file(path)}" for path in deciding]

    def training_text_hashes(self) -> frozenset[str] | None:
        """Hashes of the labelled texts that the checkpoint was trained on; None: it does not say.

        The file `training_texts.txt` holds one line a text: the first 16 hexadecimal digits of the SHA-256 of the
        text's normal form (lower case, the tokens `-lrb-` and `-rrb-` dropped, a-z and 0-9 kept). The list is that of
        the last training; what the model that it started from had seen is on that model's card.

        Raises:
            WeightsMissing: the checkpoint is nowhere.
        """
        path = (self.adapter_dir or self.files(fetch=False).config.parent) / TRAINING_TEXTS
        return frozenset(path.read_text("ascii", "replace").split()) if path.is_file() else None

    def describe(self) -> dict[str, Any]:
        """What a result record says of how the vectors were made."""
        import torch

        from harness.transformer import packed

        device = packed.choose_device(self.device)
        described: dict[str, Any] = {
            "pooling": self.pooling,
            "max_length": self.effective_max_length() or None,
            "dtype": self.dtype,
            "backend": self.backend or packed.backend(device, getattr(torch, self.dtype)),
            "device": str(device),
        }
        if self._loaded is not None:
            described["threads"] = torch.get_num_threads()
            described["dimensions"] = self._loaded.engine.dimensions
            described["parameters"] = self._loaded.parameters
        return described

    def effective_max_length(self) -> int:
        """Tokens after which a text is cut: what was asked for, within what the model has positions for."""
        most = self.shape().max_tokens
        return min(self.max_length or self.card.max_length or most, most)

    def shape(self) -> Shape:
        """Sizes from the configuration file."""
        path = self.files().config
        return Shape.from_config(read_config(path), self.layout.architecture, str(path))

    # Loading

    def extra_tensors(self, shape: Shape) -> dict[str, tuple[int, ...]]:
        """Name → shape of tensors that this model has beyond a plain encoder; none by default."""
        return {}

    def tokenizer(self, files: CheckpointFiles) -> Any:
        """The checkpoint's tokeniser, as `encode_ids` takes it."""
        return load_tokenizer(files.vocabulary, lower_case=self.layout.lower_case)

    def load(self) -> Loaded:
        """Read the checkpoint once; later calls return the same.

        Raises:
            WeightsMissing: a file is nowhere.
            WeightsInvalid: files do not fit the architecture, or the asked-for pooler is missing or untrained: some
                files were published after a library had drawn theirs at random.
        """
        if self._loaded is None:
            loaded = self._read(self.files())
            if self.pooling == "pooler" and not loaded.engine.has_pooler:
                name = self.card.name
                raise WeightsInvalid(
                    f"{name} has no trained pooler (its bias is zero, or it is missing or not read): use {name}@mean"
                )
            self._loaded = loaded
        return self._loaded

    def _read(self, files: CheckpointFiles) -> Loaded:
        import torch

        from harness.transformer import packed, tensors

        shape, tokenizer = self.shape(), self.tokenizer(files)
        if not self.layout.any_heads and (rows := vocabulary_rows(tokenizer)) > shape.vocabulary:
            raise WeightsInvalid(
                f"{files.vocabulary[0]} has {rows} tokens, {files.config} says {shape.vocabulary}: vocabulary and "
                "weights belong to different models"
            )
        extra, state = self.extra_tensors(shape), tensors.read_tensors(files.weights)
        if self.adapter_dir is not None:
            state = tensors.merge_adapter(state, self.adapter_dir)
        found = tensors.encoder_tensors(state, {**shape.tensors(), **extra}, self.layout, str(files.weights))
        device, dtype = packed.choose_device(self.device, self.dtype), getattr(torch, self.dtype)
        return Loaded(
            engine=packed.PackedEncoder(found, shape, tables=self.tables, device=device, dtype=dtype),
            tokenizer=tokenizer,
            max_length=self.effective_max_length(),
            parameters=sum(tensor.numel() for name, tensor in found.items() if not name.startswith("pooler.")),
            tensors={name: found[name] for name in extra},
        )

    # Encoding

    def inputs(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Token ids of each text, (tokens,), or (channels, tokens) where the model takes more than ids."""
        loaded = self.load()
        return encode_ids(loaded.tokenizer, texts, loaded.max_length)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `harness.encoder.Encoder.encode`, and `load` for errors."""
        starts = range(0, len(texts) or 1, _TEXTS_AT_ONCE)
        return np.concatenate([self.encode_inputs(self.inputs(texts[s : s + _TEXTS_AT_ONCE])) for s in starts])

    def encode_inputs(self, items: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        """Vectors of already tokenised texts (what `inputs` returns), float32 (len(items), dimensions)."""
        return self.load().engine.pooled(items, self.pooling, self.batch_tokens)

    def states(self, items: Sequence[NDArray[np.int32]]) -> list[Tensor]:
        """Last-layer vectors of every token of already tokenised texts, float32 (tokens, dimensions)."""
        return self.load().engine.states(items, self.batch_tokens)
