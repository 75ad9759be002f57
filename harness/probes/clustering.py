"""Clusters of embeddings against known classes: k-means, and how well its parts agree with the classes.

After Shah, Reddy and Bhattacharyya (EMNLP 2023, arXiv:2310.18930), who judge emotion-aware encoders by adjusted mutual
information, adjusted Rand index and Fowlkes-Mallows score. The first two are 0 for a partition made by chance; the
third is not: with unequal classes even a chance partition scores well above 0, so it is read beside the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from harness.probes.base import Array, row_blocks, to_numpy, unit_rows
from harness.probes.lloyd import k_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Starts of k-means; the one with the least inertia counts.
STARTS = 10


def clusters(X: Array, count: int, seed: int) -> NDArray[np.int64]:
    """Part of each row (n,) by k-means on the unit sphere.

    Rows are L2-normalised, as for the other geometry, so that length does not decide. Where fewer than `count`
    vectors are distinct there are fewer parts.

    Args:
        X: vectors (n, d), n ≥ count.
        count: number of parts.
        seed: of the starts.

    Raises:
        ValueError: fewer rows than parts.
    """
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    unit, _ = unit_rows(X)
    if len(unit) < count:
        raise ValueError(f"{count} clusters need as many rows, not {len(unit)}")
    if len(list(row_blocks(unit))) > 1:
        return k_means(unit.cpu(), count, STARTS, seed)
    means = KMeans(count, n_init=STARTS, random_state=seed)
    with warnings.catch_warnings():
        # Fewer distinct vectors than parts is a property of the encoder, and the scores show it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        parts = means.fit_predict(to_numpy(unit))
    return np.asarray(parts, dtype=np.int64)


def adjusted_rand(tables: Floats) -> Floats:
    """Adjusted Rand index (Hubert and Arabie 1985) of contingency tables (draws, classes, parts) → (draws,)."""
    n = tables.sum(axis=(1, 2))
    both, first, second, pairs = _pairs(tables), _pairs(tables.sum(axis=2)), _pairs(tables.sum(axis=1)), _choose(n)
    expected = first * second / pairs
    most = (first + second) / 2
    # Both partitions trivial and equal: perfect agreement by convention.
    same = most == expected
    return np.where(same, 1.0, (both - expected) / np.where(same, 1.0, most - expected))


def fowlkes_mallows(tables: Floats) -> Floats:
    """Fowlkes-Mallows score (1983) of contingency tables (draws, classes, parts) → (draws,); 0 where undefined."""
    both, first, second = _pairs(tables), _pairs(tables.sum(axis=2)), _pairs(tables.sum(axis=1))
    scale = np.sqrt(first * second)
    return np.where(scale > 0, both / np.where(scale > 0, scale, 1.0), 0.0)


def adjusted_mutual_information(tables: Floats) -> Floats:
    """Adjusted mutual information of contingency tables (draws, classes, parts) of whole rows → (draws,).

    With the arithmetic mean of the entropies, as scikit-learn has it (Vinh, Epps and Bailey 2010).
    """
    from sklearn.metrics.cluster import expected_mutual_information

    shares = tables / tables.sum(axis=(1, 2), keepdims=True)
    first, second = shares.sum(axis=2), shares.sum(axis=1)
    entropies = _entropy(first), _entropy(second)
    mutual = entropies[0] + entropies[1] - _entropy(shares.reshape(len(shares), -1))
    expected = np.array([_expected(expected_mutual_information, table) for table in tables.astype(np.int64)])
    most = (entropies[0] + entropies[1]) / 2 - expected
    # Both partitions trivial: perfect agreement by convention.
    trivial = np.abs(most) < 1e-12
    return np.where(trivial, 1.0, (mutual - expected) / np.where(trivial, 1.0, most))


def _expected(measure: Callable[..., float], table: NDArray[np.int64]) -> float:
    # A class or part without rows adds nothing, and scikit-learn wants none.
    kept = table[table.any(axis=1)][:, table.any(axis=0)]
    return float(measure(kept, int(kept.sum())))


def _entropy(shares: Floats) -> Floats:
    """Entropy in nats of each distribution (draws, cells) → (draws,)."""
    return np.asarray(-(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=1))


def _choose(counts: Floats) -> Floats:
    return counts * (counts - 1) / 2


def _pairs(tables: Floats) -> Floats:
    """Pairs within the cells of each draw (draws,)."""
    return np.asarray(_choose(tables).reshape(len(tables), -1).sum(axis=1))
