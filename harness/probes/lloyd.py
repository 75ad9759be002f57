"""k-means over blocks of rows: Lloyd's iteration (1982) for more vectors than memory holds.

It stands in for `sklearn.cluster.KMeans`, which forms copies of all rows, and follows what that documents: greedy
k-means++ starts (Arthur and Vassilvitskii 2007) from one generator, the best of which counts; an end where no row
changes its part, or the centres move less than 1e-4 of the mean variance; an empty part taken up again by the row that
is farthest from its centre. So both give the same parts, but for rows as near to two centres as rounding goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.probes.base import row_blocks, to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    Floats = NDArray[np.float64]

_TOLERANCE = 1e-4
_LIMIT = 300


def k_means(rows: Tensor, count: int, starts: int, seed: int) -> NDArray[np.int64]:
    """Part of each row (n,), of the start with the least sum of squared distances.

    Args:
        rows: vectors (n, d), float64; they are moved to have mean zero, where they lie.
        count: number of parts, n at most.
        starts: how many.
        seed: of all of them.
    """
    from sklearn.cluster import kmeans_plusplus

    vectors = _Vectors.centred(rows)
    generator = np.random.RandomState(seed)
    best, least = np.empty(0, dtype=np.int64), np.inf
    for _ in range(starts):
        centres, _ = kmeans_plusplus(vectors.rows, count, x_squared_norms=vectors.squares, random_state=generator)
        parts, spread = _converged(vectors, centres)
        # The same parts by other names may be better by rounding.
        if not len(best) or (spread < least and not _same(parts, best, count)):
            best, least = parts, spread
    return best


@dataclass(frozen=True)
class _Vectors:
    """Rows with mean zero, and what is asked of them again and again."""

    rows: Floats
    """(n, d)."""
    blocks: tuple[slice, ...]
    squares: Floats
    """Squared length of each row (n,)."""
    tolerance: float
    """Movement of the centres, summed over their squares, that counts as none."""

    @classmethod
    def centred(cls, given: Tensor) -> _Vectors:
        """Move rows to mean zero."""
        rows, blocks = to_numpy(given), tuple(row_blocks(given))
        mean = np.sum([rows[block].sum(axis=0) for block in blocks], axis=0) / len(rows)
        squares = np.empty(len(rows))
        for block in blocks:
            rows[block] -= mean
            squares[block] = np.einsum("ij,ij->i", rows[block], rows[block])
        return cls(rows, blocks, squares, _TOLERANCE * float(squares.sum()) / rows.size)


def _converged(vectors: _Vectors, centres: Floats) -> tuple[NDArray[np.int64], float]:
    """Parts where the iteration ends, and the sum of squared distances to their centres."""
    before = np.full(len(vectors.rows), -1)
    for _ in range(_LIMIT):
        parts, sums, counts = _assigned(vectors, centres)
        _fill_empty(vectors, centres, parts, sums, counts)
        moved = sums / np.maximum(counts, 1)[:, None]
        # Parts stay empty where every row lies on its centre already.
        moved[counts == 0] = moved[counts.argmax()]
        shift = float(((moved - centres) ** 2).sum())
        centres = moved
        if np.array_equal(parts, before):
            break
        before = parts
        if shift <= vectors.tolerance:
            parts, _, _ = _assigned(vectors, centres)
            break
    else:
        parts, _, _ = _assigned(vectors, centres)
    return parts, sum(float(((vectors.rows[b] - centres[parts[b]]) ** 2).sum()) for b in vectors.blocks)


def _assigned(vectors: _Vectors, centres: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Nearest centre of each row (n,), and the sums (k, d) and numbers (k,) of the rows of each."""
    lengths = (centres**2).sum(axis=1)
    parts = np.empty(len(vectors.rows), dtype=np.int64)
    sums, counts = np.zeros_like(centres), np.zeros(len(centres))
    for block in vectors.blocks:
        rows = vectors.rows[block]
        parts[block] = (lengths - 2 * (rows @ centres.T)).argmin(axis=1)
        member = (parts[block, None] == np.arange(len(centres))).astype(np.float64)
        sums += member.T @ rows
        counts += member.sum(axis=0)
    return parts, sums, counts


def _fill_empty(vectors: _Vectors, centres: Floats, parts: NDArray[np.int64], sums: Floats, counts: Floats) -> None:
    """Give each empty part the row that is farthest from its centre, in place of the sums that the row was in."""
    empty = np.flatnonzero(counts == 0)
    if not len(empty):
        return
    away = np.concatenate([((vectors.rows[b] - centres[parts[b]]) ** 2).sum(axis=1) for b in vectors.blocks])
    if not away.max():
        return
    farthest = np.argpartition(away, -len(empty))[: -len(empty) - 1 : -1]
    for part, row in zip(empty, farthest, strict=True):
        sums[parts[row]] -= vectors.rows[row]
        counts[parts[row]] -= 1
        sums[part], counts[part] = vectors.rows[row], 1


def _same(first: NDArray[np.int64], second: NDArray[np.int64], count: int) -> bool:
    """Whether each part of the first lies within one of the second."""
    table = np.bincount(first * count + second, minlength=count * count).reshape(count, count)
    return bool(((table > 0).sum(axis=1) <= 1).all())
