"""Several seeds: the uncertainty of their mean, sampling of the rows included.

The mean over k seeds is uncertain for two reasons. The test rows are a sample, the same one for every seed, so
averaging does not shrink that part. The seeds are a sample as well: the standard error of their mean is s = sd / √k.
The two are independent, so the variances add. The number of seeds is small, hence not a normal but a t interval, with
the degrees of freedom of Welch and Satterthwaite (Satterthwaite 1946): those of the seeds count as far as the seeds
contribute, the sampling error counts as known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import stdev

from harness.statistics.bootstrap import LEVEL
from harness.statistics.intervals import Interval

#: Standard error of seeds and its degrees of freedom.
Part = tuple[float, int]


def standard_error(values: Sequence[float]) -> float:
    """Standard error of the mean of two or more values: sd / √k, with k − 1 in sd.

    >>> standard_error([0.5, 0.7])
    0.09999999999999998
    """
    return stdev(values) / math.sqrt(len(values))


def combined(sampling: float, seeds: Sequence[Part]) -> tuple[float, float]:
    """Standard error of both sources together, and its degrees of freedom (infinite where seeds do not differ).

    Args:
        sampling: standard error from the sample of rows.
        seeds: (standard error, degrees of freedom) of each mean over seeds that takes part.
    """
    variance = sampling**2 + sum(error**2 for error, _ in seeds)
    uncertain = sum(error**4 / freedom for error, freedom in seeds)
    return math.sqrt(variance), variance**2 / uncertain if uncertain > 0 else math.inf


def seed_interval(value: float, sampling: float, seeds: Sequence[Part]) -> Interval:
    """The 95 % interval of a mean over seeds, or of a difference of two; arguments as for `combined`."""
    error, freedom = combined(sampling, seeds)
    half = _quantile(1 - (1 - LEVEL) / 2, freedom) * error
    return Interval(value - half, value + half)


def seed_p(value: float, sampling: float, seeds: Sequence[Part]) -> float:
    """Two-sided p-value of no difference; the test that belongs to `seed_interval`."""
    from scipy.special import ndtr, stdtr

    error, freedom = combined(sampling, seeds)
    if error == 0:
        return 1.0 if value == 0 else 0.0
    standardised = -abs(value) / error
    return float(2 * (ndtr(standardised) if math.isinf(freedom) else stdtr(freedom, standardised)))


def sampling_error(low: float, high: float) -> float:
    """Standard error that a 95 % interval stands for, by normal approximation."""
    return (high - low) / 2 / _quantile(1 - (1 - LEVEL) / 2, math.inf)


def _quantile(share: float, freedom: float) -> float:
    from scipy.special import ndtri, stdtrit

    return float(ndtri(share) if math.isinf(freedom) else stdtrit(freedom, share))
