"""Geometry of embeddings on the unit sphere: alignment, uniformity, separation, effective rank.

Rows are L2-normalised first. A zero row has no direction and stays zero: its distance to every unit vector is 1.
All numbers are over the whole set, never averaged over batches (the logarithm in uniformity is not linear).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Rows whose distances to all others are formed at a time.
_BLOCK = 512


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
    Vetterli, EUSIPCO 2007): 1 where all vectors point one way, at most the dimension; 0 where all rows are zero."""
    zero_rows: int
    """Rows without a direction."""


def geometry(X: NDArray[np.floating], classes: NDArray[np.integer]) -> Geometry:
    """Measure a labelled set of vectors.

    >>> found = geometry(np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [-3.0, 0.0]]), np.array([0, 0, 1, 1]))
    >>> found.alignment, round(found.uniformity, 4), round(found.separation, 4), round(found.effective_rank, 4)
    (0.0, -1.0979, 1.0, 1.0)

    Args:
        X: vectors (n, d), n ≥ 2.
        classes: class of each row (n,), of which two or more share one; rows of one class are each other's positives.
    """
    unit = unit_rows(X)
    _, codes = np.unique(classes, return_inverse=True)
    within, overall = _mean_square(unit, codes), _mean_square(unit, np.zeros_like(codes))
    separation = 1 - within / overall if overall > 1e-30 else 0.0
    zeros = int((unit == 0).all(axis=1).sum())
    return Geometry(within, uniformity(unit), separation, effective_rank(unit), zeros)


def unit_rows(X: NDArray[np.floating]) -> Floats:
    """Divide each row by its length, in float64; zero rows stay zero."""
    values = np.array(X, dtype=np.float64)
    # Scaled first, so that squares of tiny or huge entries neither vanish nor overflow.
    values /= np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-300)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(length > 0, length, 1))


def uniformity(X: NDArray[np.floating], t: float = 2.0) -> float:
    """Log of the mean over pairs i < j of exp(−t‖xᵢ − xⱼ‖²), block by block.

    Equals `torch.pdist(x).pow(2).mul(-t).exp().mean().log()` of SsnL/align_uniform.

    Args:
        X: vectors (n, d), n ≥ 2.
        t: positive.
    """
    unit = unit_rows(X)
    n = len(unit)
    moved = unit - unit.mean(axis=0)
    squares = (moved**2).sum(axis=1)
    total = 0.0
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        exponent = moved[rows] @ moved[start:].T
        exponent *= 2 * t
        exponent -= t * squares[rows, None]
        exponent -= t * squares[start:]
        np.exp(exponent, out=exponent)
        # Each pair inside the block stands twice, each row once beside itself.
        own = exponent[:, : len(exponent)]
        total += float(exponent.sum()) - float(own.sum()) / 2 - len(exponent) / 2
    return math.log(total / (n * (n - 1) / 2))


def effective_rank(X: NDArray[np.floating]) -> float:
    """Effective rank of the unit rows (Roy and Vetterli 2007, equation 1); see `Geometry`."""
    unit = unit_rows(X)
    values = np.linalg.svd(np.linalg.qr(unit, mode="r"), compute_uv=False)
    values = values[values > np.finfo(np.float64).eps * max(unit.shape) * values[0]]
    p = values / values.sum()
    return math.exp(-(p * np.log(p)).sum()) if len(p) else 0.0


def _mean_square(unit: Floats, codes: NDArray[np.int64]) -> float:
    """Mean of ‖xᵢ − xⱼ‖² over the pairs inside each class.

    Within a class of n rows Σ_{i<j} ‖xᵢ − xⱼ‖² is n Σ ‖xᵢ − mean‖²: no pair is formed, and the sum stays exact where
    the rows nearly coincide.
    """
    counts = np.bincount(codes).astype(np.float64)
    moved = unit - unit.mean(axis=0)
    sums = np.zeros((len(counts), unit.shape[1]))
    np.add.at(sums, codes, moved)
    moved -= (sums / counts[:, None])[codes]
    squares = np.bincount(codes, (moved**2).sum(axis=1))
    return float((counts * squares).sum() / (counts * (counts - 1) / 2).sum())
