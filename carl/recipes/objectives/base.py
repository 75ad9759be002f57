"""What an objective is: heads around the encoder, and named losses of a batch whose sum is trained."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from carl.networks import Encoder, Tokens
from carl.recipes.data import Phrases, RecipeData
from carl.training_data import Stream

#: Texts of similar length that are read at once.
GROUP = 32


@dataclass(frozen=True)
class Setup:
    """What heads are made for."""

    encoder: Encoder
    """As it is before training."""
    mask: int
    """Id of the mask token."""
    special: frozenset[int]
    """Ids that are no part of any text, padding and mask included; never drawn as random tokens."""
    polarity: Tensor
    """int64 (vocabulary,): 1 positive, 2 negative, 0 for entries that are no word of the sentiment lexicon."""
    classes: int
    """Emotions, 0 where the data has none."""

    @property
    def width(self) -> int:
        """Dimensions of a token vector."""
        return self.encoder.width

    @property
    def epsilon(self) -> float:
        """Of the encoder's layer normalisation."""
        return float(self.encoder.model.config.layer_norm_eps)  # type: ignore[union-attr,arg-type]


@dataclass(frozen=True)
class Batch:
    """Texts with everything that is known of them."""

    tokens: Tokens
    marks: Tensor
    """int64 (B, T), what each token's word is (`carl.recipes.words`)."""
    valence: Tensor
    """float32 (B,) in [−1, 1], NaN where unknown."""
    emotion: Tensor
    """int64 (B,), −1 where unknown."""
    phrases: Sequence[Phrases | None]
    """Labelled phrases of each text, None for texts without a tree."""

    @property
    def ids(self) -> Tensor:
        """Token ids, int64 (B, T)."""
        return self.tokens.ids

    @property
    def real(self) -> Tensor:
        """Bool (B, T), false for padding."""
        return self.tokens.mask > 0

    @property
    def inner(self) -> Tensor:
        """Bool (B, T), true for the text's own tokens, special ones left out."""
        return ~self.tokens.special


class Heads(nn.Module, ABC):
    """Heads, which are thrown away after training, and the loss."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        self.setup = setup

    @abstractmethod
    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Named losses of a batch, each weighted; their sum is trained.

        Args:
            encoder: what is trained.
            batch: on the encoder's device.
            generator: on the CPU; draws masks and whatever else is random besides dropout.
        """

    def rows(self, data: RecipeData, batch: int, number: int, seed: int) -> NDArray[np.int64]:
        """Which texts are in the batch with a number: all of them in turn, unless an objective needs a choice."""
        return Stream(np.arange(len(data)), batch).batch(number, seed)

    def finished(self, encoder: Encoder) -> Encoder:
        """The encoder as it reads plain text after training."""
        return encoder


def read(encoder: Encoder, words: Tensor, mask: Tensor) -> Tensor:
    """Token vectors (B, T, d) of word embeddings (B, T, d), read in groups of similar length; 0 at padding."""
    order = mask.sum(1).argsort(descending=True, stable=True)
    parts = []
    for rows in torch.split(order, GROUP):
        width = int(mask[rows].sum(1).max())
        states = encoder(words[rows, :width], mask[rows, :width])
        parts.append(functional.pad(states, (0, 0, 0, mask.shape[1] - width)))
    return torch.cat(parts)[order.argsort()]


def read_tokens(encoder: Encoder, tokens: Tokens) -> Tensor:
    """Token vectors (B, T, d) of tokens."""
    return read(encoder, encoder.words(tokens.ids), tokens.mask)


def vectors(encoder: Encoder, tokens: Tokens) -> Tensor:
    """One vector a text (B, d)."""
    return encoder.pool(read_tokens(encoder, tokens), tokens.mask)


def mean_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross entropy in at least float32; 0 where there is nothing to guess.

    Args:
        logits: (n, classes).
        targets: int64 (n,), −100 for rows that do not count.
    """
    total = functional.cross_entropy(widened(logits), targets, reduction="sum")
    return total / (targets != -100).sum().clamp_min(1)


def widened(values: Tensor) -> Tensor:
    """Half precision as float32, all else as it is."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


def balanced_rows(labels: NDArray[np.int64], batch: int, number: int, seed: int) -> NDArray[np.int64]:
    """Rows of a batch with as many texts of each class as fit, at least two, drawn without repeats within a class.

    Where the classes do not fit, they take turns from batch to batch. A class with fewer texts than its share gives
    all it has; other texts of the classes in the batch fill the rest.

    Args:
        labels: (n,), negative for texts of no class.
        batch: texts.
        number: of the batch.
        seed: of the run.

    >>> labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, -1])
    >>> sorted(labels[balanced_rows(labels, 4, 0, seed=0)].tolist())
    [0, 0, 1, 1]
    """
    generator = np.random.default_rng((seed, number))
    classes = generator.permutation(np.unique(labels[labels >= 0]))[: max(batch // 2, 1)]
    queues = [generator.permutation(np.flatnonzero(labels == label)) for label in classes]
    # Round after round one text of every class that has any left.
    order = [queue[turn] for turn in range(max(map(len, queues))) for queue in queues if turn < len(queue)]
    return np.array(order[:batch], dtype=np.int64)
