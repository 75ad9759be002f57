"""How far the probabilities of a classifier can be believed.

- Expected calibration error with bins of equal mass (Naeini, Cooper and Hauskrecht 2015; Nguyen and O'Connor 2015 for
  the bins): rows are sorted by the probability of their predicted class and cut into bins of equally many rows; the
  mean over the bins, weighted by their rows, of |mean probability − accuracy|. Bins of equal width would be nearly
  empty where a model is never unsure.
- Brier score: the mean over rows of the squared distance between the probabilities and the one-hot truth, 0 to 2.
- Log loss: the mean over rows of −log of the probability of the true class, in nats.

The last two are proper scores: they also reward being right, where the first is met by a constant at the base rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Bins of the expected calibration error.
BINS = 15


def probabilities(logits: Floats) -> Floats:
    """Softmax of each row (m, classes)."""
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(likely / likely.sum(axis=1, keepdims=True))


def brier_scores(shares: Floats, gold: NDArray[np.int64]) -> Floats:
    """Brier score of each row (m,).

    Args:
        shares: probabilities (m, classes).
        gold: true classes (m,).
    """
    truth = np.eye(shares.shape[1])[gold]
    return np.asarray(((shares - truth) ** 2).sum(axis=1))


def log_losses(logits: Floats, gold: NDArray[np.int64]) -> Floats:
    """Log loss of each row (m,), from logits: a probability that rounds to 0 still has a finite loss."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(gold)), gold])


def reliability(shares: Floats, gold: NDArray[np.int64], bins: int = BINS) -> NDArray[np.float64]:
    """The reliability curve: one row a bin with its share of the rows, mean probability, and accuracy.

    Bins hold equally many rows, up to one; rows of equal probability may be cut apart, in their order. With fewer rows
    than bins every row is a bin.

    Args:
        shares: probabilities (m, classes).
        gold: true classes (m,).
        bins: how many.

    Returns:
        (bins, 3).
    """
    predicted = shares.argmax(axis=1)
    sure = shares[np.arange(len(gold)), predicted]
    right = predicted == gold
    order = np.argsort(sure, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    return np.array([[len(part) / len(order), sure[part].mean(), right[part].mean()] for part in parts])


def expected_calibration_error(shares: Floats, gold: NDArray[np.int64], bins: int = BINS) -> float:
    """Expected calibration error of the predicted class, 0 to 1; arguments as for `reliability`."""
    curve = reliability(shares, gold, bins)
    return float((curve[:, 0] * np.abs(curve[:, 1] - curve[:, 2])).sum())
