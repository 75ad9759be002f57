"""Do two models differ? Tests on the same rows, and the interval of their difference.

Which test: exact McNemar for accuracy (McNemar 1947; Dietterich 1998), Williams for Pearson's r (Williams 1959, as
recommended by Steiger 1980, Psychological Bulletin 87, equation 7), the paired bootstrap for all other numbers, and for
all numbers where rows come in documents, since the two exact tests take rows for independent. Two models that predict
the same differ by 0 with p = 1. Holm's correction (Scandinavian Journal of Statistics 6, 1979) runs over many tests.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.bootstrap import (
    DRAWS,
    bca,
    bca_p,
    percentile,
    percentile_p,
    seed_interval,
    seed_p,
    special,
    standard_error,
)
from harness.statistics.scores import BCA, Scored

Floats = NDArray[np.float64]

#: Adjusted p-value below which two models are told apart.
ALPHA = 0.05


#: Predictions that correlate more than this are the same up to rounding.
_SAME = 1 - 1e-12


def williams(first: float, second: float, between: float, n: int) -> tuple[float, float]:
    """Williams' t for two dependent correlations that share the labels.

    Args:
        first: correlation of the first model's predictions with the labels.
        second: that of the second model's.
        between: correlation of the two models' predictions.
        n: rows.

    Returns:
        t with n − 3 degrees of freedom, positive where the second is larger, and its two-sided p-value. 0 and 1 where
        the predictions are the same, and where there are fewer than four rows.
    """
    if n < 4 or (between >= _SAME and abs(first - second) < 1e-9):
        return 0.0, 1.0
    determinant = max(0.0, 1 - first**2 - second**2 - between**2 + 2 * first * second * between)
    mean = (first + second) / 2
    variance = 2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - between) ** 3
    if variance <= 0:
        return math.copysign(math.inf, second - first), 0.0
    statistic = (second - first) * math.sqrt((n - 1) * (1 + between) / variance)
    return statistic, float(2 * special().stdtr(n - 3, -abs(statistic)))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted so that any at all below α is false with probability at most α, whatever their dependence.

    Args:
        p_values: of all tests of one table column, in any order.

    Returns:
        Adjusted values in the same order, each at most 1.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty(len(values))
    adjusted[order] = np.maximum.accumulate(np.minimum(1.0, values[order] * np.arange(len(values), 0, -1)))
    return adjusted.tolist()


class Difference(NamedTuple):
    """How far the second model is above the first on one number."""

    value: float
    low: float
    high: float
    """Ends of the 95 % interval."""
    p: float
    """Two-sided, for no difference."""
    test: str
    """`McNemar, exact`, `Williams`, `paired bootstrap`, with `by document` or `and seeds` where that is so."""


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Exact two-sided p-value of McNemar's test.

    Args:
        first: which rows the first model has right (n,).
        second: the same of the second model.

    >>> import numpy as np
    >>> mcnemar(np.array([1, 1, 1, 0], bool), np.array([1, 0, 0, 0], bool))
    0.5
    """
    only_first, only_second = np.count_nonzero(first & ~second), np.count_nonzero(second & ~first)
    differing = only_first + only_second
    return min(1.0, 2 * float(special().bdtr(min(only_first, only_second), differing, 0.5))) if differing else 1.0


@dataclass(frozen=True)
class Contestant:
    """One model's number on one evaluation set, with the predictions that it was made from."""

    values: tuple[float, ...]
    """The number as recorded, one for each seed."""
    scores: tuple[Scored, ...]
    """Its predictions, one for each seed."""
    resamples: int = DRAWS

    @cached_property
    def draws(self) -> Floats:
        """The number under the shared resamples, averaged over the seeds (resamples,)."""
        return np.asarray(np.mean([score.draws(self.resamples) for score in self.scores], axis=0))

    @cached_property
    def without(self) -> Floats:
        """The number without each row or document in turn, averaged over the seeds."""
        return np.asarray(np.mean([score.without() for score in self.scores], axis=0))

    @cached_property
    def computed(self) -> float:
        """The number as the predictions give it; may differ from the recorded one by its rounding."""
        return sum(score.value for score in self.scores) / len(self.scores)


def difference(first: Contestant, second: Contestant) -> Difference:
    """Second minus first, with interval, p-value and the name of the test.

    Args:
        first: the model that is compared with.
        second: the model that is compared; on the same rows and the same metric.
    """
    one, two = first.scores[0], second.scores[0]
    value, draws = fmean(second.values) - fmean(first.values), second.draws - first.draws
    by_document = ", by document" if one.groups is not None else ""
    if seeds := [(standard_error(v), len(v) - 1) for v in (first.values, second.values) if len(v) > 1]:
        sampling = float(draws.std(ddof=1))
        p = seed_p(value, sampling, seeds)
        return Difference(value, *seed_interval(value, sampling, seeds), p, f"paired bootstrap and seeds{by_document}")
    computed = second.computed - first.computed
    skewed = one.metric in BCA and bool(draws.any()) and len(one) > 1
    without = second.without - first.without if skewed else draws
    # A record's number is rounded by fold in some protocols, by less than 0.00005; the interval moves along.
    low, high = (e + (value - computed) for e in (bca(computed, draws, without) if skewed else percentile(draws)))
    if not by_document and one.metric == "accuracy":
        p, test = mcnemar(one.gold == one.predicted, two.gold == two.predicted), "McNemar, exact"
    elif not by_document and one.metric == "pearson":
        # Equal predictions correlate by 1, constant ones included.
        same = np.array_equal(one.predicted, two.predicted)
        between = 1.0 if same else Scored("pearson", one.predicted, two.predicted).value
        p, test = williams(one.value, two.value, between, len(one))[1], "Williams"
    elif skewed:
        p, test = bca_p(computed, draws, without), "paired bootstrap (BCa)"
    else:
        p, test = percentile_p(draws), f"paired bootstrap{by_document}"
    return Difference(value, low, high, p, test)
