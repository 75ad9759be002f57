"""From bootstrap draws to an interval, and to the p-value that belongs to it.

Two intervals. **Percentile**: the middle 95 % of the draws; right for accuracy and correlations, whose draws lie
evenly around the number. **BCa** (Efron 1987, JASA 82; Efron and Tibshirani 1993, section 14.3): bias-corrected and
accelerated; for F1, which is bounded, skewed where classes are rare, and biased in small samples.

The p-value of a difference is the level at which its interval would just touch zero, so that test and interval say
the same.

**Several seeds**: their mean is uncertain for two reasons. The test rows are a sample, the same one for every seed, so
averaging does not shrink that part; the seeds are a sample as well, with the standard error s = sd / √k. The two are
independent, so the variances add. The number of seeds is small, hence a t interval with the degrees of freedom of Welch
and Satterthwaite (1946): those of the seeds count as far as the seeds contribute, the sampling error counts as known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import stdev
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.statistics.bootstrap import LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """Two ends."""

    low: float
    high: float

    def excludes(self, value: float) -> bool:
        """Whether a value lies outside."""
        return not self.low <= value <= self.high


def percentile(draws: Floats, level: float = LEVEL) -> Interval:
    """The middle part of the draws, interpolated linearly."""
    tail = (1 - level) / 2
    low, high = np.quantile(draws, (tail, 1 - tail))
    return Interval(float(low), float(high))


def bca(value: float, draws: Floats, without: Floats, level: float = LEVEL) -> Interval:
    """The bias-corrected and accelerated interval.

    Args:
        value: the number itself.
        draws: the number under each resample (draws,).
        without: the number without each row or document (see `jackknife`).
        level: share inside.
    """
    from scipy.special import ndtr, ndtri

    bias, acceleration = _corrections(value, draws, without)
    tail = (1 - level) / 2
    ends = []
    for normal in (float(ndtri(tail)), float(ndtri(1 - tail))):
        shifted = bias + normal
        # From a shift of 1 / a on the formula has no sense: the end of the draws is taken.
        room = 1 - acceleration * shifted
        ends.append(float(ndtr(bias + shifted / room)) if room > 0 else float(shifted > 0))
    low, high = np.quantile(draws, ends)
    return Interval(float(low), float(high))


def _corrections(value: float, draws: Floats, without: Floats) -> tuple[float, float]:
    """Bias z₀ and acceleration a. Where all draws lie on one side, half a draw is taken to lie on the other."""
    from scipy.special import ndtri

    below = (np.count_nonzero(draws < value) + np.count_nonzero(draws <= value)) / (2 * len(draws))
    least = 1 / (2 * len(draws))
    apart = without.mean() - without
    spread = float((apart**2).sum()) ** 1.5
    acceleration = float((apart**3).sum()) / (6 * spread) if spread > 0 else 0.0
    return float(ndtri(min(max(below, least), 1 - least))), acceleration


def percentile_p(draws: Floats) -> float:
    """Two-sided p-value of a difference of zero by the percentile interval.

    Counts the draws on the far side of zero, with one added (Davison and Hinkley 1997, section 4.2): never below
    2 / (draws + 1), and 1 where all draws are zero.
    """
    far = min(np.count_nonzero(draws <= 0), np.count_nonzero(draws >= 0))
    return min(1.0, 2 * (far + 1) / (len(draws) + 1))


def bca_p(value: float, draws: Floats, without: Floats) -> float:
    """Two-sided p-value of a difference of zero by the BCa interval: the same formula, solved for the level."""
    from scipy.special import ndtr, ndtri

    if not np.any(draws):
        return 1.0
    bias, acceleration = _corrections(value, draws, without)
    below = (np.count_nonzero(draws < 0) + np.count_nonzero(draws <= 0)) / 2
    share = (below + 0.5) / (len(draws) + 1)
    apart = float(ndtri(share)) - bias
    normal = apart / (1 + acceleration * apart) - bias if acceleration * apart > -1 else math.copysign(math.inf, apart)
    tail = float(ndtr(normal))
    return max(min(1.0, 2 * min(tail, 1 - tail)), 2 / (len(draws) + 1))


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
