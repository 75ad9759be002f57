"""Means of per-example scores with their intervals, for tasks whose number is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.outcome import Metric
from harness.statistics import percentile, weightings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def mean_metric(scores: NDArray[np.float64]) -> Metric:
    """Mean of the scores (n,) with its bootstrap interval over the rows."""
    import numpy as np

    rows = np.asarray(scores, dtype=np.float64)
    draws = np.concatenate([weights @ rows / weights.sum(axis=1) for weights in weightings(len(rows))])
    return Metric(float(rows.mean()), *percentile(draws))
