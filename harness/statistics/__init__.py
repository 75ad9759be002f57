"""Intervals, tests between models, corrections for many tests, ranks with ties, several seeds.

Everything about one number goes through a weighted form of its metric (`harness.metrics`): the number itself, its
bootstrap (`bootstrap`, `intervals`), its differences between models and their ranks (`differences`).
`benchmarks/coverage.py` checks the coverage of the intervals by simulation.
"""

from harness.metrics import REGRESSION
from harness.statistics.bootstrap import DRAWS, resamples, weightings
from harness.statistics.ceiling import noise_ceiling
from harness.statistics.differences import (
    ALPHA,
    Contestant,
    Difference,
    Pair,
    RankRange,
    all_pairs,
    comparable,
    difference,
    holm,
    mcnemar,
    rank_ranges,
    williams,
)
from harness.statistics.intervals import (
    bca,
    bca_p,
    percentile,
    percentile_p,
    sampling_error,
    seed_interval,
    seed_p,
    standard_error,
)
from harness.statistics.scores import GROUP, Scored, classification_metrics, metrics_of, regression_metrics, scored

__all__ = [
    "ALPHA",
    "DRAWS",
    "GROUP",
    "REGRESSION",
    "Contestant",
    "Difference",
    "Pair",
    "RankRange",
    "Scored",
    "all_pairs",
    "bca",
    "bca_p",
    "classification_metrics",
    "comparable",
    "difference",
    "holm",
    "mcnemar",
    "metrics_of",
    "noise_ceiling",
    "percentile",
    "percentile_p",
    "rank_ranges",
    "regression_metrics",
    "resamples",
    "sampling_error",
    "scored",
    "seed_interval",
    "seed_p",
    "standard_error",
    "weightings",
    "williams",
]
