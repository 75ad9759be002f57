"""Least squares and ridge regression with an intercept, and predictions for rows left out.

Both are made of one singular value decomposition of the centred features. The ridge objective is scikit-learn's,
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
    return _Decomposed(X, Y).fit(0.0)


def ridge_path(X: Features, Y: NDArray[np.floating], penalties: Sequence[float]) -> list[Linear]:
    """Fit each penalty α of a path, all positive; arguments as for `least_squares`."""
    decomposed = _Decomposed(X, Y)
    return [decomposed.fit(penalty) for penalty in penalties]


def cross_predict(
    X: Features, Y: NDArray[np.floating], folds: Folds, penalties: Sequence[float] | None = None
) -> Floats:
    """Predict each row by the fit of the other folds' rows: (n, targets), or (penalties, n, targets) with a path.

    Args:
        X: features (n, d).
        Y: targets (n,) or (n, targets).
        folds: rows held out by each fold.
        penalties: values of α, all positive; least squares when None.
    """
    targets = np.asarray(Y, dtype=np.float64).reshape(len(X), -1)
    predicted = np.empty((1 if penalties is None else len(penalties), *targets.shape))
    for part in folds:
        rest = np.delete(np.arange(len(X)), part)
        decomposed = _Decomposed(X[rest], targets[rest])
        for place, penalty in enumerate([0.0] if penalties is None else penalties):
            predicted[place, part] = decomposed.fit(penalty).predict(X[part])
    return predicted[0] if penalties is None else predicted


def penalty_unit(X: Features) -> float:
    """Mean over the columns of their sums of squares about the mean: a unit for penalties, free of the vectors' scale.

    1 where nothing varies; any penalty then gives the mean.

    Args:
        X: features (n, d).
    """
    return float(np.var(X, axis=0, dtype=np.float64).mean()) * len(X) or 1.0


class _Decomposed:
    """The singular value decomposition of the centred features, and the targets in its basis."""

    def __init__(self, X: Features, Y: NDArray[np.floating]) -> None:
        targets = np.asarray(Y, dtype=np.float64).reshape(len(X), -1)
        self.mean, self.centre = X.mean(axis=0, dtype=np.float64), targets.mean(axis=0)
        # By way of a QR decomposition, whose R holds the targets in the basis of Q: Q itself is not needed.
        columns = X.shape[1]
        R = np.asarray(np.linalg.qr(np.c_[X - self.mean, targets - self.centre], mode="r"))[:columns]
        U, self.values, self.right = np.linalg.svd(R[:, :columns], full_matrices=False)
        self.targets = U.T @ R[:, columns:]
        self.size = max(X.shape)
        rounding = np.finfo(np.float64).eps * self.size**0.5 * self.values[0]
        self.cutoff = max(np.finfo(X.dtype).eps * float(np.linalg.norm(X.astype(np.float64))), rounding)

    def fit(self, penalty: float) -> Linear:
        """The fit under a penalty, 0 for least squares."""
        squares = self.values**2
        used = squares > np.finfo(np.float64).eps * self.size * squares[0] if penalty else self.values > self.cutoff
        inverse = np.divide(self.values, squares + penalty, out=np.zeros_like(squares), where=used)
        weights = self.right.T @ (inverse[:, None] * self.targets)
        return Linear(weights, self.centre - self.mean @ weights, int(used.sum()))
