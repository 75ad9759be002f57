"""Nearest neighbours: a row is given the class that most of the k nearest training rows have, by cosine.

No parameter is fitted, so the probe shows how classes lie in the space and not what a linear map can make of it.
Exact, in blocks; rows as near as the k-th share the votes that are left, so the order of the training rows is of no
account.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness import memory
from harness.probes.base import Array, to_numpy, unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Similarities that are held at a time, and the share of the memory that they may take in float64.
BLOCK = 4_000_000
_PARTS = 64

#: Rows that are decided at a time.
_ROWS = 65_536

#: Decimals of a cosine that count: what products of equal vectors differ by is rounding.
_DECIMALS = 12


def neighbour_votes(
    X: Array, y: NDArray[np.integer], classes: int, queries: Array, sizes: Sequence[int]
) -> NDArray[np.float64]:
    """Votes of the nearest training rows.

    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    >>> neighbour_votes(X, np.array([0, 1, 1]), 2, np.array([[1.0, 0.2]]), [1, 2]).tolist()
    [[[1.0, 0.0]], [[1.0, 1.0]]]

    Args:
        X: training vectors (n, d).
        y: their classes (n,), 0 to classes − 1.
        classes: number of classes.
        queries: vectors to classify (m, d).
        sizes: numbers of neighbours, each from 1 to n.

    Returns:
        (sizes, m, classes); the votes of a row sum to its size.

    Raises:
        ValueError: a size that the training rows do not have, or shapes that do not fit.
    """
    train, asked = (to_numpy(unit_rows(part)[0]) for part in (X, queries))
    n = len(train)
    if len(y) != n:
        raise ValueError(f"X has {n} rows but y has {len(y)}")
    if not sizes or min(sizes) < 1 or max(sizes) > n:
        raise ValueError(f"there are {n} training rows: numbers of neighbours must lie between 1 and {n}, not {sizes}")
    member = np.eye(classes)[np.asarray(y, dtype=np.int64)]
    votes: NDArray[np.float64] = memory.array((len(sizes), len(asked), classes), np.float64)
    step = max(1, min(BLOCK, memory.share(_PARTS) // 8) // n)
    for start in range(0, len(asked), step):
        near = np.round(asked[start : start + step] @ train.T, _DECIMALS)
        cut = np.partition(near, sorted(n - size for size in sizes), axis=1)
        for row, size in enumerate(sizes):
            threshold = cut[:, n - size, None]
            nearer = (near > threshold).astype(np.float64)
            tied = (near == threshold).astype(np.float64)
            left = (size - nearer.sum(axis=1)) / tied.sum(axis=1)
            votes[row, start : start + step] = nearer @ member + left[:, None] * (tied @ member)
    return votes


def decide(votes: NDArray[np.float64], y: NDArray[np.integer]) -> NDArray[np.int64]:
    """Class with most votes (m,); among equals the one that is most frequent in training.

    Args:
        votes: (m, classes).
        y: training classes.
    """
    frequent = np.bincount(np.asarray(y, dtype=np.int64), minlength=votes.shape[1])
    order = np.argsort(-frequent, kind="stable")
    # Fractions of shared votes carry rounding: votes that agree to nine digits are equal.
    best = [np.round(votes[start : start + _ROWS], 9)[:, order].argmax(axis=1) for start in range(0, len(votes), _ROWS)]
    return np.asarray(order[np.concatenate(best)], dtype=np.int64)
