"""Ordinary least squares with an intercept: the shortest solution, and predictions for rows left out.

Rank is decided by one rule. A singular value of the centred features counts as zero below

    max(ε(dtype of X) · ‖X‖_F,  ε(float64) · √max(n, d) · σ_max),        ‖X‖_F before centring:

what lies below the first is the rounding of the features themselves (float32 embeddings with a column that
is the sum of others, or is constant), below the second that of the factorisation. Where directions are dropped the
solution is the one of minimum norm, as `numpy.linalg.lstsq` on centred data gives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.probes.base import (
    SINGULAR,
    Array,
    Folds,
    check_partition,
    held_out_residuals,
    row_blocks,
    rows_times,
    to_matrix,
    to_numpy,
    to_tensor,
)
from harness.probes.orthonormal import orthonormal
from harness.probes.tall import Tall

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True)
class LeastSquares:
    """A fit of one or several targets."""

    weights: NDArray[np.float64]
    """(d, targets)."""
    intercepts: NDArray[np.float64]
    """(targets,)."""
    rank: int
    """Directions of the centred features that were used."""
    cutoff: float
    """Singular value below which a direction was dropped."""

    def predict(self, X: Array) -> NDArray[np.float64]:
        """Predictions (m, targets) for features (m, d)."""
        import torch

        values = to_matrix(X)
        weights = torch.from_numpy(self.weights).to(values.device)
        return to_numpy(rows_times(values, weights)) + self.intercepts


@dataclass(frozen=True)
class CrossFit:
    """Out-of-fold predictions."""

    predictions: NDArray[np.float64]
    """(n, targets), each row by a fit without its fold."""
    rank: int
    """Rank of the centred features of all rows."""
    deficient: tuple[int, ...]
    """Folds without which the rest has a lower rank, so that their fit is one of minimum norm of its own."""


def least_squares(X: Array, Y: Array) -> LeastSquares:
    """Fit ordinary least squares with an intercept.

    >>> fit = least_squares(np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]), np.array([1.0, 3.0, 5.0]))
    >>> fit.rank, fit.predict(np.array([[10.0, 1.0]])).round(6).tolist()
    (1, [[21.0]])

    Args:
        X: features (n, d); constant columns, d > n and dependent columns are allowed.
        Y: targets (n,) or (n, targets).

    Raises:
        ValueError: the shapes do not fit, or a value is not finite.
    """
    values, targets = _data(X, Y)
    return _fit(values, targets) if _fits(values) else _tall_fit(Tall(values, targets))


def cross_fit(X: Array, Y: Array, folds: Folds) -> CrossFit:
    """Predict each row by the least squares of the other folds' rows.

    One factorisation of all rows serves every fold (see `base.held_out_residuals`); a fold whose absence lowers
    the rank is fitted by itself.

    Args:
        X: features (n, d).
        Y: targets (n,) or (n, targets).
        folds: rows held out by each fold.

    Raises:
        ValueError: the shapes do not fit, a value is not finite, or the folds are no partition.
    """
    import torch

    values, targets = _data(X, Y)
    parts = check_partition(folds, len(values))
    if not _fits(values):
        return _tall_cross_fit(values, targets, parts)
    Q, _, rank, _ = _factorised(values, _centred(values)[0])
    Q = torch.cat([Q, Q.new_full((len(Q), 1), len(Q) ** -0.5)], dim=1)
    residuals = targets - Q @ (Q.T @ targets)
    gains = torch.ones_like(Q[0])
    predictions = torch.empty_like(targets)
    deficient = []
    for number, part in enumerate(parts):
        rows = torch.from_numpy(part).to(values.device)
        held_out = held_out_residuals(Q[rows], gains, residuals[rows])
        if held_out is None:
            deficient.append(number)
            rest = torch.ones(len(values), dtype=torch.bool, device=values.device)
            rest[rows] = False
            fit = _fit(values[rest], targets[rest])
            predictions[rows] = torch.from_numpy(fit.predict(values[rows])).to(values.device)
        else:
            predictions[rows] = targets[rows] - held_out
    return CrossFit(to_numpy(predictions), rank, tuple(deficient))


def _data(X: Array, Y: Array) -> tuple[Tensor, Tensor]:
    values = to_matrix(X)
    targets = to_tensor(Y, "y").to(values.device).double()
    targets = targets[:, None] if targets.ndim == 1 else targets
    if targets.ndim != 2 or len(targets) != len(values):
        raise ValueError(f"X has {len(values)} rows but y has shape {tuple(targets.shape)}")
    return values, targets


def _fits(values: Tensor) -> bool:
    """Whether the factorisation may hold float64 copies of the features; a wide matrix has no smaller form."""
    return len(values) <= 2 * values.shape[1] or len(list(row_blocks(values))) == 1


def _centred(values: Tensor) -> tuple[Tensor, Tensor]:
    import torch

    mean = values.mean(dim=0, dtype=torch.float64)
    return values.double() - mean, mean


def _factorised(values: Tensor, centred: Tensor) -> tuple[Tensor, Tensor, int, float]:
    """Orthonormal basis Q (n, rank), map from targets in that basis to weights (d, rank), rank and cutoff."""
    import torch

    frobenius = float(torch.linalg.vector_norm(values, dtype=torch.float64))
    Q, R = orthonormal(centred, torch.finfo(values.dtype).eps * frobenius)
    U, S, Vh = torch.linalg.svd(R, full_matrices=False)
    rank, cutoff = _rank(S, values, frobenius)
    return Q @ U[:, :rank], Vh[:rank].T / S[:rank], rank, cutoff


def _rank(S: Tensor, values: Tensor, frobenius: float) -> tuple[int, float]:
    """How many of the singular values count, and the one rule's cutoff."""
    import torch

    rounding = torch.finfo(torch.float64).eps * max(values.shape) ** 0.5 * float(S[0])
    cutoff = max(torch.finfo(values.dtype).eps * frobenius, rounding)
    return int(S.gt(cutoff).sum()), cutoff


def _fit(values: Tensor, targets: Tensor) -> LeastSquares:
    centred, mean = _centred(values)
    Q, back, rank, cutoff = _factorised(values, centred)
    centre = targets.mean(dim=0)
    weights = back @ (Q.T @ (targets - centre))
    return LeastSquares(to_numpy(weights), to_numpy(centre - mean @ weights), rank, cutoff)


def _tall_fit(rows: Tall) -> LeastSquares:
    """`_fit` from blocks of the rows."""
    weights, _, rank, cutoff = _tall_weights(rows)
    return LeastSquares(to_numpy(weights), to_numpy(rows.centre - rows.mean @ weights), rank, cutoff)


def _tall_weights(rows: Tall) -> tuple[Tensor, Tensor, int, float]:
    """Weights (d, targets), map from centred features to the orthonormal basis (d, rank), rank and cutoff."""
    import torch

    R, mapped, frobenius = rows.triangle()
    U, S, Vh = torch.linalg.svd(R, full_matrices=False)
    rank, cutoff = _rank(S, rows.values, frobenius)
    back = Vh[:rank].T / S[:rank]
    return back @ (U[:, :rank].T @ mapped), back, rank, cutoff


def _tall_cross_fit(values: Tensor, targets: Tensor, parts: list[NDArray[np.int64]]) -> CrossFit:
    """`cross_fit` from blocks of the rows; a fold has more rows than there are directions, or is fitted by itself."""
    import torch

    whole = Tall(values, targets)
    weights, back, rank, _ = _tall_weights(whole)
    predictions = torch.empty_like(targets)
    deficient = []
    for number, part in enumerate(parts):
        rows = torch.from_numpy(part).to(values.device)
        fold = Tall(values, targets, rows, whole.mean, whole.centre)
        gram, pulled = fold.moments(back, weights, len(values))
        # Woodbury, as in `base.held_out_residuals`: (I − Q Qᵀ)⁻¹ r = r + Q (I − QᵀQ)⁻¹ Qᵀ r.
        factor, fault = torch.linalg.cholesky_ex(torch.eye(len(gram), dtype=gram.dtype, device=gram.device) - gram)
        if int(fault) or float(factor.diagonal().min()) ** 2 < SINGULAR:
            deficient.append(number)
            rest = torch.ones(len(values), dtype=torch.bool, device=values.device)
            rest[rows] = False
            fit = _tall_fit(Tall(values, targets, rest.nonzero()[:, 0]))
            for block in fold.blocks():
                predictions[block] = torch.from_numpy(fit.predict(values[block])).to(values.device)
        else:
            predictions[rows] = fold.held_out(back, weights, torch.cholesky_solve(pulled, factor), len(values))
    return CrossFit(to_numpy(predictions), rank, tuple(deficient))
