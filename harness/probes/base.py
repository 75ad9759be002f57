"""What the probes share: folds, unit rows. Vectors are finite and fit the texts, as `harness.encoder` checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Rows held out together; the folds of one cross-validation hold out each row once.
Folds: TypeAlias = "Sequence[NDArray[np.int64]]"


def unit_rows(X: NDArray[np.floating]) -> NDArray[np.float64]:
    """Divide each row by its length, in float64; zero rows stay zero."""
    values = np.array(X, dtype=np.float64)
    # Scaled first, so that squares of tiny or huge entries neither vanish nor overflow.
    values /= np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-300)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(length > 0, length, 1))
