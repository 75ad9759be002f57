"""A teacher besides the labels: the first token's vector learns to tell what another encoder says of the text.

Not part of the paper. Affect ratings hold valence and arousal, and little of which emotion it is; a word list with
emotions knows that for every text, rated or not. A linear head on the first token is fitted to the teacher's vectors
(Hinton et al. 2015 call it distillation, with a squared error where the outputs are no probabilities: Romero et al.
2015) and thrown away after training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from harness.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Standard deviations beyond which a target counts as this far: counts of things have long tails.
_FAR = 4.0


@dataclass(frozen=True)
class Lessons:
    """Texts and what the teacher says of them."""

    items: Sequence[NDArray[np.int32]]
    """Token ids of every text (tokens,), special tokens included."""
    targets: NDArray[np.float32]
    """(n, k), each column with mean 0 and deviation 1, within ±4."""

    def __len__(self) -> int:
        return len(self.items)

    @property
    def size(self) -> int:
        """Number of targets k of a text."""
        return int(self.targets.shape[1])


def lessons(items: Sequence[NDArray[np.int32]], texts: Sequence[str], teacher: str) -> Lessons:
    """Ask a teacher.

    Args:
        items: the texts, tokenised.
        texts: the same as written.
        teacher: name of an encoder (`bench models`), of which all dimensions that vary are taught.

    Raises:
        UsageError: there is no such encoder, or its vectors do not vary.
        WeightsMissing: its weights are nowhere.
    """
    from harness.registry import load_encoder

    return Lessons(items, standardised(load_encoder(teacher, device="cpu").encode(list(texts)), teacher))


def standardised(vectors: NDArray[np.floating], teacher: str = "the teacher") -> NDArray[np.float32]:
    """Columns with mean 0 and deviation 1, cut at ±4; constant ones are left out.

    >>> standardised(np.array([[1.0, 5.0], [3.0, 5.0]])).tolist()
    [[-1.0], [1.0]]

    Args:
        vectors: (n, d).
        teacher: for the error message.

    Raises:
        UsageError: all columns are constant.
    """
    wide = np.asarray(vectors, dtype=np.float64)
    deviation = wide.std(axis=0)
    varies = deviation > 1e-9
    if not varies.any():
        raise UsageError(f"{teacher} says the same of all {len(wide)} training texts; choose another teacher")
    scaled = (wide[:, varies] - wide[:, varies].mean(axis=0)) / deviation[varies]
    targets: NDArray[np.float32] = np.clip(scaled, -_FAR, _FAR).astype(np.float32)
    return targets


def teaching_loss(predicted: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error over texts and targets; 1 for a head that knows nothing.

    Args:
        predicted: (B, k).
        targets: (B, k).
    """
    return torch.nn.functional.mse_loss(predicted.float(), targets)
