"""The numbers of a task from its per-example predictions, each with its interval.

Tasks call `Scored.with_intervals` when they score. What is stored beside a record
(`gold`, `predicted`, or both for each dimension, and the documents as `group`) gives the same numbers again, for some
of the rows (`metrics_of`) or under any weighting of them (`scored`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.metrics import CLASSIFICATION, REGRESSION, classification, confusion, regression
from harness.outcome import Metric
from harness.statistics.bootstrap import DRAWS, bca, jackknife, percentile, weightings

Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[np.generic]]

#: Numbers with a BCa interval; all others have the percentile interval.
BCA = frozenset(("macro.f1", "weighted.f1"))

#: Name of the array that holds the document of each row.
GROUP = "group"


@dataclass(frozen=True)
class Scored:
    """A metric of one model on one evaluation set, ready to be computed under any weighting of the rows."""

    metric: str
    """As in `harness.metrics`: `pearson`, `accuracy`, `macro.f1`, ..."""
    gold: NDArray[np.generic]
    """Labels (n,), or classes from 0."""
    predicted: NDArray[np.generic]
    groups: NDArray[np.generic] | None = None
    """Document of each row."""
    classes: int = 0
    """Number of classes; 0 for a regression."""

    def __len__(self) -> int:
        return len(self.gold)

    def numbers(self, weights: Floats, names: Sequence[str]) -> dict[str, Floats]:
        """Some metrics of these rows under each weighting of them, (draws, n) → (draws,) each."""
        if self.classes:
            gold, predicted = (array.astype(np.int64) for array in (self.gold, self.predicted))
            return classification(confusion(weights, gold, predicted, self.classes))
        truth, guess = (array.astype(np.float64) for array in (self.gold, self.predicted))
        return regression(weights, truth, guess, names)

    def under(self, weights: Floats) -> Floats:
        """The metric under each weighting of the rows, (draws, n) → (draws,)."""
        return self.numbers(weights, [self.metric])[self.metric]

    @cached_property
    def value(self) -> float:
        """The metric itself."""
        return float(self.under(np.ones((1, len(self))))[0])

    def draws(self, count: int = DRAWS) -> Floats:
        """The metric under the resamples that all models on this evaluation set share (count,)."""
        return np.concatenate([self.under(weights) for weights in weightings(len(self), self.groups, count)])

    def without(self) -> Floats:
        """The metric without each row, or without each document, in turn."""
        kinds = self.gold.astype(np.int64) * self.classes + self.predicted.astype(np.int64) if self.classes else None
        return jackknife(self.under, len(self), self.groups, kinds)

    def with_intervals(self, names: Sequence[str]) -> dict[str, Metric]:
        """Some metrics of these rows with their 95 % intervals; what they share is computed once."""
        values = self.numbers(np.ones((1, len(self))), names)
        blocks = [self.numbers(weights, names) for weights in weightings(len(self), self.groups)]
        found = {}
        for name in names:
            value, draws = float(values[name][0]), np.concatenate([block[name] for block in blocks])
            skewed = name in BCA and len(self) > 1
            interval = bca(value, draws, replace(self, metric=name).without()) if skewed else percentile(draws)
            found[name] = Metric(value, *interval)
        return found


def scored(metric: str, predictions: Arrays) -> Scored | None:
    """What stored predictions say of a metric; None where they do not determine it.

    Args:
        metric: as in a record: `accuracy`, `macro.f1`, `valence.pearson`, ...
        predictions: arrays as stored beside a record.

    >>> import numpy as np
    >>> kept = {"gold": np.array([0, 1, 1, 0]), "predicted": np.array([0, 1, 0, 0])}
    >>> scored("accuracy", kept).value, scored("separation", kept)
    (0.75, None)
    """
    prefix = "" if metric in CLASSIFICATION else metric[: metric.rfind(".") + 1]
    arrays = [predictions[prefix + part] for part in ("gold", "predicted") if prefix + part in predictions]
    if len(arrays) < 2 or any(array.ndim != 1 for array in arrays):
        return None
    (gold, predicted), groups, name = arrays, predictions.get(GROUP), metric.removeprefix(prefix)
    if name in REGRESSION:
        return Scored(name, gold, predicted, groups)
    if name in CLASSIFICATION and all(array.dtype.kind in "iub" for array in arrays):
        classes = max(2, 1 + max(int(array.max(initial=0)) for array in arrays))
        return Scored(name, gold, predicted, groups, classes)
    return None


def metrics_of(predictions: Arrays, metrics: Sequence[str], rows: NDArray[np.bool_] | None = None) -> dict[str, Metric]:
    """Numbers with intervals from stored predictions, on all rows or some.

    Args:
        predictions: arrays as stored beside a record.
        metrics: names of the numbers; those that the predictions do not determine are left out.
        rows: which rows count (n,); None for all.
    """
    kept = predictions if rows is None else {name: array[rows] for name, array in predictions.items()}
    found = {name: scored(name, kept) for name in metrics}
    return {name: one.with_intervals([one.metric])[one.metric] for name, one in found.items() if one is not None}
