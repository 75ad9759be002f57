"""Cross-validation of multinomial logistic regression: what `logistic.selection` does for two classes, fold by fold.

The objective and the choice are the same; the folds are solved one after another, all strengths of one at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.probes.base import Array, Folds, check_partition, take_rows, to_matrix
from harness.probes.logistic import Convergence, first_best, multinomial

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class NestedClasses:
    """Result of nested cross-validation."""

    predicted: NDArray[np.int64]
    """Out-of-fold class of each row (n,)."""
    strengths: tuple[float, ...]
    """Strength chosen in each outer fold."""
    convergence: Convergence


def nested_classes(
    X: Array, y: NDArray[np.int64], classes: int, strengths: Sequence[float], outer: Folds, inner: Sequence[Folds]
) -> NestedClasses:
    """Choose a strength inside each outer fold and predict the rows that the fold holds out.

    Args:
        X: features (n, d).
        y: classes (n,), 0 to classes − 1.
        classes: number of classes.
        strengths: grid of C.
        outer: rows held out by each outer fold.
        inner: for each outer fold its inner folds, as places among its training rows in ascending order.

    Raises:
        ValueError: the folds are no partition.
    """
    values = to_matrix(X)
    predicted = np.empty(len(values), dtype=np.int64)
    chosen, convergences = [], []
    for held_out, folds in zip(check_partition(outer, len(values)), inner, strict=True):
        rows = np.setdiff1d(np.arange(len(values)), held_out, assume_unique=True)
        part = take_rows(values, rows)
        best = first_best(fold_accuracies(part, y[rows], classes, strengths, folds))
        asked = take_rows(values, held_out)
        fit = multinomial(part, y[rows], classes, [strengths[best]], asked)
        predicted[held_out] = fit.decide(asked, 0).argmax(axis=1)
        chosen.append(float(strengths[best]))
        convergences.append(fit.convergence)
    worst = max(convergences, key=lambda found: found.worst)
    inner_fits = sum(len(folds) for folds in inner) * len(strengths)
    return NestedClasses(
        predicted,
        tuple(chosen),
        Convergence(inner_fits + len(chosen), worst.tolerance, worst.worst, sum(c.refined for c in convergences)),
    )


def fold_accuracies(
    X: Array, y: NDArray[np.int64], classes: int, strengths: Sequence[float], folds: Folds
) -> NDArray[np.float64]:
    """Held-out accuracy of each strength and fold (strengths, folds); arguments as for `nested_classes`.

    Raises:
        ValueError: the folds are no partition.
    """
    values = to_matrix(X)
    accuracies = np.empty((len(strengths), len(folds)))
    for column, held in enumerate(check_partition(folds, len(values))):
        rows = np.setdiff1d(np.arange(len(values)), held, assume_unique=True)
        asked = take_rows(values, held)
        fits = multinomial(take_rows(values, rows), y[rows], classes, strengths, asked)
        for row in range(len(strengths)):
            accuracies[row, column] = (fits.decide(asked, row).argmax(axis=1) == y[held]).mean()
    return accuracies
