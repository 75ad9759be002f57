"""`TransformerEncoder`: the base of every wrapper of a published transformer.

A wrapper states its card, its `Layout` and its hub id; what is special about a model (more embedding tables,
another way of splitting words) overrides one of the small methods. Constructing one is cheap: files are looked
for when asked, and read when the first text is encoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.encoder import EncoderCard
from harness.errors import UsageError, WeightsInvalid, WeightsMissing
from harness.files import sha256_file
from harness.transformer.adapter import ADAPTER_FILES, is_adapter, merge_adapter
from harness.transformer.checkpoint import (
    Layout,
    encoder_tensors,
    pooler_is_untrained,
    read_config,
    read_tensors,
)
from harness.transformer.loaded import DTYPES, Loaded
from harness.transformer.shape import Shape
from harness.transformer.weights import CheckpointFiles, cached_snapshot, download, find_files, hub_reachable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from torch import Tensor

#: Raised when a change of this code changes vectors; part of every embedding's cache key.
ENCODING_VERSION = 1

#: Texts tokenised at once: bounds memory, large enough that sorting by length leaves nothing to gain.
_TEXTS_AT_ONCE = 16384


class TransformerEncoder:
    """An encoder of BERT's or RoBERTa's shape, read from a published checkpoint.

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
    #: Embedding tables summed at the input, one for each channel of `inputs`.
    tables: ClassVar[tuple[str, ...]] = ("embeddings.word_embeddings.weight",)
    #: Directory of a LoRA adapter that is merged into the weights (`adapter.merge_adapter`).
    adapter_dir: Path | None = None

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
        self.pooling = pooling or self.card.pooling or "cls"
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
        self._fingerprint: str | None = None

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

    def vocabulary_directory(self, directory: Path, *, fetch: bool) -> Path:
        """Where the vocabulary is: the directory given for it, else the checkpoint's own."""
        return self.tokenizer_dir or directory

    def files(self, *, fetch: bool = True) -> CheckpointFiles:
        """The checkpoint's files.

        Args:
            fetch: whether the hub may be asked; never when the environment says offline.

        Raises:
            WeightsMissing: a file is nowhere; says where the weights are and what to pass.
        """
        hub = self.hub if fetch and self.weights_dir is None and hub_reachable() else None
        try:
            try:
                directory = self.directory()
                return find_files(directory, self.layout, self.vocabulary_directory(directory, fetch=fetch))
            except WeightsMissing:
                if hub is None:
                    raise
            directory = download(hub, self.card.revision, self.layout)
            return find_files(directory, self.layout, self.vocabulary_directory(directory, fetch=fetch))
        except WeightsMissing as error:
            raise WeightsMissing(f"{self.card.name}: {error}. {self._advice()}") from error

    def _advice(self) -> str:
        files = (self.layout.weights, self.layout.config, [" + ".join(names) for names in self.layout.vocabulary])
        needed = ", ".join(" or ".join(alternatives) for alternatives in files)
        source = (
            f"The hub gives them ({self.hub}) to a machine with a network; without one, pass"
            if self.hub
            else f"Get them from {self.card.weights} and pass"
        )
        return f"{source} `--weights-dir {self.card.name}=DIR`, a directory with these files: {needed}"

    def fetch(self, report: Callable[[str], None] = print) -> Path:
        """Fetch the files that are not on this machine.

        Args:
            report: is told of long steps.

        Returns:
            The checkpoint's directory.

        Raises:
            WeightsMissing: they cannot be fetched; says what to pass.
        """
        return self.files(fetch=True).config.parent

    def availability(self) -> tuple[str, str]:
        """Whether encoding would work now, without reading weights or asking the network.

        Returns:
            `("ready", "")`, or the status (`weights-missing`, `extra-missing`) and what to do.
        """
        from harness.errors import BenchError

        try:
            self.files(fetch=False)
        except BenchError as error:
            return error.status, str(error)
        return "ready", ""

    # What the vectors depend on

    @property
    def fingerprint(self) -> str:
        """Content digest of weights, configuration and vocabulary (hexadecimal)."""
        if self._fingerprint is None:
            digest = hashlib.blake2b(f"{type(self).__qualname__}:{ENCODING_VERSION}".encode(), digest_size=16)
            for part in self.fingerprint_parts():
                digest.update(f"\n{part}".encode())
            self._fingerprint = digest.hexdigest()
        return self._fingerprint

    def fingerprint_parts(self) -> list[str]:
        """Digests of everything that decides a vector; extend it for a lexicon or a tagger."""
        files = self.files()
        parts = [f"{path.name}:{sha256_file(path)}" for path in files.all]
        if files.vocabulary[0].name == "vocab.txt":
            parts.append(f"lower_case:{self._lower_case(files)}")
        if self.adapter_dir is not None:
            parts += [f"{name}:{sha256_file(self.adapter_dir / name)}" for name in ADAPTER_FILES]
        return parts

    def training_text_hashes(self) -> frozenset[str] | None:
        """Hashes of the labelled texts that the checkpoint was trained on (`training_texts`); None: it does not say.

        The list is that of its last training; what the model that it started from had seen is on that model's card.

        Raises:
            WeightsMissing: the checkpoint is nowhere.
            WeightsInvalid: the list is damaged.
        """
        from harness.transformer.training_texts import read_training_texts

        return read_training_texts(self.adapter_dir or self.files(fetch=False).config.parent)

    def describe(self) -> dict[str, Any]:
        """What a result record says of how the vectors were made."""
        from harness.transformer.devices import choose

        described: dict[str, Any] = {
            "pooling": self.pooling,
            "max_length": self.effective_max_length(),
            "dtype": self.dtype,
            "backend": self.backend,
            "device": choose(self.device),
        }
        if self._loaded is not None:
            import torch

            described["threads"] = torch.get_num_threads()
            described["dimensions"] = self._loaded.dimensions
            described["parameters"] = self._loaded.parameters
        return described

    @property
    def backend(self) -> str:
        """Name of the arithmetic; vectors of different backends are never mixed in the cache."""
        import torch

        from harness import onednn
        from harness.transformer.devices import choose

        fused = choose(self.device) == "cpu" and onednn.serves(getattr(torch, self.dtype))
        return "onednn-packed" if fused else "torch-packed"

    def effective_max_length(self) -> int:
        """Tokens after which a text is cut: what was asked for, within what the model has positions for."""
        return self._cut(self.shape())

    def _cut(self, shape: Shape) -> int:
        return min(self.max_length or self.card.max_length or shape.max_tokens, shape.max_tokens)

    def shape(self) -> Shape:
        """Sizes from the configuration file."""
        path = self.files().config
        return Shape.from_config(read_config(path), self.layout.architecture, str(path))

    # Loading

    def extra_tensors(self, shape: Shape) -> dict[str, tuple[int, ...]]:
        """Name → shape of tensors that this model has beyond a plain encoder; none by default."""
        return {}

    def tokenizer(self, files: CheckpointFiles) -> Tokenizer:
        """The checkpoint's tokeniser."""
        from harness.transformer.tokenization import load_tokenizer

        return load_tokenizer(files.vocabulary, lower_case=self._lower_case(files))

    def _lower_case(self, files: CheckpointFiles) -> bool:
        if self.layout.lower_case is not None:
            return self.layout.lower_case
        beside = files.vocabulary[0].with_name("tokenizer_config.json")
        return bool(read_config(beside).get("do_lower_case", True)) if beside.is_file() else True

    def load(self) -> Loaded:
        """Read the checkpoint once; later calls return the same.

        Raises:
            WeightsMissing: a file is nowhere.
            WeightsInvalid: files do not fit the architecture, or the asked-for pooler is untrained.
        """
        if self._loaded is None:
            self._loaded = self._read(self.files())
        return self._loaded

    def _read(self, files: CheckpointFiles) -> Loaded:
        import torch

        from harness.transformer.devices import choose
        from harness.transformer.packed import PackedEncoder
        from harness.transformer.tokenization import vocabulary_rows

        shape = Shape.from_config(read_config(files.config), self.layout.architecture, str(files.config))
        tokenizer = self.tokenizer(files)
        if (rows := vocabulary_rows(tokenizer)) > shape.vocabulary:
            raise WeightsInvalid(
                f"{files.vocabulary[0]} has {rows} tokens, {files.config} says {shape.vocabulary}: vocabulary and "
                "weights belong to different models"
            )
        extra = self.extra_tensors(shape)
        plain, with_pooler = shape.tensors(pooler=False), shape.tensors(pooler=True)
        pooler = {name: size for name, size in with_pooler.items() if name not in plain}
        state = read_tensors(files.weights)
        if self.adapter_dir is not None:
            state = merge_adapter(state, self.adapter_dir)
        picked = encoder_tensors(state, {**plain, **extra}, self.layout, str(files.weights), optional=pooler)
        tensors = picked.tensors
        if self.pooling == "pooler":
            self._check_pooler(tensors, files)
        engine = PackedEncoder(
            tensors,
            shape,
            tables=self.tables,
            device=torch.device(choose(self.device)),
            dtype=getattr(torch, self.dtype),
        )
        return Loaded(
            engine=engine,
            tokenizer=tokenizer,
            max_length=self._cut(shape),
            dimensions=shape.hidden,
            parameters=sum(tensors[name].numel() for name in (*plain, *extra)),
            tensors={name: tensors[name] for name in extra},
            left_out=picked.left_out,
        )

    def _check_pooler(self, tensors: dict[str, Tensor], files: CheckpointFiles) -> None:
        name = self.card.name
        if "pooler.dense.bias" not in tensors:
            raise WeightsInvalid(f"{files.weights} has no pooler: {name}@pooler does not exist; use {name}@cls")
        if pooler_is_untrained(tensors):
            raise WeightsInvalid(
                f"the pooler in {files.weights} was never trained (its bias is zero): its vectors mean nothing; "
                f"use {name}@cls"
            )

    # Encoding

    def inputs(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Token ids of each text, (tokens,), or (channels, tokens) where `tables` has several."""
        from harness.transformer.tokenization import encode_ids

        loaded = self.load()
        return encode_ids(loaded.tokenizer, texts, loaded.max_length)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `harness.encoder.Encoder.encode`. Repeated texts are computed once.

        Raises:
            WeightsMissing: the weights are nowhere.
            WeightsInvalid: the checkpoint does not fit.
        """
        import numpy as np

        self.load()
        distinct = list(dict.fromkeys(texts))
        parts = [self.encode_inputs(items) for items in self._tokenised(distinct)]
        vectors = np.concatenate(parts) if parts else self.encode_inputs([])
        if len(distinct) == len(texts):
            return vectors
        row = {text: i for i, text in enumerate(distinct)}
        return vectors[[row[text] for text in texts]]

    def _tokenised(self, texts: Sequence[str]) -> Iterator[list[NDArray[np.int32]]]:
        """Inputs of the texts in parts; beside a GPU the next part is tokenised while it computes."""
        from harness.transformer.devices import choose

        parts = [texts[start : start + _TEXTS_AT_ONCE] for start in range(0, len(texts), _TEXTS_AT_ONCE)]
        if choose(self.device) == "cpu" or len(parts) < 2:
            yield from map(self.inputs, parts)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as beside:
            coming = beside.submit(self.inputs, parts[0])
            for part in parts[1:]:
                items = coming.result()
                coming = beside.submit(self.inputs, part)
                yield items
            yield coming.result()

    def encode_inputs(self, items: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        """Vectors of already tokenised texts (what `inputs` returns), float32 (len(items), dimensions).

        Where a batch finds too little memory it is halved.
        """
        from harness.transformer.devices import halving

        engine = self.load().engine
        longest = max((item.shape[-1] for item in items), default=0)
        return halving(lambda budget: engine.pooled(items, self.pooling, budget), self._batch_tokens(), longest)

    def token_states(self, texts: Sequence[str]) -> list[Tensor]:
        """Last-layer vectors of every token of each text, float32 (tokens, dimensions), special tokens included."""
        return self.states(self.inputs(texts))

    def states(self, items: Sequence[NDArray[np.int32]]) -> list[Tensor]:
        """The same for already tokenised texts (what `inputs` returns); batches are halved as in `encode_inputs`."""
        from harness.transformer.devices import halving

        engine = self.load().engine
        longest = max((item.shape[-1] for item in items), default=0)
        return halving(lambda budget: engine.states(items, budget), self._batch_tokens(), longest)

    def _batch_tokens(self) -> int:
        from harness.transformer.devices import batch_tokens

        return self.batch_tokens or batch_tokens(self.device, self.load().engine.bytes_per_token)
