"""Least squares and ridge regression with an intercept, and predictions for rows left out.

Both are made of one singular value decomposition of the centred features. The ridge objective is scikit-learn's,
‖y − Xw − b‖² + α‖w‖², intercept unpenalised. Least squares (α = 0) is the solution of minimum norm; a singular value
counts as zero below

    max(ε(dtype of X) · ‖X‖_F,  ε(float64) · √max(n, d) · σ_max),        ‖X‖_F before centring:

what lies below the first is the rounding of the features themselves (float32 embeddings with a column that is constant
or the sum of others), below the second that of the decomposition.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.probes import Folds

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


def fit(X: Features, Y: NDArray[np.floating], penalties: Sequence[float] = (0.0,)) -> list[Linear]:
    """Fit each penalty α; 0 is ordinary least squares.

    >>> (least_squares,) = fit(np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]), np.array([1.0, 3.0, 5.0]))
    >>> least_squares.rank, least_squares.predict(np.array([[10.0, 1.0]])).round(6).tolist()
    (1, [[21.0]])

    Args:
        X: features (n, d); constant columns, d > n and dependent columns are allowed.
        Y: targets (n,) or (n, targets).
        penalties: values of α, zero or positive.
    """
    targets, (n, columns) = np.asarray(Y, dtype=np.float64).reshape(len(X), -1), X.shape
    mean, centre = X.mean(axis=0, dtype=np.float64), targets.mean(axis=0)
    # By way of a QR decomposition, whose R holds the targets in the basis of Q: Q itself is not needed.
    R = np.asarray(np.linalg.qr(np.c_[X - mean, targets - centre], mode="r"))[:columns]
    U, values, right = np.linalg.svd(R[:, :columns], full_matrices=False)
    squares, turned = values**2, U.T @ R[:, columns:]
    rounding = np.finfo(np.float64).eps * max(n, columns) ** 0.5 * values[0]
    cutoff = max(np.finfo(X.dtype).eps * float(np.linalg.norm(X.astype(np.float64))), rounding)
    found = []
    for penalty in penalties:
        used = squares > np.finfo(np.float64).eps * max(n, columns) * squares[0] if penalty else values > cutoff
        inverse = np.divide(values, squares + penalty, out=np.zeros_like(squares), where=used)
        weights = right.T @ (inverse[:, None] * turned)
        found.append(Linear(weights, centre - mean @ weights, int(used.sum())))
    return found


def cross_predict(X: Features, Y: NDArray[np.floating], folds: Folds, penalties: Sequence[float] = (0.0,)) -> Floats:
    """Predict each row by the fits of the other folds' rows: (penalties, n, targets).

    Args:
        X: features (n, d).
        Y: targets (n,) or (n, targets).
        folds: rows held out by each fold.
        penalties: see `fit`.
    """
    targets = np.asarray(Y, dtype=np.float64).reshape(len(X), -1)
    predicted = np.empty((len(penalties), *targets.shape))
    for part in folds:
        rest = np.delete(np.arange(len(X)), part)
        for place, one in enumerate(fit(X[rest], targets[rest], penalties)):
            predicted[place, part] = one.predict(X[part])
    return predicted


def penalty_unit(X: Features) -> float:
    """Mean over the columns of their sums of squares about the mean: a unit for penalties, free of the vectors' scale.

    1 where nothing varies; any penalty then gives the mean.

    Args:
        X: features (n, d).
    """
    return float(np.var(X, axis=0, dtype=np.float64).mean()) * len(X) or 1.0
