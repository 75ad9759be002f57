"""What a recipe's run is: the recipe, the backbone, the budget, and the settings of the loop, the same for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.errors import UsageError

#: Backbones that a recipe can start from, as plugins call them.
BACKBONES = ("minilm", "roberta-small")

#: Distinct texts of the budget, and how often a plain forward and backward pass over them makes up its computation.
TEXTS, PASSES = 6_400, 2.5


@dataclass(frozen=True, kw_only=True)
class RecipeConfig:
    """A run of one recipe."""

    name: str
    """`recipe-NAME-BACKBONE`."""
    recipe: str
    backbone: str
    texts: int = TEXTS
    """Distinct texts, of every recipe alike."""
    passes: float = PASSES
    """Computation: so many forward and backward passes of the bare encoder over as many texts of the shared pool."""
    max_length: int = 40
    """Tokens after which a text is cut, special tokens included."""
    batch: int = 128
    accumulation: int = 1
    learning_rate: float = 1e-4
    """Peak learning rate of the encoder."""
    head_learning_rate: float = 1e-3
    """Peak learning rate of the heads, which start from nothing."""
    weight_decay: float = 0.01
    warmup: float = 0.1
    """Share of the steps in which the learning rate rises."""
    restarts: bool = False
    clip: float = 1.0
    precision: str = "bfloat16"
    """Of the encoder's passes: `bfloat16` (autocast) or `float32`."""
    seed: int = 0
    log_every: int = 10
    evaluate_every: int = 10**9
    save_every: int = 25

    def __post_init__(self) -> None:
        if self.precision not in ("bfloat16", "float32"):
            raise UsageError(f"precision is {self.precision!r}; there are bfloat16, float32")
        if self.batch < 4 or self.texts < 2 * self.batch or self.passes <= 0:
            raise UsageError(
                f"a budget of {self.texts} texts, {self.passes} passes and batches of {self.batch} is none: "
                "a batch has at least 4 texts, a budget at least two batches of texts and more than no pass"
            )

    def as_dict(self) -> dict[str, Any]:
        """Field → value, as JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RecipeConfig:
        """The inverse of `as_dict`."""
        return cls(**values)


def plugin_name(recipe: str, backbone: str) -> str:
    """How the encoder of a recipe is called in tables.

    >>> plugin_name("mlm", "minilm")
    'recipe-mlm-minilm'
    """
    return f"recipe-{recipe}-{backbone}"
