"""Few-shot probes: how much can be read from 4, 8, … 256 labelled texts of each emotion?

For every draw, growing training sets are taken from the training split, equally many rows of each class, each holding
the smaller one; a multinomial logistic regression (C = 1, features as given) is fitted to each and scored on the whole
test split. Few-shot gains of emotion-aware encoders are reported by Shah, Reddy and Bhattacharyya (EMNLP 2023); C = 1
and no choosing are mteb's classification protocol, which keeps to one size and has no interval.

A number `n16.macro.f1` is the mean over the draws; its interval joins the standard error over the draws with the
sampling error of the test rows, as for several seeds (`harness.statistics.intervals`). `curve.f1` is the mean of macro
F1 over the sizes: the area under the curve over log n. The seed of a run gives other draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness import probes
from harness.metrics import classification, confusion
from harness.outcome import Metric, Outcome
from harness.statistics.bootstrap import seed_interval, standard_error, weightings
from harness.tasks.base import Prepared, Task, prepared
from harness.tasks.emotion import EmotionTask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary

    Floats = NDArray[np.float64]

#: Rows of each class.
SIZES = (4, 8, 16, 32, 64, 128, 256)

#: Draws of training rows.
DRAWS = 20

#: Resamples of the test rows; a standard error needs fewer than the ends of an interval.
RESAMPLES = 200


@dataclass(frozen=True, kw_only=True)
class FewShot(EmotionTask):
    """One corpus under one reading of its labels."""

    sizes: tuple[int, ...] = SIZES
    draws: int = DRAWS

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load training and test split; see `Task.prepare`."""
        train, test = parts = [self.rows(library, split) for split in ("train", "test")]
        first, count = len(train), len(test.classes)

        def score(embeddings: NDArray[np.float32], seed: int) -> Outcome:
            predicted = np.empty((len(self.sizes), self.draws, len(test)), dtype=np.int64)
            for draw in range(self.draws):
                rows = draw_rows(train.labels, max(self.sizes), np.random.default_rng([seed, draw]))
                for place, size in enumerate(self.sizes):
                    few = rows[: size * count]
                    # With four rows of a class there is nothing left to choose C by.
                    fit = probes.logistic.logistic(embeddings[few], train.labels[few], count, [1.0], softmax=True)
                    predicted[place, draw] = fit.decide(embeddings[first:], 0).argmax(axis=1)
            weights = np.concatenate([np.ones((1, len(test.labels))), *weightings(len(test.labels), draws=RESAMPLES)])
            # First weighting: the numbers themselves; the others: their sampling error.
            numbers = np.empty((2, len(self.sizes), self.draws, len(weights)))
            for cell in np.ndindex(len(self.sizes), self.draws):
                found = classification(confusion(weights, test.labels, predicted[cell], count))
                numbers[0][cell], numbers[1][cell] = found["macro.f1"], found["accuracy"]
            metrics = {"curve.f1": _joined(numbers[0].mean(axis=0))}
            for row, size in enumerate(self.sizes):
                metrics[f"n{size}.macro.f1"], metrics[f"n{size}.accuracy"] = map(_joined, numbers[:, row])
            return Outcome(
                metrics=metrics,
                details={
                    "C": 1.0,
                    "classes": list(test.classes),
                    # By number, size and draw.
                    "draws": dict(zip(("macro.f1", "accuracy"), numbers[..., 0].tolist(), strict=True)),
                },
                counts={"train": first, "test": len(test)},
            )

        return prepared(self, parts, score)


def draw_rows(y: NDArray[np.integer], size: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw the same number of rows of every class without replacement.

    The classes alternate, so that the first `k · classes` rows hold k of each: one draw serves every smaller size.

    Args:
        y: classes (n,).
        size: rows of each class.
        generator: decides which.

    Returns:
        Row numbers (size · classes,).

    Raises:
        ValueError: a class has too few rows.
    """
    values, counts = np.unique(y, return_counts=True)
    if counts.min() < size:
        raise ValueError(f"class {values[counts.argmin()]} has {counts.min()} rows, fewer than {size}")
    chosen = [generator.permutation(np.flatnonzero(y == value))[:size] for value in values]
    return np.stack(chosen, axis=1).reshape(-1).astype(np.int64)


def _joined(numbers: Floats) -> Metric:
    """Mean over the draws, with the uncertainty of both samples.

    Args:
        numbers: (draws, 1 + resamples), the first column on the rows as they are.
    """
    own = numbers[:, 0]
    sampling = float(numbers[:, 1:].mean(axis=0).std(ddof=1))
    low, high = seed_interval(float(own.mean()), sampling, [(standard_error(own.tolist()), len(own) - 1)])
    return Metric(float(own.mean()), max(low, 0.0), min(high, 1.0))


def variants() -> list[Task]:
    """The tasks of this family."""
    return [
        FewShot(
            name="few-shot",
            corpus="goemotions",
            protocol="ekman6-mapped/1",
            split="test",
            metrics=(
                "curve.f1",
                *(f"n{size}.{name}" for size in SIZES for name in ("macro.f1", "accuracy")),
            ),
            summary=f"GoEmotions, six Ekman classes from 4 to 256 rows of each, {DRAWS} draws",
            source="Shah, Reddy and Bhattacharyya 2023 (arXiv:2310.18930); mteb's classification protocol",
            stochastic=True,
        )
    ]
