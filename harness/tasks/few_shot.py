"""Few-shot probes: how much can be read from 4, 8, … 256 labelled texts of each emotion?

For every draw, growing training sets are taken from the training split, equally many rows of each class, each holding
the smaller one; a multinomial logistic regression (C = 1, features as given) is fitted to each and scored on the whole
test split. Few-shot gains of emotion-aware encoders are reported by Shah, Reddy and Bhattacharyya (EMNLP 2023); C = 1
and no choosing are mteb's classification protocol, which keeps to one size and has no interval.

A number `n16.macro.f1` is the mean over the draws; its interval joins the standard error over the draws with the
sampling error of the test rows, as for several seeds (`harness.statistics.seeds`). `curve.f1` is the mean of macro F1
over the sizes: the area under the curve over log n. The seed of a run gives other draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.tasks.base import Metric, Outcome, Prepared, PreparedTask, Task, TaskFacts, combined_fingerprint
from harness.tasks.emotion_rows import Reading, emotion_rows

if TYPE_CHECKING:
    import numpy as np
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
class FewShot(TaskFacts):
    """One corpus under one reading of its labels."""

    reading: Reading
    classes: Literal[6, 7]
    sizes: tuple[int, ...] = SIZES
    draws: int = DRAWS

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load training and test split; see `Task.prepare`."""
        train, test = (
            emotion_rows(library, self.corpus, split, self.reading, self.classes) for split in ("train", "test")
        )
        first = len(train.texts)
        count = len(test.classes)

        def score(embeddings: NDArray[np.float32], seed: int) -> Outcome:
            import numpy as np

            from harness.metrics import classification, confusion
            from harness.probes.few_shot import draw_rows, learning_curve
            from harness.statistics import weightings

            rows = [
                draw_rows(train.labels, max(self.sizes), np.random.default_rng([seed, draw]))
                for draw in range(self.draws)
            ]
            predicted = learning_curve(embeddings[:first], train.labels, embeddings[first:], self.sizes, rows)
            weights = np.concatenate([np.ones((1, len(test.labels))), *weightings(len(test.labels), draws=RESAMPLES)])
            # First weighting: the numbers themselves; the others: their sampling error.
            numbers = np.empty((2, len(self.sizes), self.draws, len(weights)))
            for place in np.ndindex(len(self.sizes), self.draws):
                found = classification(confusion(weights, test.labels, predicted[place], count))
                numbers[0][place], numbers[1][place] = found["macro.f1"], found["accuracy"]
            metrics = {"curve.f1": _joined(numbers[0].mean(axis=0))}
            curve = {}
            for row, size in enumerate(self.sizes):
                f1, accuracy = numbers[:, row]
                metrics[f"n{size}.macro.f1"], metrics[f"n{size}.accuracy"] = _joined(f1), _joined(accuracy)
                curve[str(size)] = {"macro.f1": _spread(f1[:, 0]), "accuracy": _spread(accuracy[:, 0])}
            return Outcome(
                metrics=metrics,
                details={"draws": self.draws, "strength": 1.0, "curve": curve, "classes": list(test.classes)},
                counts={"train": first, "test": len(test.texts)},
            )

        return PreparedTask(
            texts=(*train.texts, *test.texts),
            fingerprint=combined_fingerprint(self.protocol, train.examples, test.examples),
            score=score,
            scored=len(test.texts),
        )


def _joined(numbers: Floats) -> Metric:
    """Mean over the draws, with the uncertainty of both samples.

    Args:
        numbers: (draws, 1 + resamples), the first column on the rows as they are.
    """
    from harness.statistics import seed_interval, standard_error

    own = numbers[:, 0]
    sampling = float(numbers[:, 1:].mean(axis=0).std(ddof=1))
    low, high = seed_interval(float(own.mean()), sampling, [(standard_error(own.tolist()), len(own) - 1)])
    return Metric(float(own.mean()), max(low, 0.0), min(high, 1.0))


def _spread(values: Floats) -> dict[str, float]:
    """What a band of the curve is drawn from."""
    from harness.statistics import standard_error

    return {
        "mean": float(values.mean()),
        "standard_error": standard_error(values.tolist()),
        "standard_deviation": float(values.std(ddof=1)),
        "lowest": float(values.min()),
        "highest": float(values.max()),
    }


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
            suites=("extended",),
            summary=f"GoEmotions, six Ekman classes from 4 to 256 rows of each, {DRAWS} draws",
            source="Shah, Reddy and Bhattacharyya 2023 (arXiv:2310.18930); mteb's classification protocol",
            corpora=("goemotions",),
            stochastic=True,
            reading="mapped",
            classes=6,
        )
    ]
