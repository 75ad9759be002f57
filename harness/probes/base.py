"""What the probes share: checked matrices, folds, unit rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Rows held out together; the folds of one cross-validation are disjoint.
Folds: TypeAlias = "Sequence[NDArray[np.int64]]"


def to_matrix(X: NDArray[Any], name: str = "X") -> NDArray[np.floating]:
    """Features (n, d) as float32 or float64, with at least one row and one column, finite.

    Raises:
        ValueError: another shape, or not finite.
    """
    values = np.ascontiguousarray(X, dtype=X.dtype if X.dtype in (np.float32, np.float64) else np.float64)
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"{name} must be a matrix with at least one row and one column, not {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds NaN or infinite values")
    return values


def unit_rows(X: NDArray[Any]) -> NDArray[np.float64]:
    """Divide each row by its length, in float64; zero rows stay zero."""
    values = to_matrix(X).astype(np.float64)
    # Scaled first, so that squares of tiny or huge entries neither vanish nor overflow.
    values /= np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-300)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(length > 0, length, 1))


def check_partition(folds: Folds, n: int) -> list[NDArray[np.int64]]:
    """Check that folds hold out each of `n` rows exactly once.

    Raises:
        ValueError: fewer than two folds, an empty one, or rows missing or repeated.
    """
    parts = [np.asarray(fold, dtype=np.int64) for fold in folds]
    if len(parts) < 2 or any(part.size == 0 for part in parts):
        raise ValueError(f"cross-validation needs at least two folds with rows, got {len(parts)}")
    if not np.array_equal(np.sort(np.concatenate(parts)), np.arange(n)):
        raise ValueError(f"the folds must hold out each of the {n} rows exactly once")
    return parts
