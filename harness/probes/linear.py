"""Least squares and ridge regression with an intercept, and predictions for rows left out.

Both share one singular value decomposition of the centred features. The ridge objective is scikit-learn's,
‖y − Xw − b‖² + α‖w‖², intercept unpenalised. Least squares (α = 0) is the solution of minimum norm; a singular value
counts as zero below

    max(ε(dtype of X) · ‖X‖_F,  ε(float64) · √max(n, d) · σ_max),        ‖X‖_F before centring:

what lies below the first is the rounding of the features themselves (float32 embeddings with a column that is constant
or the sum of others), below the second that of the decomposition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.probes import Folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Features = NDArray[np.floating]

#: Smallest pivot of I − H that is told from zero, H the hat matrix of a fold; at it a residual has lost half of
#: float64's digits.
_SINGULAR = 1e-8


@dataclass(frozen=True)
class Linear:
    """A linear model of one or several targets."""

    weights: Floats
    """(d, targets)."""
    intercepts: Floats
    """(targets,)."""
    rank: int
    """Directions of the centred features that were used."""

    def predict(self, X: Features) -> Floats:
        """Predictions (m, targets) for features (m, d)."""
        return np.asarray(np.asarray(X, dtype=np.float64) @ self.weights + self.intercepts)


def least_squares(X: Features, Y: NDArray[np.floating]) -> Linear:
    """Fit ordinary least squares.

    >>> fit = least_squares(np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]), np.array([1.0, 3.0, 5.0]))
    >>> fit.rank, fit.predict(np.array([[10.0, 1.0]])).round(6).tolist()
    (1, [[21.0]])

    Args:
        X: features (n, d); constant columns, d > n and dependent columns are allowed.
        Y: targets (n,) or (n, targets).
    """
    return _Decomposed.of(X, Y).fit(0.0)


def ridge_path(X: Features, Y: NDArray[np.floating], penalties: Sequence[float]) -> list[Linear]:
    """Fit each penalty α of a path, all positive; arguments as for `least_squares`."""
    decomposed = _Decomposed.of(X, Y)
    return [decomposed.fit(penalty) for penalty in penalties]


def cross_predict(
    X: Features, Y: NDArray[np.floating], folds: Folds, penalties: Sequence[float] | None = None
) -> Floats:
    """Predict each row by the fit of the other folds' rows: (n, targets), or (penalties, n, targets) with a path.

    A penalised fit is linear in the targets, ŷ = H y, and leaving out a set f of rows changes its residuals to
    (I − H_ff)⁻¹ (y_f − ŷ_f) (for single rows: Allen's PRESS, Technometrics 1974). So one decomposition serves all
    folds; a fold whose absence lowers the rank is fitted by itself.

    Args:
        X: features (n, d).
        Y: targets (n,) or (n, targets).
        folds: rows held out by each fold.
        penalties: values of α, all positive; least squares when None.
    """
    whole = _Decomposed.of(X, Y)
    Q = np.c_[whole.left, np.full(len(whole.Y), len(whole.Y) ** -0.5)]
    grams = [Q[part].T @ Q[part] for part in folds]
    found = []
    for penalty in [0.0] if penalties is None else penalties:
        gains = np.r_[whole.gains(penalty), 1.0]
        used = gains > 0
        basis, scale = Q[:, used], np.sqrt(gains[used])
        residuals = whole.Y - (basis * scale**2) @ (basis.T @ whole.Y)
        predicted = whole.Y.copy()
        for part, gram in zip(folds, grams, strict=True):
            # (I − Q g Qᵀ)⁻¹ r = r + Q √g (I − √g QᵀQ √g)⁻¹ √g Qᵀ r (Woodbury), Q the rows of the fold.
            rows = basis[part] * scale
            left_in = np.eye(len(scale)) - scale[:, None] * gram[np.ix_(used, used)] * scale
            if _regular(left_in):
                predicted[part] -= residuals[part] + rows @ np.linalg.solve(left_in, rows.T @ residuals[part])
            else:
                rest = np.delete(np.arange(len(Q)), part)
                predicted[part] = _Decomposed.of(np.asarray(X)[rest], whole.Y[rest]).fit(penalty).predict(X[part])
        found.append(predicted)
    return found[0] if penalties is None else np.stack(found)


def _regular(matrix: Floats) -> bool:
    """Whether a symmetric matrix is positive definite beyond rounding: by its pivots, far cheaper than eigenvalues."""
    try:
        return bool(np.linalg.cholesky(matrix).diagonal().min() ** 2 >= _SINGULAR)
    except np.linalg.LinAlgError:
        return False


def penalty_unit(X: Features) -> float:
    """Mean over the columns of their sums of squares about the mean: a unit for penalties, free of the vectors' scale.

    1 where nothing varies; any penalty then gives the mean.

    Args:
        X: features (n, d).
    """
    return float(np.var(X, axis=0, dtype=np.float64).mean()) * len(X) or 1.0


@dataclass
class _Decomposed:
    """Targets, and the singular value decomposition of the centred features."""

    mean: Floats
    Y: Floats
    """(n, targets)."""
    left: Floats
    values: Floats
    right: Floats
    cutoff: float

    @classmethod
    def of(cls, X: Features, Y: NDArray[np.floating]) -> _Decomposed:
        """Decompose."""
        targets = np.asarray(Y, dtype=np.float64).reshape(len(X), -1)
        mean = X.mean(axis=0, dtype=np.float64)
        # By way of a QR decomposition: several times quicker for tall matrices.
        Q, R = np.linalg.qr(X - mean)
        U, values, right = np.linalg.svd(R, full_matrices=False)
        frobenius = float(np.linalg.norm(X.astype(np.float64)))
        rounding = np.finfo(np.float64).eps * max(X.shape) ** 0.5 * values[0]
        return cls(mean, targets, Q @ U, values, right, max(np.finfo(X.dtype).eps * frobenius, rounding))

    def gains(self, penalty: float) -> Floats:
        """How much of each direction a fit keeps."""
        squares = self.values**2
        if penalty:
            counted = squares > np.finfo(np.float64).eps * max(self.left.shape[0], self.right.shape[1]) * squares[0]
            return np.asarray(np.where(counted, squares / (squares + penalty), 0.0))
        return (self.values > self.cutoff).astype(np.float64)

    def fit(self, penalty: float) -> Linear:
        """The fit of all rows."""
        gains, centre = self.gains(penalty), self.Y.mean(axis=0)
        inverse = np.divide(gains, self.values, out=np.zeros_like(gains), where=gains > 0)
        weights = self.right.T @ (inverse[:, None] * (self.left.T @ (self.Y - centre)))
        return Linear(weights, centre - self.mean @ weights, int((gains > 0).sum()))
