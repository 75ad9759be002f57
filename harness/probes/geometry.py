"""Geometry of embeddings on the unit sphere: alignment, uniformity, separation, effective rank.

Rows are L2-normalised first. A zero row has no direction and stays zero: its distance to every unit vector is 1.
All numbers are over the whole set, never averaged over batches (the logarithm in uniformity is not linear).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness import onednn
from harness.probes.base import Array, UnitRows, room, to_labels, to_matrix, to_numpy, unit_rows

if TYPE_CHECKING:
    from torch import Tensor

#: Rows whose distances are formed at a time, and rows that are in float64 at a time.
_BLOCK = 512
_CHUNK = 4096


@dataclass(frozen=True)
class Geometry:
    """The four numbers of a labelled set of vectors."""

    alignment: float
    """Mean of ‖x − y‖² over all pairs of one class (Wang and Isola 2020, α = 2); 0 to 4, lower is closer."""
    uniformity: float
    """log of the mean of exp(−2‖x − y‖²) over all pairs (Wang and Isola 2020, t = 2); −8 to 0, lower is more spread."""
    separation: float
    """1 − (mean of ‖x − y‖² over pairs of one class) / (over all pairs): 0 where classes are not told apart, 1 where
    they are points. 0 by definition where all vectors coincide."""
    effective_rank: float
    """exp of the entropy of the singular values, normalised to sum 1, of the (uncentred) matrix of unit rows (Roy and
    Vetterli, EUSIPCO 2007): 1 where all vectors point one way, at most the dimension."""
    zero_rows: int
    """Rows without a direction."""


def geometry(X: Array, classes: Array) -> Geometry:
    """Measure a labelled set of vectors.

    >>> found = geometry(np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [-3.0, 0.0]]), np.array([0, 0, 1, 1]))
    >>> found.alignment, round(found.uniformity, 4), round(found.separation, 4), round(found.effective_rank, 4)
    (0.0, -1.0979, 1.0, 1.0)

    Args:
        X: vectors (n, d), n ≥ 2.
        classes: integer class of each row (n,); rows of one class are each other's positives.

    Raises:
        ValueError: fewer than two rows, no two rows of one class, or the shapes do not fit.
    """
    unit = UnitRows(X)
    zeros = sum(int((rows == 0).all(dim=1).sum()) for _, rows in unit)
    values = unit.values
    return Geometry(
        alignment(values, classes), uniformity(values), separation(values, classes), effective_rank(values), zeros
    )


def alignment(X: Array, classes: Array) -> float:
    """Mean squared distance over all pairs of one class, from sums over classes: no pair is formed.

    Within a class of n rows Σ_{i<j} ‖xᵢ − xⱼ‖² is n Σ ‖xᵢ − mean‖², which also stays exact where the rows nearly
    coincide.

    Raises:
        ValueError: no two rows share a class, or the shapes do not fit.
    """
    import torch

    unit = UnitRows(X)
    labels = to_labels(classes, unit.values)
    if len(labels) != len(unit.values):
        raise ValueError(f"X has {len(unit.values)} rows but there are {len(labels)} classes")
    _, codes = np.unique(to_numpy(labels), return_inverse=True)
    place = torch.from_numpy(codes).to(labels.device)
    counts = torch.bincount(place)
    pairs = float((counts.double() * (counts.double() - 1) / 2).sum())
    if not pairs:
        raise ValueError("no two rows share a class: there are no positive pairs")
    return float(_within(unit, place, counts).sum()) / pairs


def separation(X: Array, classes: Array) -> float:
    """1 − alignment / (mean squared distance over all pairs); free of scale, which alignment is not.

    Raises:
        ValueError: no two rows share a class, or the shapes do not fit.
    """
    import torch

    unit = UnitRows(X)
    positive = alignment(unit.values, classes)
    n, device = len(unit.values), unit.values.device
    one = torch.zeros(n, dtype=torch.int64, device=device)
    overall = float(_within(unit, one, torch.tensor([n], device=device)).sum()) / (n * (n - 1) / 2)
    return 1 - positive / overall if overall > 1e-30 else 0.0


def uniformity(X: Array, t: float = 2.0) -> float:
    """Log of the mean over pairs i < j of exp(−t‖xᵢ − xⱼ‖²), in blocks of one float32 copy of X.

    Equals `torch.pdist(x).pow(2).mul(-t).exp().mean().log()` of SsnL/align_uniform.

    Args:
        X: vectors (n, d), n ≥ 2.
        t: positive.

    Raises:
        ValueError: fewer than two rows.
    """
    import torch

    values = to_matrix(X)
    n, d = values.shape
    if n < 2:
        raise ValueError("uniformity needs at least two rows")
    chunks = [slice(start, start + _CHUNK) for start in range(0, n, _CHUNK)]
    mean = torch.stack([unit_rows(values[rows])[0].sum(dim=0) for rows in chunks]).sum(dim=0) / n
    # The exponent −t(‖x‖² + ‖y‖² − 2xy) as one product of rows with two more columns each: the only copy of X,
    # in a file where memory is too small for it.
    right = room((n, d + 2), torch.float32, values)
    right[:, d] = 1
    for rows in chunks:
        moved = unit_rows(values[rows])[0] - mean
        right[rows, :d] = (2 * t) ** 0.5 * moved
        right[rows, d + 1] = -t * (moved * moved).sum(dim=1).float()
    total = 0.0
    for start in range(0, n, _BLOCK):
        own = right[start : start + _BLOCK]
        left = torch.cat([own[:, :d], own[:, d + 1 :], own[:, d : d + 1]], dim=1)
        total += float(onednn.rows_by_rows(left, own).exp_().triu(1).sum(dtype=torch.float64))
        for other in range(start + _BLOCK, n, _BLOCK):
            block = onednn.rows_by_rows(left, right[other : other + _BLOCK])
            total += float(block.exp_().sum(dtype=torch.float64))
    return math.log(total / (n * (n - 1) / 2))


def effective_rank(X: Array) -> float:
    """Exponential of the entropy of the singular values of the unit rows (Roy and Vetterli 2007, equation 1).

    Not centred: vectors that all point one way have rank 1, which is what it is to show. 0 where all rows are zero.
    """
    import torch

    unit = UnitRows(X)
    n, d = unit.values.shape
    R = unit.values.new_zeros(0, d, dtype=torch.float64)
    for _, rows in unit:
        R = torch.cat([R, rows]) if len(R) else rows
        R = torch.linalg.qr(R, mode="r").R if len(R) > d else R
    values = torch.linalg.svdvals(R)
    values = values[values > torch.finfo(torch.float64).eps * max(n, d) * values[0]]
    if not len(values):
        return 0.0
    p = values / values.sum()
    return float((-(p * p.log()).sum()).exp())


def _within(unit: UnitRows, place: Tensor, counts: Tensor) -> Tensor:
    """Σ_{i<j} ‖xᵢ − xⱼ‖² inside each class (classes,); three passes over the blocks."""
    import torch

    n, d = unit.values.shape
    mean = torch.zeros(d, dtype=torch.float64, device=place.device)
    for _, rows in unit:
        mean += rows.sum(dim=0)
    mean /= n
    sums = torch.zeros(len(counts), d, dtype=torch.float64, device=place.device)
    for block, rows in unit:
        sums.index_add_(0, place[block], rows - mean)
    centres = sums / counts[:, None]
    squares = torch.zeros(len(counts), dtype=torch.float64, device=place.device)
    for block, rows in unit:
        moved = rows - mean - centres[place[block]]
        squares.index_add_(0, place[block], (moved * moved).sum(dim=1))
    return counts * squares
