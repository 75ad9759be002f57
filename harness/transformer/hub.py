"""Models that no wrapper describes: checkpoints of the transformers library, from the hub or a directory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.encoder import POOLINGS, EncoderCard
from harness.errors import WeightsInvalid, WeightsMissing
from harness.transformer.checkpoint import Layout, read_config
from harness.transformer.encoder import TransformerEncoder
from harness.transformer.loaded import Loaded
from harness.transformer.shape import Shape
from harness.transformer.snapshot import deciding_files, find_directory, hub_id_of, weight_files
from harness.transformer.weights import CheckpointFiles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: `model_type` → architecture, for types whose arithmetic is exactly BERT's or RoBERTa's.
_PACKED = {"bert": "bert", "roberta": "roberta", "xlm-roberta": "roberta", "camembert": "roberta", "mpnet": "mpnet"}

#: Types whose positions begin behind the padding id.
_OFFSET_TYPES = (
    *("roberta", "xlm-roberta", "camembert", "roberta-prelayernorm", "xlm-roberta-xl"),
    *("mpnet", "longformer", "data2vec-text", "ibert"),
)

#: Where neither configuration nor tokeniser says how long a text may be.
_DEFAULT_LENGTH = 512


def hub_card(target: str, kind: str) -> EncoderCard:
    """The card of a model of which nothing is known but where it is.

    Args:
        target: hub id or directory.
        kind: `hf` (first token by default) or `st` (the model's own sentence vector by default).

    Raises:
        UsageError: neither a directory nor a hub id.
    """
    local = Path(target).is_dir()
    identity = Path(target).resolve().name if local else hub_id_of(target)
    # A record says nothing of the machine's folders: of a directory only its own name, without blanks and commas.
    return EncoderCard(
        name="dir:" + re.sub(r"[^\w.-]", "-", identity) if local else f"{kind}:{identity}",
        family="hub",
        title=identity,
        weights=f"a local directory {identity}" if local else f"huggingface.co/{identity}",
        pooling="cls" if kind == "hf" else None,
        poolings=POOLINGS,
        training_data=None,
        url="" if local else f"https://huggingface.co/{identity}",
        extras=() if kind == "hf" else ("sentence-transformers",),
        notes="Nothing is declared about this model: whether it has seen a corpus is unknown.",
    )


class HubEncoder(TransformerEncoder):
    """A checkpoint of the transformers library, from the hub or a directory.

    Exactly BERT-, RoBERTa- and MPNet-shaped models run in the packed engine, others in padded batches by the library.
    Every encoder tensor must be in the checkpoint; heads of any name are left out and listed by `describe`.

    Args:
        model: hub id or directory.
        trust_remote_code: let the checkpoint's own Python code run; never without.
        options: see `TransformerEncoder`.
    """

    layout = Layout(architecture="bert", any_heads=True)

    def __init__(
        self,
        model: str | Path,
        *,
        weights_dir: str | Path | None = None,
        tokenizer_dir: str | Path | None = None,
        max_length: int | None = None,
        device: str | None = None,
        dtype: str | None = None,
        pooling: str | None = None,
        batch_tokens: int | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        self.card = hub_card(str(model), "hf")
        local = Path(model).is_dir()
        super().__init__(
            weights_dir=weights_dir or (model if local else None),
            tokenizer_dir=tokenizer_dir,
            max_length=max_length,
            device=device,
            dtype=dtype,
            pooling=pooling,
            batch_tokens=batch_tokens,
        )
        self.hub = None if local else hub_id_of(str(model))
        self.trust_remote_code = trust_remote_code
        self._packed: bool | None = None

    def directory(self, *, fetch: bool = False) -> Path:
        """The checkpoint's directory.

        Raises:
            WeightsMissing: it is nowhere.
        """
        if self.weights_dir is not None:
            return self.weights_dir
        option = f"pass `--weights-dir {self.card.name}=DIR`"
        return find_directory(str(self.hub), option, may_fetch=fetch, code=self.trust_remote_code)

    def files(self, *, fetch: bool = True) -> CheckpointFiles:
        """The checkpoint's files; for models outside the packed engine `vocabulary` holds all that remain.

        Raises:
            WeightsMissing: there is no configuration, or there are no weights.
        """
        directory = self.directory(fetch=fetch)
        config, weights = directory / "config.json", weight_files(directory)
        if not config.is_file() or not weights:
            raise WeightsMissing(f"{directory} holds no checkpoint: config.json and *.safetensors or pytorch_model.bin")
        place = self.tokenizer_dir or directory
        layout, vocabulary = _packed_form(config, weights, place)
        self._packed = layout is not None and not self.trust_remote_code
        if self._packed and layout is not None:
            self.layout = layout
            return CheckpointFiles(weights[0], config, vocabulary)
        rest = {path for part in {directory, place} for path in deciding_files(part)} - {config, weights[0]}
        return CheckpointFiles(weights[0], config, tuple(sorted(rest)))

    @property
    def packed(self) -> bool:
        """Whether the packed engine runs this model."""
        if self._packed is None:
            self.files()
        return bool(self._packed)

    @property
    def backend(self) -> str:
        """Name of the arithmetic."""
        return super().backend if self.packed else "transformers"

    def fingerprint_parts(self) -> list[str]:
        """Digests of the files, and whether the model's own code ran."""
        return [*super().fingerprint_parts(), *(["remote-code"] if self.trust_remote_code else [])]

    def describe(self) -> dict[str, Any]:
        """What a record should say, with the heads that were left out."""
        left_out = list(self._loaded.left_out) if self._loaded is not None else []
        return {**super().describe(), "left_out": left_out}

    def effective_max_length(self) -> int:
        """Tokens after which a text is cut: what was asked for, within what configuration and tokeniser allow."""
        return super().effective_max_length() if self.packed else self.load().max_length

    def _cut(self, shape: Shape) -> int:
        files = self.files()
        limit = min(shape.max_tokens, _tokenizer_limit(self.tokenizer_dir or files.config.parent) or shape.max_tokens)
        return min(self.max_length or limit, limit)

    def _read(self, files: CheckpointFiles) -> Loaded:
        if self.packed:
            return super()._read(files)
        import torch

        from harness.transformer.devices import choose
        from harness.transformer.generic import GenericEngine, GenericTokenizer

        directory = files.config.parent
        engine = GenericEngine(
            directory,
            device=torch.device(choose(self.device)),
            dtype=getattr(torch, self.dtype),
            trust_remote_code=self.trust_remote_code,
        )
        if self.pooling == "pooler" and not engine.has_pooler:
            raise WeightsInvalid(f"{directory} has no trained pooler: use another pooling, e.g. {self.card.name}@mean")
        tokenizer = GenericTokenizer(self.tokenizer_dir or directory, trust_remote_code=self.trust_remote_code)
        limit = min(_position_limit(read_config(files.config)) or _DEFAULT_LENGTH, tokenizer.limit or _DEFAULT_LENGTH)
        return Loaded(
            engine=engine,
            tokenizer=tokenizer,
            max_length=min(self.max_length or limit, limit),
            dimensions=engine.dimensions,
            parameters=engine.parameters,
            tensors={},
            left_out=engine.left_out,
        )

    def inputs(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Token ids of each text, (tokens,)."""
        loaded = self.load()
        if self.packed:
            return super().inputs(texts)
        rows: list[NDArray[np.int32]] = loaded.tokenizer.encode(texts, loaded.max_length)
        return rows


def _packed_form(config: Path, weights: Sequence[Path], vocabulary_dir: Path) -> tuple[Layout | None, tuple[Path, ...]]:
    """Layout and vocabulary of a model that the packed engine can run; None when it cannot."""
    content = read_config(config)
    architecture = _PACKED.get(str(content.get("model_type")))
    if architecture is None or len(weights) != 1 or "auto_map" in content:
        return None, ()
    try:
        Shape.from_config(content, architecture, str(config))
    except WeightsInvalid:
        return None, ()
    own = {"bert": (("vocab.txt",),), "roberta": (("vocab.json", "merges.txt"),)}.get(architecture, ())
    for names in (("tokenizer.json",), *own):
        files = tuple(vocabulary_dir / name for name in names)
        if all(file.is_file() for file in files):
            layout = Layout(architecture=architecture, weights=(weights[0].name,), vocabulary=(names,), any_heads=True)
            return layout, files
    return None, ()


def _tokenizer_limit(directory: Path) -> int | None:
    """`model_max_length` of the tokeniser's configuration, where it says one."""
    path = directory / "tokenizer_config.json"
    limit = read_config(path).get("model_max_length") if path.is_file() else None
    return int(limit) if isinstance(limit, int | float) and 2 < limit < 1_000_000 else None


def _position_limit(config: dict[str, Any]) -> int | None:
    """Most tokens that a model has positions for; None where positions have no end."""
    rows = config.get("max_position_embeddings") or config.get("n_positions")
    if not isinstance(rows, int) or rows < 1:
        return None
    padding = config.get("pad_token_id")
    offset = (padding if isinstance(padding, int) else 1) + 1 if config.get("model_type") in _OFFSET_TYPES else 0
    return rows - offset
