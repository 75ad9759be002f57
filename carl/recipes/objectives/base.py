"""What an objective is: heads around the encoder, and named losses of a batch whose sum is trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from carl.batches import Batch, batch_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from carl.model import Backbone
    from carl.recipes.data import RecipeData
    from carl.recipes.phrases import Phrases


@dataclass(frozen=True)
class Setup:
    """What an objective is made with."""

    backbone: Backbone
    """As it is before training."""
    mask: int
    """Id of the mask token."""
    special: frozenset[int]
    """Ids that are no part of any text, padding and mask included; never drawn as random tokens."""
    polarity: Tensor
    """int64 (vocabulary,): 1 positive, 2 negative, 0 for entries that are no word of the sentiment lexicon."""
    classes: int
    """Emotions, 0 where the data has none."""
    as_released: bool

    @property
    def width(self) -> int:
        """Of a token vector."""
        return self.backbone.shape.hidden

    @property
    def vocabulary(self) -> int:
        """Entries."""
        return self.backbone.shape.vocabulary


@dataclass(frozen=True)
class Shown:
    """A batch with all that is known of its texts."""

    batch: Batch
    marks: Tensor
    """int64 (B, T), what each token's word is (`marks.Marks`)."""
    valence: Tensor
    """float32 (B,) in [−1, 1], NaN where unknown."""
    emotion: Tensor
    """int64 (B,), −1 where unknown."""
    phrases: Sequence[Phrases | None]
    """Labelled phrases of each text, None for texts without a tree."""
    answers: Tensor
    """int64 (B, 3): first and last token of the answer and the first of its paragraph; −1 for texts that are no
    question."""

    def rows(self, chosen: Tensor) -> Shown:
        """Some of the texts, int64 (n,)."""
        return Shown(
            self.batch.rows(chosen),
            self.marks[chosen],
            self.valence[chosen],
            self.emotion[chosen],
            [self.phrases[row] for row in chosen.tolist()],
            self.answers[chosen],
        )


class Objective(nn.Module, ABC):
    """Heads, which are thrown away after training, and the loss.

    Args:
        setup: the encoder's sizes, and facts of the vocabulary.
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        self.setup = setup

    @abstractmethod
    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """Named losses of a batch, each weighted; their sum is trained.

        Args:
            encoder: what is trained.
            shown: the batch, on the encoder's device.
            generator: on the CPU; draws masks and whatever else is random besides dropout.
        """

    def rows(self, data: RecipeData, batch: int, number: int, seed: int) -> NDArray[np.int64]:
        """Which texts are in the batch with a number: all of them in turn, unless an objective needs a choice."""
        return batch_rows(len(data), batch, number, seed)

    def reading(self, encoder: Backbone) -> Backbone:
        """The encoder as it reads plain text after training."""
        return encoder
