"""Do two models differ? Tests on the same rows, and the interval of their difference.

Which test: exact McNemar for accuracy (McNemar 1947; Dietterich 1998), Williams for Pearson's r (`correlations`), the
paired bootstrap for all other numbers, and for all numbers where rows come in documents, since the two exact tests
take rows for independent. Two models that predict the same differ by 0 with p = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from harness.statistics.bootstrap import DRAWS
from harness.statistics.correlations import williams
from harness.statistics.intervals import Interval, bca, bca_p, percentile, percentile_p
from harness.statistics.scores import BCA, Scored
from harness.statistics.seeds import seed_interval, seed_p, standard_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


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

    @property
    def separated(self) -> bool:
        """Whether the interval excludes zero."""
        return Interval(self.low, self.high).excludes(0.0)


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Exact two-sided p-value of McNemar's test.

    Args:
        first: which rows the first model has right (n,).
        second: the same of the second model.

    >>> import numpy as np
    >>> mcnemar(np.array([1, 1, 1, 0], bool), np.array([1, 0, 0, 0], bool))
    0.5
    """
    import numpy as np
    from scipy.stats import binom

    only_first, only_second = np.count_nonzero(first & ~second), np.count_nonzero(second & ~first)
    differing = only_first + only_second
    return min(1.0, 2 * float(binom.cdf(min(only_first, only_second), differing, 0.5))) if differing else 1.0


@dataclass(frozen=True)
class Contestant:
    """One model's number on one evaluation set, with the predictions that it was made from.

    Args:
        value: the number as recorded; the mean over seeds.
        scores: its predictions, one for each seed.
    """

    value: float
    scores: tuple[Scored, ...]
    resamples: int = DRAWS
    seed_values: tuple[float, ...] = field(default=())
    """The recorded number of each seed; by default what the predictions give."""

    @cached_property
    def draws(self) -> Floats:
        """The number under the shared resamples, averaged over the seeds (resamples,)."""
        import numpy as np

        return np.asarray(np.mean([score.draws(self.resamples) for score in self.scores], axis=0))

    @cached_property
    def without(self) -> Floats:
        """The number without each row or document in turn, averaged over the seeds."""
        import numpy as np

        return np.asarray(np.mean([score.without() for score in self.scores], axis=0))

    @cached_property
    def computed(self) -> float:
        """The number as the predictions give it; may differ from the recorded one by its rounding."""
        return sum(score.value for score in self.scores) / len(self.scores)

    @property
    def over_seeds(self) -> tuple[float, ...]:
        """One number for each seed."""
        return self.seed_values or tuple(score.value for score in self.scores)


def comparable(first: Contestant, second: Contestant) -> bool:
    """Whether two models were scored on the same rows with the same labels, in the same order."""
    import numpy as np

    return np.array_equal(first.scores[0].gold, second.scores[0].gold)


def difference(first: Contestant, second: Contestant) -> Difference:
    """Second minus first, with interval, p-value and the name of the test.

    Args:
        first: the model that is compared with.
        second: the model that is compared; on the same rows.

    Raises:
        ValueError: they were not scored on the same rows, or not on the same metric.
    """
    one, two = first.scores[0], second.scores[0]
    if one.metric != two.metric or not comparable(first, second):
        raise ValueError("two models are compared on one metric and the same rows")
    value, draws = second.value - first.value, second.draws - first.draws
    computed = second.computed - first.computed
    # A record's number is rounded by fold in some protocols, by less than 0.00005; the interval moves along.
    shift = value - computed
    by_document = ", by document" if one.groups is not None else ""
    if len(first.scores) > 1 or len(second.scores) > 1:
        low, high, p = _with_seeds(value, draws, first.over_seeds, second.over_seeds)
        return Difference(value, low, high, p, f"paired bootstrap and seeds{by_document}")
    skewed = one.metric in BCA and bool(draws.any()) and len(one) > 1
    without = second.without - first.without if skewed else draws
    interval = bca(computed, draws, without) if skewed else percentile(draws)
    low, high = interval.low + shift, interval.high + shift
    if not by_document and one.metric == "accuracy":
        p, test = mcnemar(one.gold == one.predicted, two.gold == two.predicted), "McNemar, exact"
    elif not by_document and one.metric == "pearson":
        between = _between(one, two)
        p, test = williams(one.value, two.value, between, len(one)).p, "Williams"
    elif skewed:
        p, test = bca_p(computed, draws, without), "paired bootstrap (BCa)"
    else:
        p, test = percentile_p(draws), f"paired bootstrap{by_document}"
    return Difference(value, low, high, p, test)


def _between(one: Scored, two: Scored) -> float:
    """Pearson's r of two models' predictions; 1 where they are the same, constant ones included."""
    import numpy as np

    from harness.metrics import pearson

    first, second = (score.predicted.astype(np.float64) for score in (one, two))
    if np.array_equal(first, second):
        return 1.0
    return float(pearson(np.ones((1, len(first))), first, second)[0])


def _with_seeds(
    value: float, draws: Floats, first: Sequence[float], second: Sequence[float]
) -> tuple[float, float, float]:
    """Interval and p-value where the models' seeds add to the sampling error."""
    parts = [(standard_error(values), len(values) - 1) for values in (first, second) if len(values) > 1]
    sampling = float(draws.std(ddof=1))
    low, high = seed_interval(value, sampling, parts)
    return low, high, seed_p(value, sampling, parts)
