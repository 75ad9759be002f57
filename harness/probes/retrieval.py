"""Retrieval by cosine: each row asks for the rows of its class among all others, exactly and in bounded memory.

Measures of one query: reciprocal rank of the first row of its class, precision at 1, and MAP@R (Musgrave, Belongie and
Lim 2020): with R other rows of the class, the mean over the first R places of the precision at each place that holds
one of them. Shah, Reddy and Bhattacharyya (EMNLP 2023, arXiv:2310.18930) judge emotion-aware encoders by the three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness import memory
from harness.probes.base import Array, take_rows, to_numpy, unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Similarities that are held at a time, and the share of the memory that they may take in float64.
BLOCK = 2_000_000
_PARTS = 128

#: Decimals of a cosine that count: what products of equal vectors differ by is rounding.
_DECIMALS = 12


@dataclass(frozen=True)
class Retrieved:
    """Measures of each query, in the order of the rows that have another row of their class."""

    queries: NDArray[np.int64]
    """The rows that asked (q,)."""
    reciprocal_rank: NDArray[np.float64]
    """1 / place of the first row of the class (q,)."""
    precision_at_1: NDArray[np.float64]
    """1 where the first place holds a row of the class (q,)."""
    map_at_r: NDArray[np.float64]
    """(q,)."""


def retrieve(X: Array, classes: NDArray[np.integer], seed: int = 0) -> Retrieved:
    """Let each row search all others.

    Args:
        X: vectors (n, d), n ≥ 2.
        classes: class of each row (n,).
        seed: of the order among equally near rows, drawn once for all queries, so that no order of the corpus helps.

    Raises:
        ValueError: the shapes do not fit, or no two rows share a class.
    """
    unit = unit_rows(X)[0]
    labels = np.asarray(classes).ravel()
    if len(labels) != len(unit):
        raise ValueError(f"X has {len(unit)} rows but there are {len(labels)} classes")
    n = len(unit)
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    wanted = counts[codes] - 1
    queries = np.flatnonzero(wanted > 0)
    if not len(queries):
        raise ValueError("no two rows share a class: there is nothing to find")
    order = np.random.default_rng(seed).permutation(n)
    shuffled, mixed = to_numpy(take_rows(unit, order)), codes[order]
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    del unit
    depth = int(wanted.max())
    measures = np.empty((3, len(queries)))
    step = max(1, min(BLOCK, memory.share(_PARTS) // 8) // n)
    for start in range(0, len(queries), step):
        rows = queries[start : start + step]
        near = np.round(shuffled[place[rows]] @ shuffled.T, _DECIMALS)
        near[np.arange(len(rows)), place[rows]] = -np.inf
        ranking = np.argsort(-near, axis=1, kind="stable")[:, : n - 1]
        hits = mixed[ranking] == codes[rows][:, None]
        first = hits.argmax(axis=1)
        top = hits[:, :depth]
        within = np.arange(top.shape[1]) < wanted[rows][:, None]
        precision = np.cumsum(top, axis=1) / np.arange(1, top.shape[1] + 1)
        measures[0, start : start + step] = 1 / (first + 1)
        measures[1, start : start + step] = hits[:, 0]
        measures[2, start : start + step] = (precision * top * within).sum(axis=1) / wanted[rows]
    return Retrieved(queries, *measures)
