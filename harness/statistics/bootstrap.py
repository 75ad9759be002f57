"""Resampling counts: how often each evaluated row stands in each bootstrap resample (Efron 1979).

Counts depend on the number of rows and the seed alone, so that all models on one evaluation set share their
resamples: differences between models are paired for free. Counts are drawn once and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Weights of rows (draws, n) → the number under each weighting (draws,).
Measure = Callable[["Floats"], "Floats"]

#: Resamples of an interval, and the share of them inside.
DRAWS = 1000
LEVEL = 0.95

#: Seed of all resampling; not the seed of a run, whose models could then not be paired.
SEED = 20

#: Largest number of counts that are kept for the next model (128 MB); more are drawn again each time.
KEPT = 128_000_000

#: Largest number of weights that are in float64 at a time (64 MB).
BLOCK = 8_000_000


@lru_cache(maxsize=4)
def resamples(n: int, draws: int = DRAWS, seed: int = SEED) -> NDArray[np.uint8]:
    """How often each of n rows stands in each resample, uint8 (draws, n); read-only.

    A row stands in a resample of n rows Poisson-like with mean 1; 255 times is beyond any chance.
    """
    (counts,) = _drawn(n, draws, seed, draws)
    return counts


def _drawn(n: int, draws: int, seed: int, step: int) -> Iterator[NDArray[np.uint8]]:
    """`resamples` in blocks of `step` draws."""
    generator = np.random.default_rng([seed, n])
    for start in range(0, draws, step):
        counts = np.empty((min(step, draws - start), n), dtype=np.uint8)
        for row in counts:
            row[:] = np.bincount(generator.integers(n, size=n), minlength=n)
        counts.flags.writeable = False
        yield counts


def weightings(
    n: int, groups: Sequence[object] | NDArray[np.generic] | None = None, draws: int = DRAWS
) -> Iterator[Floats]:
    """Blocks of resampling weights, float64 (block, n) each, `draws` rows in all.

    Args:
        n: evaluated rows.
        groups: document of each row: whole documents are resampled, since rows of one are not independent
            (Cameron, Gelbach and Miller 2008).
        draws: number of resamples.
    """
    size, columns = (n, None) if groups is None else group_columns(groups)
    step = max(1, BLOCK // max(n, 1))
    kept = size * draws <= KEPT
    blocks = (
        (resamples(size, draws)[start : start + step] for start in range(0, draws, step))
        if kept
        else _drawn(size, draws, SEED, step)
    )
    for counts in blocks:
        block = counts.astype(np.float64)
        # Not `block[:, columns]`, which stands in memory by columns and makes whatever follows several times slower.
        yield block if columns is None else np.take(block, columns, axis=1)


def group_columns(groups: Sequence[object] | NDArray[np.generic]) -> tuple[int, NDArray[np.int64]]:
    """Number of documents, and the number of each row's document (n,), counted in sorted order.

    Documents by name and by their places in the order of names, as records keep them, are counted alike.
    """
    given = np.asarray(groups)
    if given.dtype.kind not in "iu":
        given = np.asarray(groups, dtype=object).astype(str)
    names, columns = np.unique(given, return_inverse=True)
    return len(names), columns.reshape(-1).astype(np.int64)


def jackknife(
    measure: Measure,
    n: int,
    groups: Sequence[object] | NDArray[np.generic] | None = None,
    kinds: NDArray[np.int64] | None = None,
) -> Floats:
    """The number without each row in turn (n,), or without each document in turn (documents,).

    Args:
        measure: weights to numbers.
        n: evaluated rows, two or more.
        groups: document of each row.
        kinds: rows of one kind are exchangeable, so that one of each kind need be left out; ignored with groups.
    """
    columns = np.arange(n)
    if groups is not None:
        size, columns = group_columns(groups)
        left_out = np.arange(size)
        back = np.arange(size)
    elif kinds is not None:
        _, left_out, back = np.unique(kinds, return_index=True, return_inverse=True)
    else:
        left_out, back = columns, columns
    step = max(1, BLOCK // max(n, 1))
    found = [
        measure((columns[None, :] != left_out[start : start + step, None]).astype(np.float64))
        for start in range(0, len(left_out), step)
    ]
    return np.concatenate(found)[back]
