"""What scoring one task gives: numbers with intervals, facts about them, and per-example predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Metric:
    """One number with its 95 % interval (None where no interval is defined)."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of `Prepared.evaluate`."""

    metrics: Mapping[str, Metric]
    """Name as in the task's `metrics` → number. Accuracies, F1 and correlations are fractions."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able facts a reader may ask for: chosen strengths, folds, tolerance, per-class table."""
    predictions: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    """Per-example predictions and gold labels, first axis over the evaluated examples."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Rows: `train`, `dev`, `test`, `texts`, ..."""
