"""Few labelled rows of each class: draws of growing training sets, and a logistic regression on each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.probes.base import Array, to_matrix
from harness.probes.logistic import multinomial

if TYPE_CHECKING:
    from numpy.typing import NDArray


def draw_rows(y: NDArray[np.integer], size: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw the same number of rows of every class without replacement.

    The classes alternate, so that the first `k · classes` rows hold k of each: one draw serves every smaller size.

    Args:
        y: classes (n,), each with `size` rows or more.
        size: rows of each class.
        generator: decides which.

    Returns:
        Row numbers (size · classes,).

    Raises:
        ValueError: a class has too few rows.
    """
    values, counts = np.unique(y, return_counts=True)
    if counts.min() < size:
        raise ValueError(f"class {values[counts.argmin()]} has {counts.min()} rows, fewer than {size}")
    chosen = [generator.permutation(np.flatnonzero(y == value))[:size] for value in values]
    return np.stack(chosen, axis=1).reshape(-1).astype(np.int64)


def learning_curve(
    X: Array,
    y: NDArray[np.integer],
    queries: Array,
    sizes: Sequence[int],
    draws: Sequence[NDArray[np.int64]],
    strength: float = 1.0,
) -> NDArray[np.int64]:
    """Classes that probes of every size and draw give to rows.

    The probe is multinomial logistic regression at one strength: with four rows of a class there is nothing left to
    choose one by.

    Args:
        X: features (n, d) that the draws point into.
        y: classes (n,), 0 to the number of classes − 1, all present.
        queries: rows to classify (m, d).
        sizes: rows of each class.
        draws: what `draw_rows` gave for the largest size.
        strength: C of scikit-learn's objective, features as given.

    Returns:
        Predicted classes (sizes, draws, m).
    """
    values, asked = to_matrix(X), to_matrix(queries)
    classes = int(np.max(y)) + 1
    predicted = np.empty((len(sizes), len(draws), len(asked)), dtype=np.int64)
    for column, rows in enumerate(draws):
        for row, size in enumerate(sizes):
            few = rows[: size * classes]
            fit = multinomial(values[few], np.asarray(y)[few], classes, [strength])
            predicted[row, column] = fit.decide(asked, 0).argmax(axis=1)
    return predicted
