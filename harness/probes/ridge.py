"""Ridge regression over a path of penalties: one eigendecomposition serves them all.

The objective is scikit-learn's, ‖y − Xw − b‖² + α‖w‖², intercept unpenalised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.probes import tall_ridge
from harness.probes.base import (
    Array,
    Folds,
    check_partition,
    held_out_residuals,
    row_blocks,
    to_matrix,
    to_numpy,
    to_tensor,
)
from harness.probes.tall import Tall
from harness.probes.tall_ridge import Directions, kept

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True)
class RidgePath:
    """Fits at each penalty."""

    weights: NDArray[np.float64]
    """(penalties, d, targets)."""
    intercepts: NDArray[np.float64]
    """(penalties, targets)."""

    def predict(self, X: NDArray[np.floating], penalty: int) -> NDArray[np.float64]:
        """Predictions (m, targets) for features (m, d) by the fit at one penalty, given by its place in the path."""
        weights = self.weights[penalty]
        parts = [X[rows].astype(np.float64) @ weights for rows in row_blocks(to_matrix(X))]
        return np.asarray(np.concatenate(parts) + self.intercepts[penalty])


def ridge_path(X: Array, Y: Array, penalties: Sequence[float]) -> RidgePath:
    """Fit every penalty of a path.

    Args:
        X: features (n, d).
        Y: targets (n,) or (n, targets).
        penalties: values of α, all positive.

    Raises:
        ValueError: the shapes do not fit, a value is not finite, or a penalty is not positive.
    """
    features, targets = _data(X, Y, penalties)
    found = _whole(features, targets)[0] if _fits(features) else tall_ridge.directions(Tall(features, targets))
    weights, intercepts = found.fits(penalties)
    return RidgePath(to_numpy(weights), to_numpy(intercepts))


def ridge_cross_fit(X: Array, Y: Array, penalties: Sequence[float], folds: Folds) -> NDArray[np.float64]:
    """Predict each row at each penalty by a fit without its fold: (penalties, n, targets).

    Args:
        X: features (n, d).
        Y: targets (n,) or (n, targets).
        penalties: values of α, all positive.
        folds: rows held out by each fold.

    Raises:
        ValueError: as `ridge_path`, or the folds are no partition.
    """
    import torch

    features, targets = _data(X, Y, penalties)
    held = check_partition(folds, len(targets))
    if not _fits(features):
        return tall_ridge.cross_fit(features, targets, penalties, held)
    found, centred = _whole(features, targets)
    rows = [torch.from_numpy(part).to(features.device) for part in held]
    scores = centred @ found.basis / found.values.sqrt()
    Q = torch.cat([scores, scores.new_full((len(scores), 1), len(scores) ** -0.5)], dim=1)
    predictions = targets.expand(len(penalties), -1, -1).clone()
    for number, penalty in enumerate(penalties):
        gains = torch.cat([found.values / (found.values + penalty), found.values.new_ones(1)])
        residuals = targets - (Q * gains) @ (Q.T @ targets)
        for part in rows:
            held_out = held_out_residuals(Q[part], gains, residuals[part])
            if held_out is None:  # a penalty below rounding: fit the others by themselves
                rest = torch.ones(len(Q), dtype=torch.bool, device=Q.device)
                rest[part] = False
                fit = ridge_path(features[rest], targets[rest], [penalty])
                weights = torch.from_numpy(fit.weights[0]).to(Q.device)
                own = features[part].double() @ weights + torch.from_numpy(fit.intercepts[0]).to(Q.device)
                predictions[number, part] = own
            else:
                predictions[number, part] -= held_out
    return to_numpy(predictions)


def penalty_unit(X: NDArray[np.floating]) -> float:
    """Mean over the columns of their sums of squares about the mean: a unit for penalties, free of the vectors' scale.

    Args:
        X: features (n, d).
    """
    values = to_matrix(X)
    blocks = list(row_blocks(values))
    if len(blocks) == 1:
        return float(X.var(axis=0, dtype=np.float64).mean()) * len(X)
    mean = np.sum([X[rows].sum(axis=0, dtype=np.float64) for rows in blocks], axis=0) / len(X)
    squares = [float(((X[rows] - mean) ** 2).sum()) for rows in blocks]
    return float(np.sum(squares) / X.shape[1])


def _data(X: Array, Y: Array, penalties: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Features (n, d), and targets (n, t) in float64 beside them."""
    features = to_matrix(X)
    targets = to_tensor(Y, "y").to(features.device).double()
    targets = targets[:, None] if targets.ndim == 1 else targets
    if targets.ndim != 2 or len(targets) != len(features):
        raise ValueError(f"X has {len(features)} rows but y has shape {tuple(targets.shape)}")
    if not len(penalties) or not all(0 < a < float("inf") for a in penalties):
        raise ValueError(f"penalties must be positive numbers, got {list(penalties)}")
    return features, targets


def _fits(features: Tensor) -> bool:
    """Whether float64 copies of the features may be held; a wide matrix has no smaller form."""
    return features.shape[1] > len(features) or len(list(row_blocks(features))) == 1


def _whole(features: Tensor, targets: Tensor) -> tuple[Directions, Tensor]:
    """What every penalty shares, and the centred features (n, d)."""
    import torch

    mean = features.mean(dim=0, dtype=torch.float64)
    centred, centre = features.double() - mean, targets.mean(dim=0)
    wide = features.shape[1] > len(features)
    values, vectors = torch.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    keep = kept(values, features.shape)
    values, vectors = values[keep], vectors[:, keep]
    basis = centred.T @ vectors / values.sqrt() if wide else vectors
    mapped = basis.T @ (centred.T @ (targets - centre))
    return Directions(mean, centre, basis, values, mapped), centred
