"""The numbers of a task from its per-example predictions, each with its interval.

Tasks call `regression_metrics` and `classification_metrics` when they score. What is stored beside a record
(`gold`, `predicted`, or both for each dimension, and the documents as `group`) gives the same numbers again, for some
of the rows (`metrics_of`) or under any weighting of them (`scored`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.metrics import REGRESSION, classification, confusion, regression
from harness.outcome import Metric
from harness.statistics.bootstrap import DRAWS, jackknife, weightings
from harness.statistics.intervals import Interval, bca, percentile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Arrays = Mapping[str, NDArray[np.generic]]

#: Numbers with a BCa interval; all others have the percentile interval.
BCA = frozenset(("macro.f1", "weighted.f1"))

#: Name of the array that holds the document of each row.
GROUP = "group"

_CLASSIFICATION = frozenset(
    ("accuracy", *(f"{average}.{name}" for average in ("macro", "weighted") for name in ("f1", "precision", "recall")))
)


def regression_metrics(gold: Floats, predicted: Floats, groups: Sequence[object] | None = None) -> dict[str, Metric]:
    """Pearson, Spearman, MAE, CCC and R² of one dimension, each with its interval.

    Args:
        gold: labels (n,), in the unit that MAE is to have.
        predicted: predictions (n,).
        groups: documents, for a cluster bootstrap.
    """
    return _with_intervals({name: _regression(name, gold, predicted, groups) for name in REGRESSION})


def classification_metrics(
    gold: NDArray[np.int64], predicted: NDArray[np.int64], classes: int, groups: Sequence[object] | None = None
) -> dict[str, Metric]:
    """Accuracy, macro and weighted F1, precision and recall, each with its interval.

    Args:
        gold: classes (n,), 0 to classes − 1.
        predicted: predicted classes (n,).
        classes: number of classes.
        groups: documents, for a cluster bootstrap.
    """
    first = _classification("accuracy", np.asarray(gold), np.asarray(predicted), groups, classes)
    names = classification(first.matrices(np.ones((1, len(first)))))
    return _with_intervals({name: replace(first, metric=name) for name in names})


@dataclass(frozen=True)
class Scored:
    """A metric of one model on one evaluation set, ready to be computed under any weighting of the rows."""

    metric: str
    """As in `harness.metrics`: `pearson`, `accuracy`, `macro.f1`, ..."""
    gold: NDArray[np.generic]
    """Labels (n,): float64, or int64 classes."""
    predicted: NDArray[np.generic]
    groups: NDArray[np.generic] | None = None
    """Document of each row."""
    classes: int = 0
    """Number of classes; 0 for a regression."""

    def __len__(self) -> int:
        return len(self.gold)

    def matrices(self, weights: Floats) -> Floats:
        """Confusion matrices under weightings (draws, classes, classes)."""
        gold, predicted = (array.astype(np.int64) for array in (self.gold, self.predicted))
        return confusion(weights, gold, predicted, self.classes)

    def under(self, weights: Floats) -> Floats:
        """The metric under each weighting of the rows, (draws, n) → (draws,)."""
        if self.classes:
            return classification(self.matrices(weights))[self.metric]
        gold, predicted = (array.astype(np.float64) for array in (self.gold, self.predicted))
        return regression(weights, gold, predicted, [self.metric])[self.metric]

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

    def interval_of(self, value: float, draws: Floats) -> Interval:
        """The 95 % interval from the metric's draws: BCa for F1, percentile for the rest."""
        if self.metric in BCA and len(self) > 1:
            return bca(value, draws, self.without())
        return percentile(draws)

    def only(self, rows: NDArray[np.bool_]) -> Scored:
        """The same on some of the rows."""
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, gold=self.gold[rows], predicted=self.predicted[rows], groups=groups)


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
    groups = predictions.get(GROUP)
    if metric in _CLASSIFICATION and {"gold", "predicted"} <= set(predictions):
        gold, predicted = predictions["gold"], predictions["predicted"]
        if gold.ndim == predicted.ndim == 1 and gold.dtype.kind in "iub" and predicted.dtype.kind in "iub":
            return _classification(metric, gold, predicted, groups)
        return None
    dimension, _, name = metric.rpartition(".")
    prefix = f"{dimension}." if dimension else ""
    gold_name, predicted_name = f"{prefix}gold", f"{prefix}predicted"
    if name in REGRESSION and {gold_name, predicted_name} <= set(predictions):
        return _regression(name, predictions[gold_name], predictions[predicted_name], groups)
    return None


def metrics_of(predictions: Arrays, metrics: Sequence[str], rows: NDArray[np.bool_] | None = None) -> dict[str, Metric]:
    """Numbers with intervals from stored predictions, on all rows or some.

    Args:
        predictions: arrays as stored beside a record.
        metrics: names of the numbers; those that the predictions do not determine are left out.
        rows: which rows count (n,); None for all.
    """
    found = {name: scored(name, predictions) for name in metrics}
    chosen = {name: score if rows is None else score.only(rows) for name, score in found.items() if score is not None}
    return _with_intervals(chosen)


def _regression(
    metric: str,
    gold: NDArray[np.generic],
    predicted: NDArray[np.generic],
    groups: Sequence[object] | NDArray[np.generic] | None,
) -> Scored:
    documents = None if groups is None else np.asarray(groups)
    return Scored(metric, np.asarray(gold, dtype=np.float64), np.asarray(predicted, dtype=np.float64), documents)


def _classification(
    metric: str,
    gold: NDArray[np.generic],
    predicted: NDArray[np.generic],
    groups: Sequence[object] | NDArray[np.generic] | None,
    classes: int = 0,
) -> Scored:
    arrays = [np.asarray(array, dtype=np.int64) for array in (gold, predicted)]
    most = max((int(array.max()) for array in arrays if len(array)), default=0) + 1
    return Scored(metric, arrays[0], arrays[1], None if groups is None else np.asarray(groups), classes or most)


def _with_intervals(scores: Mapping[str, Scored]) -> dict[str, Metric]:
    """Each number of one evaluation set with its interval; resamples and confusion matrices are made once for all."""
    if not scores:
        return {}
    first = next(iter(scores.values()))
    n = len(first)
    values = _all_under(scores, np.ones((1, n)))
    blocks = [_all_under(scores, weights) for weights in weightings(n, first.groups)]
    found = {}
    for name, score in scores.items():
        value, draws = float(values[name][0]), np.concatenate([block[name] for block in blocks])
        found[name] = Metric(value, *score.interval_of(value, draws))
    return found


def _all_under(scores: Mapping[str, Scored], weights: Floats) -> dict[str, Floats]:
    """Every number under each weighting; all scores are of the same rows."""
    first = next(iter(scores.values()))
    if first.classes:
        numbers = classification(first.matrices(weights))
        return {name: numbers[score.metric] for name, score in scores.items()}
    # Numbers of one dimension share their moments; those of another have arrays of their own.
    dimensions: dict[tuple[int, int], dict[str, Scored]] = {}
    for name, score in scores.items():
        dimensions.setdefault((id(score.gold), id(score.predicted)), {})[name] = score
    found: dict[str, Floats] = {}
    for same in dimensions.values():
        one = next(iter(same.values()))
        gold, predicted = (array.astype(np.float64) for array in (one.gold, one.predicted))
        numbers = regression(weights, gold, predicted, {score.metric for score in same.values()})
        found |= {name: numbers[score.metric] for name, score in same.items()}
    return found
