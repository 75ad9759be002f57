"""Choose a strength by cross-validation, nested or not, with every fit of it solved to the optimum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from harness.probes.base import Array, Folds, check_partition, rows_times, to_matrix, to_numpy, to_tensor
from harness.probes.logistic.binary import TOLERANCE, Solution, solve
from harness.probes.logistic.features import Features
from harness.probes.logistic.path import fit_path

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True)
class Convergence:
    """How well a set of fits was solved; goes into the record."""

    fits: int
    """Number of fits; those of all training rows are made at each strength, not only at the chosen one."""
    tolerance: float
    """Largest Newton decrement √(gᵀ H⁻¹ g) that was asked for."""
    worst: float
    """Largest one reached."""
    refined: int
    """Fits taken beyond the tolerance until no held-out decision could change."""

    @classmethod
    def of(cls, solutions: Sequence[Solution], tolerance: float) -> Convergence:
        """Sum up solutions."""
        return cls(
            sum(s.decrement.numel() for s in solutions),
            tolerance,
            max(float(s.decrement.max()) for s in solutions),
            sum(s.refined for s in solutions),
        )


@dataclass(frozen=True)
class Nested:
    """Result of nested cross-validation."""

    logits: NDArray[np.float64]
    """Out-of-fold logit of class 1 of each row (n,)."""
    strengths: tuple[float, ...]
    """Strength chosen in each outer fold."""
    inner: NDArray[np.float64]
    """Mean inner accuracy of each outer fold and strength."""
    convergence: Convergence


@dataclass(frozen=True)
class CrossValidated:
    """Fits of all rows at each strength, and the accuracies of their cross-validation."""

    accuracies: NDArray[np.float64]
    """(strengths, folds); no folds, no columns."""
    weights: NDArray[np.float64]
    """(strengths, d), of the fits of all rows."""
    intercepts: NDArray[np.float64]
    convergence: Convergence

    def decide(self, X: Array, strength: int) -> NDArray[np.float64]:
        """Logits (m,) of rows by the fit of all rows at one strength, given by its place in the grid."""
        import torch

        values = to_matrix(X)
        weights = torch.from_numpy(self.weights[strength]).to(values.device)
        return to_numpy(rows_times(values, weights) + float(self.intercepts[strength]))


def nested_cross_validation(
    X: Array,
    y: Array,
    strengths: Sequence[float],
    outer: Folds,
    inner: Sequence[Folds],
    *,
    tolerance: float = TOLERANCE,
) -> Nested:
    """Choose a strength inside each outer fold and predict the rows that the fold holds out.

    The selection is SentEval's (`senteval/tools/validation.py`, `InnerKFoldClassifier`): per strength the mean of
    the inner accuracies in per cent, rounded to two decimals; the first best in the order of the grid; a last fit
    with it on all training rows. Each fit minimises scikit-learn's objective, ½‖w‖² + C Σ log-loss with an
    unpenalised intercept and features as given, and is solved so far that no held-out decision can change.

    Args:
        X: features (n, d).
        y: labels 0 and 1 (n,).
        strengths: grid of C.
        outer: rows held out by each outer fold.
        inner: for each outer fold its inner folds, as places among its training rows in ascending order.
        tolerance: largest Newton decrement of a fit.

    Raises:
        ValueError: the folds are no partition, or a training part has one class only.
    """
    import torch

    values, target = _binary(X, y)
    outer = check_partition(outer, len(values))
    if len(inner) != len(outer):
        raise ValueError(f"there are {len(outer)} outer folds but inner folds for {len(inner)}")
    features = Features(values)
    path = fit_path(features, target, strengths)
    shares = 1 - max(len(part) for part in outer) / len(values)
    whiteners = path.whiteners(shares * (1 - 1 / len(inner[0])))
    logits = np.empty(len(values))
    chosen, scores, solutions = [], [], []
    for held_out, parts in zip(outer, inner, strict=True):
        training = np.setdiff1d(np.arange(len(values)), held_out, assume_unique=True)
        rows, ranges = _ordered(check_partition(parts, len(training)), training, target)
        block, labels = features.take(rows), target[rows]
        test = features.take(torch.from_numpy(held_out).to(rows.device))
        solution = solve(block, labels, path, whiteners, [None, *ranges], test, tolerance)
        accuracy = _accuracies(solution, labels, ranges)
        best = first_best(accuracy)
        logits[held_out] = to_numpy(test.logits(solution.W[best, :1]))[0]
        chosen.append(float(strengths[best]))
        scores.append(accuracy.mean(axis=1))
        solutions.append(solution)
    return Nested(logits, tuple(chosen), np.array(scores), Convergence.of(solutions, tolerance))


def cross_validation(
    X: Array,
    y: Array,
    strengths: Sequence[float],
    folds: Folds = (),
    watched: Array | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> CrossValidated:
    """Fit all rows at each strength and, with folds, measure the held-out accuracy of each strength.

    >>> X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    >>> fits = cross_validation(X, y, [0.1, 10.0], folds=[np.array([0, 2]), np.array([1, 3])])
    >>> fits.accuracies.tolist(), fits.decide(X, 1).round(1).tolist()
    ([[1.0, 1.0], [1.0, 1.0]], [-4.6, -2.3, 2.3, 4.6])

    Args:
        X: features (n, d).
        y: labels 0 and 1 (n,).
        strengths: grid of C.
        folds: rows held out by each fold; none where a development set chooses.
        watched: further rows (m, d) whose decisions must be certain, such as the development and test sets.
        tolerance: largest Newton decrement of a fit.

    Raises:
        ValueError: the folds are no partition, or a training part has one class only.
    """
    values, target = _binary(X, y)
    parts = check_partition(folds, len(values)) if len(folds) else []
    features = Features(values)
    beyond = None if watched is None else Features(to_matrix(watched, "watched"), features.mean)
    path = fit_path(features, target, strengths)
    solutions = [solve(features, target, path, path.whiteners(1.0), [None], beyond, tolerance)]
    accuracy = np.empty((len(strengths), 0))
    if parts:
        rows, ranges = _ordered(parts, np.arange(len(values)), target)
        block, labels = features.take(rows), target[rows]
        whiteners = path.whiteners(1 - 1 / len(parts))
        solutions.append(solve(block, labels, path, whiteners, ranges, None, tolerance))
        accuracy = _accuracies(solutions[1], labels, ranges)
    W = solutions[0].W[:, 0]
    weights, intercepts = W[:, :-1], W[:, -1] - W[:, :-1] @ features.mean
    return CrossValidated(accuracy, to_numpy(weights), to_numpy(intercepts), Convergence.of(solutions, tolerance))


def first_best(accuracies: NDArray[np.float64]) -> int:
    """The toolkit's choice: first best mean over folds (strengths, folds), in per cent to two decimals."""
    return int(np.argmax([round(100 * float(np.mean(row)), 2) for row in accuracies]))


def _accuracies(solution: Solution, labels: Tensor, ranges: Sequence[slice]) -> NDArray[np.float64]:
    """Held-out accuracy (strengths, ranges) of the fits that leave out a range."""
    gold = [labels[rows].gt(0) for rows in ranges]
    return np.array(
        [
            [float((z.gt(0) == truth).double().mean()) for z, truth in zip(logits[-len(ranges) :], gold, strict=True)]
            for logits in solution.held_logits
        ]
    )


def _ordered(parts: Sequence[NDArray[np.int64]], rows: NDArray[np.int64], target: Tensor) -> tuple[Tensor, list[slice]]:
    """Rows with each part standing together, and the ranges of the parts.

    Raises:
        ValueError: what is left without a part has one class only.
    """
    import torch

    order = torch.from_numpy(rows[np.concatenate(parts)]).to(target.device)
    edges = np.cumsum([0, *(len(part) for part in parts)])
    ranges = [slice(int(a), int(b)) for a, b in pairwise(edges)]
    labels = target[order]
    for number, r in enumerate(ranges):
        positives = float(labels.sum() - labels[r].sum())
        if positives in (0.0, float(len(labels) - (r.stop - r.start))):
            raise ValueError(f"without fold {number} all rows have the same label: a fit needs both classes")
    return order, ranges


def _binary(X: Array, y: Array) -> tuple[Tensor, Tensor]:
    """Features, and 0/1 labels in float64 beside them.

    Raises:
        ValueError: the shapes do not fit, or the labels are not 0 and 1 with both present.
    """
    import torch

    values = to_matrix(X)
    labels = to_tensor(y, "y").to(values.device, torch.float64).ravel()
    if len(labels) != len(values):
        raise ValueError(f"X has {len(values)} rows but y has {len(labels)}")
    if not bool(((labels == 0) | (labels == 1)).all()) or not 0 < float(labels.sum()) < len(labels):
        raise ValueError("y must hold the labels 0 and 1, both of them")
    return values, labels
