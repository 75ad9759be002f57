"""Intervals by the bootstrap (Efron 1979): resample the evaluated rows, read the percentiles.

Resampling counts depend on the number of rows and the seed alone, so that all models on one evaluation set share
their resamples: differences between models are paired for free. Counts are drawn once and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from harness.metrics import REGRESSION, classification, confusion
from harness.outcome import Metric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Resamples of an interval, and the share of them inside.
DRAWS = 1000
LEVEL = 0.95

#: Seed of all resampling; not the seed of a run, whose models could then not be paired.
SEED = 20

#: Largest number of weights that are in float64 at a time (64 MB).
_BLOCK = 8_000_000


@lru_cache(maxsize=4)
def resamples(n: int, draws: int = DRAWS, seed: int = SEED) -> NDArray[np.uint8]:
    """How often each of n rows stands in each resample, uint8 (draws, n); read-only.

    A row stands in a resample of n rows Poisson-like with mean 1; 255 times is beyond any chance.
    """
    import numpy as np

    generator = np.random.default_rng([seed, n])
    counts = np.empty((draws, n), dtype=np.uint8)
    for row in counts:
        row[:] = np.bincount(generator.integers(n, size=n), minlength=n)
    counts.flags.writeable = False
    return counts


def weightings(n: int, groups: Sequence[str] | None = None, draws: int = DRAWS) -> Iterator[Floats]:
    """Blocks of resampling weights, float64 (block, n) each, `draws` rows in all.

    Args:
        n: evaluated rows.
        groups: document of each row: whole documents are resampled, since rows of one are not independent
            (Cameron, Gelbach and Miller 2008).
        draws: number of resamples.
    """
    import numpy as np

    if groups is None:
        counts, columns = resamples(n, draws), None
    else:
        names, columns = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
        counts = resamples(len(names), draws)
    step = max(1, _BLOCK // max(n, 1))
    for start in range(0, draws, step):
        block = counts[start : start + step].astype(np.float64)
        yield block if columns is None else block[:, columns]


def regression_metrics(gold: Floats, predicted: Floats, groups: Sequence[str] | None = None) -> dict[str, Metric]:
    """Pearson, Spearman, MAE, CCC and R² of one dimension, each with its interval.

    Args:
        gold: labels (n,), in the unit that MAE is to have.
        predicted: predictions (n,).
        groups: documents, for a cluster bootstrap.
    """
    import numpy as np

    gold, predicted = np.asarray(gold, dtype=np.float64), np.asarray(predicted, dtype=np.float64)

    def measure(weights: Floats) -> dict[str, Floats]:
        return {name: metric(weights, gold, predicted) for name, metric in REGRESSION.items()}

    return _with_intervals(measure, len(gold), groups)


def classification_metrics(
    gold: NDArray[np.int64], predicted: NDArray[np.int64], classes: int, groups: Sequence[str] | None = None
) -> dict[str, Metric]:
    """Accuracy, macro and weighted F1, precision and recall, each with its interval.

    Args:
        gold: classes (n,), 0 to classes − 1.
        predicted: predicted classes (n,).
        classes: number of classes.
        groups: documents, for a cluster bootstrap.
    """
    import numpy as np

    gold, predicted = np.asarray(gold, dtype=np.int64), np.asarray(predicted, dtype=np.int64)

    def measure(weights: Floats) -> dict[str, Floats]:
        return classification(confusion(weights, gold, predicted, classes))

    return _with_intervals(measure, len(gold), groups)


def _with_intervals(
    measure: Callable[[Floats], Mapping[str, Floats]], n: int, groups: Sequence[str] | None
) -> dict[str, Metric]:
    import numpy as np

    values = {name: float(value[0]) for name, value in measure(np.ones((1, n))).items()}
    blocks = [measure(weights) for weights in weightings(n, groups)]
    tail = (1 - LEVEL) / 2
    return {
        name: Metric(value, *map(float, np.quantile(np.concatenate([b[name] for b in blocks]), (tail, 1 - tail))))
        for name, value in values.items()
    }
