"""What a pretraining run is: every choice in one frozen dataclass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from carl.settings import changed
from harness.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class PretrainingConfig:
    """A pretraining run."""

    name: str
    """How the checkpoint and its card call it."""
    start: str = "transfer"
    """`transfer`: layers and embeddings of the teacher. `scratch`: random weights."""
    teacher: str = "minilm"
    """Encoder that `transfer` takes its weights from and that is distilled: a name of `bench models`, or `hf:` and a
    model. Not read when nothing is transferred and nothing distilled."""

    # Sizes; a transferred encoder has its teacher's
    layers: int = 8
    hidden: int = 384
    heads: int = 6
    intermediate: int = 1536
    positions: int = 512
    """Longest input of a `scratch` encoder, special tokens included."""

    # Vocabulary and corpus
    vocabulary: int = 16384
    """Entries of the byte-level vocabulary, special tokens included."""
    tokenizer_texts: int = 150_000
    """Texts of the corpus, a random choice, on which the vocabulary is trained."""
    sources: tuple[str, ...] = ()
    """Names in the corpus's field `source` to train on; empty for all."""
    texts: int | None = None
    """Most texts of the corpus, a random choice."""
    max_length: int = 128
    """Tokens of a row, special tokens included; short texts share a row, longer texts become several."""

    # Masked language modelling
    masked: float = 0.15
    """Share of the tokens of masked rows that are to be predicted."""
    affect_weight: float = 1.0
    """How many times likelier than others words of the affect lexicon are chosen for masking (SentiX and SentiLARE
    mask sentiment words more often); 1 masks evenly."""
    mlm_weight: float = 1.0
    """Weight of the masked-LM loss."""

    # Distillation
    distil_weight: float = 50.0
    """Weight of the distance to the teacher's vectors; 0 does without."""
    distil_share: float = 0.75
    """Share of a batch's rows that stay unmasked and are compared with the teacher. The others are masked."""
    distil_layers: tuple[int, ...] = (0,)
    """Layers whose first-token and mean vectors are compared, counted back from the last, which is 0."""

    # Ratings
    rating_weight: float = 0.0
    """Weight of the prediction of rated texts' ratings from the first token; 0 does without."""

    # Optimisation
    steps: int = 4000
    """Optimiser steps of the whole schedule."""
    rows: int = 32
    """Rows of a batch."""
    accumulation: int = 1
    """Batches to one optimiser step."""
    learning_rate: float = 2e-4
    """Peak learning rate of the layers."""
    embedding_rate: float = 5.0
    """Factor on the learning rate for word embeddings and heads, which a transferred encoder has yet to learn."""
    warmup: float = 0.05
    """Share of the steps in which the learning rate rises; it falls linearly to 0 after that."""
    weight_decay: float = 0.01
    """AdamW's, for matrices only."""
    beta2: float = 0.98
    """AdamW's second decay rate; RoBERTa's."""
    clip: float = 1.0
    """Largest gradient norm; 0 for no clipping."""
    dropout: float = 0.0
    """Of hidden states and attention."""
    precision: str = "auto"
    """Of matrix products: `bfloat16`, `float32`, or `auto`, bfloat16 on a GPU and float32 elsewhere."""
    compile: str = "auto"
    """Whether torch compiles the layers: `yes`, `no`, or `auto`, on a GPU alone."""
    seed: int = 0
    """Decides the choice and order of texts, initial weights, masks and dropout."""

    # Watching
    log_every: int = 20
    """Steps between two lines of the curves."""
    evaluate_every: int = 500
    """Steps between two looks at held-out texts."""
    held_out_rows: int = 128
    """Rows of held-out texts that a look reads."""
    save_every: int = 500
    """Steps between two saved states."""

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name} is {getattr(self, name)!r}; there are {', '.join(allowed)}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"{name} is {value}, it must lie between {low} and {high}")
        if self.name.lower().replace("_", "-") in ("roberta", "roberta-base", "roberta-large"):
            raise UsageError(f"name is {self.name!r}, which others published; choose another name")
        if self.hidden % self.heads:
            raise UsageError(f"hidden is {self.hidden}, no multiple of heads, {self.heads}")
        if self.distils and (not self.distil_layers or min(self.distil_layers) < 0):
            raise UsageError(f"distil_layers is {self.distil_layers}; layers are counted back from the last, 0")
        if not (self.distils or self.masks or self.rating_weight):
            raise UsageError("mlm_weight, distil_weight and rating_weight leave nothing to learn")

    @property
    def distils(self) -> bool:
        """Whether vectors are compared with a teacher's."""
        return self.distil_weight > 0 and self.distil_share > 0

    @property
    def distilled_rows(self) -> int:
        """Rows of a batch that stay unmasked and are compared with the teacher."""
        return max(round(self.distil_share * self.rows), 1) if self.distils else 0

    @property
    def masks(self) -> bool:
        """Whether there are rows whose masked tokens are predicted."""
        return self.mlm_weight > 0 and self.distilled_rows < self.rows

    def as_dict(self) -> dict[str, Any]:
        """Field → value, as JSON holds it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PretrainingConfig:
        """The inverse of `as_dict`."""
        fitting: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
        return cls(**fitting)

    def changed(self, settings: Iterable[str]) -> PretrainingConfig:
        """The configuration with some fields changed (`settings.changed`)."""
        return changed(self, settings)


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "start": ("transfer", "scratch"),
    "precision": ("auto", "bfloat16", "float32"),
    "compile": ("auto", "yes", "no"),
}

_INFINITE = float("inf")

_RANGES: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("layers", "hidden", "heads", "intermediate", "tokenizer_texts", "texts"), (1, _INFINITE)),
    **dict.fromkeys(("steps", "rows", "accumulation", "log_every", "evaluate_every", "save_every"), (1, _INFINITE)),
    **dict.fromkeys(("mlm_weight", "distil_weight", "rating_weight", "learning_rate"), (0, _INFINITE)),
    "embedding_rate": (0, _INFINITE),
    **dict.fromkeys(("weight_decay", "clip"), (0, _INFINITE)),
    **dict.fromkeys(("distil_share", "warmup"), (0, 1)),
    **dict.fromkeys(("positions", "max_length"), (8, _INFINITE)),
    # 256 bytes and 5 special tokens at least; token ids are kept in 16 bits.
    "vocabulary": (261, 2**16),
    "masked": (1e-3, 0.9),
    "affect_weight": (1e-3, _INFINITE),
    "beta2": (0, 0.99999),
    "dropout": (0, 0.99),
    "held_out_rows": (1, _INFINITE),
    "seed": (0, 2**31 - 1),
}
