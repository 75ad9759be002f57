"""Noise ceiling: how well does one panel of raters predict another of the same size?

A second panel correlates with the first by less than one, since both are noisy; a model without noise of its own could
reach the square root of that correlation, no more. It is estimated by split halves (Spearman 1910; Brown 1910): each
text's marks are divided at random, the halves' means are correlated over the texts, and r of half panels becomes
2r / (1 + r) for whole ones. Random splits are averaged.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics import regression
from harness.outcome import Metric
from harness.statistics.bootstrap import percentile, weightings

Floats = NDArray[np.float64]

#: Random splits of the number, and those of them that its interval is made of.
SPLITS, SPLITS_OF_INTERVAL = 100, 10


def noise_ceiling(marks: Floats, groups: Sequence[object] | None = None, *, seed: int = 0) -> Metric | None:
    """Correlation that a second panel of raters would reach, with the bootstrap interval over the texts.

    Args:
        marks: what each rater gave (n, raters), NaN where a rater did not see a text; the columns need not be persons.
        groups: document of each text, for a cluster bootstrap.
        seed: of the splits.

    Returns:
        None where fewer than three texts have two marks or more.
    """
    several = (~np.isnan(marks)).sum(axis=1) >= 2
    if several.sum() < 3:
        return None
    marks = marks[several]
    documents = None if groups is None else np.asarray(groups)[several]
    generator = np.random.default_rng(seed)
    halves = [_halves(marks, generator) for _ in range(SPLITS)]
    one = np.ones((1, len(marks)))
    value = float(np.mean([_agreement(one, *pair) for pair in halves]))
    draws = np.concatenate(
        [
            np.mean([_agreement(weights, *pair) for pair in halves[:SPLITS_OF_INTERVAL]], axis=0)
            for weights in weightings(len(marks), documents)
        ]
    )
    return Metric(value, *percentile(draws))


def _halves(marks: Floats, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Means (n,) of two random halves of each text's marks; of an odd number one mark is left out."""
    order = np.argsort(np.where(np.isnan(marks), np.inf, generator.random(marks.shape)), axis=1)
    shuffled = np.take_along_axis(marks, order, axis=1)
    half = (~np.isnan(marks)).sum(axis=1, keepdims=True) // 2
    place = np.arange(marks.shape[1])
    first, second = place < half, (place >= half) & (place < 2 * half)
    return tuple(np.where(part, shuffled, 0).sum(axis=1) / half[:, 0] for part in (first, second))


def _agreement(weights: Floats, first: Floats, second: Floats) -> Floats:
    """Correlation of two halves by the Spearman-Brown formula for whole panels; a negative one is no reliability."""
    r = np.maximum(regression(weights, first, second, ["pearson"])["pearson"], 0.0)
    return np.asarray(2 * r / (1 + r))
