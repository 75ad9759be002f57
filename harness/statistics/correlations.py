"""Are two correlations with the same labels different? They are dependent: both models saw the same rows.

Williams (1959) as recommended by Steiger (1980, Psychological Bulletin 87), equation 7. It takes rows to be independent
and normal.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Test(NamedTuple):
    """A test statistic with its two-sided p-value."""

    statistic: float
    p: float


#: Predictions that correlate more than this are the same up to rounding.
_SAME = 1 - 1e-12


def williams(first: float, second: float, between: float, n: int) -> Test:
    """Williams' t for two dependent correlations that share the labels.

    Args:
        first: correlation of the first model's predictions with the labels.
        second: that of the second model's.
        between: correlation of the two models' predictions.
        n: rows.

    Returns:
        t with n − 3 degrees of freedom, positive where the second is larger. t = 0 and p = 1 where the predictions
        are the same, and where there are fewer than four rows.
    """
    from scipy.stats import t as student

    if n < 4 or (between >= _SAME and abs(first - second) < 1e-9):
        return Test(0.0, 1.0)
    determinant = max(0.0, 1 - first**2 - second**2 - between**2 + 2 * first * second * between)
    mean = (first + second) / 2
    variance = 2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - between) ** 3
    if variance <= 0:
        return Test(math.copysign(math.inf, second - first), 0.0)
    statistic = (second - first) * math.sqrt((n - 1) * (1 + between) / variance)
    return Test(statistic, float(2 * student.sf(abs(statistic), n - 3)))
