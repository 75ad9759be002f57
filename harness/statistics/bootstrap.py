"""Bootstrap resamples of the evaluated rows (Efron 1979), the intervals that they give, and the p-values of these.

How often each row stands in each resample depends on the number of rows and the seed alone, so that all models on one
evaluation set share their resamples: differences between models are paired for free.

Two intervals. **Percentile**: the middle 95 % of the draws; right for accuracy and correlations, whose draws lie
evenly around the number. **BCa** (Efron 1987, JASA 82; Efron and Tibshirani 1993, section 14.3): bias-corrected and
accelerated; for F1, which is bounded, skewed where classes are rare, and biased in small samples. The p-value of a
difference is the level at which its interval would just touch zero, so that test and interval say the same.

**Several seeds**: their mean is uncertain for two reasons. The test rows are a sample, the same one for every seed, so
averaging does not shrink that part; the seeds are a sample as well, with the standard error s = sd / √k. The two are
independent, so the variances add. The number of seeds is small, hence a t interval with the degrees of freedom of Welch
and Satterthwaite (1946): those of the seeds count as far as the seeds contribute, the sampling error counts as known.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from statistics import stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Documents of the rows, by name or number.
Groups = Sequence[object] | NDArray[np.generic]

#: Weights of rows (draws, n) → the number under each weighting (draws,).
Measure = Callable[["Floats"], "Floats"]

#: Resamples of an interval, and the share of them inside.
DRAWS = 1000
LEVEL = 0.95

#: Seed of all resampling; not the seed of a run, whose models could then not be paired.
SEED = 20

#: Largest number of weights that are in float64 at a time (64 MB).
BLOCK = 8_000_000


@lru_cache(maxsize=4)
def resamples(n: int, draws: int = DRAWS) -> NDArray[np.uint8]:
    """How often each of n rows stands in each resample, uint8 (draws, n); read-only.

    A row stands in a resample of n rows Poisson-like with mean 1; 255 times is beyond any chance.
    """
    generator = np.random.default_rng([SEED, n])
    counts = np.empty((draws, n), dtype=np.uint8)
    for row in counts:
        row[:] = np.bincount(generator.integers(n, size=n), minlength=n)
    counts.flags.writeable = False
    return counts


def weightings(n: int, groups: Groups | None = None, draws: int = DRAWS) -> Iterator[Floats]:
    """Blocks of resampling weights, float64 (block, n) each, `draws` rows in all.

    Args:
        n: evaluated rows.
        groups: document of each row: whole documents are resampled, since rows of one are not independent
            (Cameron, Gelbach and Miller 2008).
        draws: number of resamples.
    """
    names, columns = (range(n), None) if groups is None else np.unique(np.asarray(groups), return_inverse=True)
    counts, step = resamples(len(names), draws), max(1, BLOCK // max(n, 1))
    for start in range(0, draws, step):
        block = counts[start : start + step].astype(np.float64)
        # Not `block[:, columns]`, which stands in memory by columns and makes whatever follows several times slower.
        yield block if columns is None else np.take(block, columns, axis=1)


def jackknife(measure: Measure, n: int, groups: Groups | None = None, kinds: NDArray[np.int64] | None = None) -> Floats:
    """The number without each row in turn (n,), or without each document in turn (documents,).

    Args:
        measure: weights to numbers.
        n: evaluated rows, two or more.
        groups: document of each row.
        kinds: rows of one kind are exchangeable, so that one of each kind need be left out; ignored with groups.
    """
    columns = np.arange(n) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    alike = columns if kinds is None or groups is not None else kinds
    _, first, back = np.unique(alike, return_index=True, return_inverse=True)
    left_out, step = columns[first], max(1, BLOCK // max(n, 1))
    found = [
        measure((columns != left_out[start : start + step, None]).astype(np.float64))
        for start in range(0, len(left_out), step)
    ]
    return np.concatenate(found)[back if groups is None else slice(None)]


def special() -> Any:
    """`scipy.special`, whose import takes longer than a listing of tasks."""
    import scipy.special

    return scipy.special


def percentile(draws: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The middle part of the draws, interpolated linearly."""
    tail = (1 - level) / 2
    low, high = np.quantile(draws, (tail, 1 - tail))
    return float(low), float(high)


def bca(value: float, draws: Floats, without: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The bias-corrected and accelerated interval.

    Args:
        value: the number itself.
        draws: the number under each resample (draws,).
        without: the number without each row or document (see `jackknife`).
        level: share inside.
    """
    bias, acceleration = _corrections(value, draws, without)
    ends = []
    for share in ((1 - level) / 2, 1 - (1 - level) / 2):
        shifted = bias + float(special().ndtri(share))
        # From a shift of 1 / a on the formula has no sense: the end of the draws is taken.
        room = 1 - acceleration * shifted
        ends.append(float(special().ndtr(bias + shifted / room)) if room > 0 else float(shifted > 0))
    low, high = np.quantile(draws, ends)
    return float(low), float(high)


def _corrections(value: float, draws: Floats, without: Floats) -> tuple[float, float]:
    """Bias z₀ and acceleration a. Where all draws lie on one side, half a draw is taken to lie on the other."""
    below = (np.count_nonzero(draws < value) + np.count_nonzero(draws <= value)) / (2 * len(draws))
    least = 1 / (2 * len(draws))
    apart = without.mean() - without
    spread = float((apart**2).sum()) ** 1.5
    acceleration = float((apart**3).sum()) / (6 * spread) if spread > 0 else 0.0
    return float(special().ndtri(min(max(below, least), 1 - least))), acceleration


def percentile_p(draws: Floats) -> float:
    """Two-sided p-value of a difference of zero by the percentile interval.

    Counts the draws on the far side of zero, with one added (Davison and Hinkley 1997, section 4.2): never below
    2 / (draws + 1), and 1 where all draws are zero.
    """
    far = min(np.count_nonzero(draws <= 0), np.count_nonzero(draws >= 0))
    return min(1.0, 2 * (far + 1) / (len(draws) + 1))


def bca_p(value: float, draws: Floats, without: Floats) -> float:
    """Two-sided p-value of a difference of zero by the BCa interval: the same formula, solved for the level."""
    if not np.any(draws):
        return 1.0
    bias, acceleration = _corrections(value, draws, without)
    below = (np.count_nonzero(draws < 0) + np.count_nonzero(draws <= 0)) / 2
    apart = float(special().ndtri((below + 0.5) / (len(draws) + 1))) - bias
    normal = apart / (1 + acceleration * apart) - bias if acceleration * apart > -1 else math.copysign(math.inf, apart)
    tail = float(special().ndtr(normal))
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


def seed_interval(value: float, sampling: float, seeds: Sequence[Part]) -> tuple[float, float]:
    """The 95 % interval of a mean over seeds, or of a difference of two; arguments as for `combined`."""
    error, freedom = combined(sampling, seeds)
    half = _quantile(freedom) * error
    return value - half, value + half


def seed_p(value: float, sampling: float, seeds: Sequence[Part]) -> float:
    """Two-sided p-value of no difference; the test that belongs to `seed_interval`."""
    error, freedom = combined(sampling, seeds)
    if error == 0:
        return 1.0 if value == 0 else 0.0
    standardised = -abs(value) / error
    tail = special().ndtr(standardised) if math.isinf(freedom) else special().stdtr(freedom, standardised)
    return float(2 * tail)


def sampling_error(low: float, high: float) -> float:
    """Standard error that a 95 % interval stands for, by normal approximation."""
    return (high - low) / 2 / _quantile(math.inf)


def _quantile(freedom: float) -> float:
    """The upper end of a 95 % interval in standard errors."""
    share = 1 - (1 - LEVEL) / 2
    return float(special().ndtri(share) if math.isinf(freedom) else special().stdtrit(freedom, share))
