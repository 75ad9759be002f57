"""Probes without parameters, by cosine: nearest neighbours, retrieval, k-means clusters."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, fowlkes_mallows_score

from harness.probes.base import unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Similarities that are held at a time.
_BLOCK = 4_000_000
#: Decimals of a cosine that count: what products of equal vectors differ by is rounding.
_DECIMALS = 12
#: How well two partitions of the same rows agree.
AGREEMENTS = {"ami": adjusted_mutual_info_score, "ari": adjusted_rand_score, "fms": fowlkes_mallows_score}
#: Starts of k-means; the one with the least inertia counts.
STARTS = 10


def neighbour_votes(
    X: NDArray[np.floating], y: NDArray[np.integer], classes: int, queries: NDArray[np.floating], sizes: Sequence[int]
) -> Floats:
    """Votes of the nearest training rows; rows as near as the k-th share the votes that are left.

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
    """
    train, asked = unit_rows(X), unit_rows(queries)
    n = len(train)
    member = np.eye(classes)[np.asarray(y, dtype=np.int64)]
    votes = np.empty((len(sizes), len(asked), classes))
    step = max(1, _BLOCK // n)
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


def decide(votes: Floats, y: NDArray[np.integer]) -> NDArray[np.int64]:
    """Class with most votes (m,); among equals the one that is most frequent in training.

    Args:
        votes: (m, classes).
        y: training classes.
    """
    order = np.argsort(-np.bincount(np.asarray(y, dtype=np.int64), minlength=votes.shape[1]), kind="stable")
    # Fractions of shared votes carry rounding: votes that agree to nine digits are equal.
    return np.asarray(order[np.round(votes, 9)[:, order].argmax(axis=1)], dtype=np.int64)


@dataclass(frozen=True)
class Retrieved:
    """Measures of each query, in the order of the rows that have another row of their class."""

    queries: NDArray[np.int64]
    """The rows that asked (q,)."""
    reciprocal_rank: Floats
    """1 / place of the first row of the class (q,)."""
    precision_at_1: Floats
    """1 where the first place holds a row of the class (q,)."""
    map_at_r: Floats
    """With R other rows of the class, the mean over the first R places of the precision at each place that holds one of
    them (q,); Musgrave, Belongie and Lim 2020."""


def retrieve(X: NDArray[np.floating], classes: NDArray[np.integer], seed: int = 0) -> Retrieved:
    """Let each row search all others for rows of its class.

    Args:
        X: vectors (n, d), n ≥ 2.
        classes: class of each row (n,).
        seed: of the order among equally near rows, drawn once for all queries, so that no order of the corpus helps.

    Raises:
        ValueError: no two rows share a class.
    """
    unit = unit_rows(X)
    n = len(unit)
    _, codes, counts = np.unique(classes, return_inverse=True, return_counts=True)
    wanted = counts[codes] - 1
    queries = np.flatnonzero(wanted > 0)
    if not len(queries):
        raise ValueError("no two rows share a class: there is nothing to find")
    order = np.random.default_rng(seed).permutation(n)
    shuffled, mixed = unit[order], codes[order]
    place = np.argsort(order)
    measures = np.empty((3, len(queries)))
    step = max(1, _BLOCK // n)
    for start in range(0, len(queries), step):
        rows = queries[start : start + step]
        near = np.round(shuffled[place[rows]] @ shuffled.T, _DECIMALS)
        near[np.arange(len(rows)), place[rows]] = -np.inf
        ranking = np.argsort(-near, axis=1, kind="stable")[:, : n - 1]
        hits = mixed[ranking] == codes[rows][:, None]
        top = hits[:, : int(wanted.max())]
        within = np.arange(top.shape[1]) < wanted[rows][:, None]
        precision = np.cumsum(top, axis=1) / np.arange(1, top.shape[1] + 1)
        measures[0, start : start + step] = 1 / (hits.argmax(axis=1) + 1)
        measures[1, start : start + step] = hits[:, 0]
        measures[2, start : start + step] = (precision * top * within).sum(axis=1) / wanted[rows]
    return Retrieved(queries, *measures)


def clusters(X: NDArray[np.floating], count: int, seed: int) -> NDArray[np.int64]:
    """Cluster of each row (n,) by k-means on the unit sphere, the best of `STARTS` starts.

    Where fewer than `count` vectors are distinct there are fewer clusters.

    Args:
        X: vectors (n, d), n ≥ count.
        count: number of clusters.
        seed: of the starts.
    """
    unit = unit_rows(X)
    with warnings.catch_warnings():
        # Fewer distinct vectors than clusters is a property of the encoder, and the scores show it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.asarray(KMeans(count, n_init=STARTS, random_state=seed).fit_predict(unit), dtype=np.int64)
