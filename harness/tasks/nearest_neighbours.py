"""Nearest neighbours: the emotion that most of the nearest training texts have, by cosine.

The number of neighbours is chosen on the development split by macro F1. A probe without weights: it shows how emotions
lie in the space itself, where a linear probe may stretch it. Beside the linear probe of `emotion` on the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.statistics import classification_metrics
from harness.tasks.base import Outcome, Prepared, Task
from harness.tasks.emotion import EmotionTask, macro_f1

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary

#: Numbers of neighbours to choose from; those above the number of training rows are left out.
SIZES = (1, 3, 5, 11, 21, 51, 101, 201)


@dataclass(frozen=True, kw_only=True)
class EmotionNeighbours(EmotionTask):
    """One corpus under one reading of its labels."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the three splits; see `Task.prepare`."""
        train, dev, test = parts = self.rows(library, "train", "dev", "test")
        first, second = len(train.texts), len(train.texts) + len(dev.texts)
        count, sizes = len(test.classes), [size for size in SIZES if size <= first]

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            from harness.probes.neighbours import decide, neighbour_votes

            votes = neighbour_votes(embeddings[:first], train.labels, count, embeddings[first:second], sizes)
            development = [macro_f1(dev.labels, decide(own, train.labels), count) for own in votes]
            best = int(np.argmax(development))
            votes = neighbour_votes(embeddings[:first], train.labels, count, embeddings[second:], [sizes[best]])
            predicted = decide(votes[0], train.labels)
            numbers = classification_metrics(test.labels, predicted, count)
            return Outcome(
                metrics={name: numbers[name] for name in self.metrics},
                details={
                    "neighbours": sizes[best],
                    "sizes": sizes,
                    "development_macro_f1": development,
                    "classes": list(test.classes),
                },
                predictions={"gold": test.labels.astype(np.int8), "predicted": predicted.astype(np.int8)},
                counts={"train": first, "dev": second - first, "test": len(test.texts)},
            )

        return self.prepared(parts, score)


def variants() -> list[Task]:
    """The tasks of this family."""
    return [
        EmotionNeighbours(
            name="nearest-neighbours",
            corpus="goemotions",
            protocol="ekman6-mapped/1",
            split="test",
            metrics=("macro.f1", "accuracy", "macro.precision", "macro.recall"),
            suites=("extended",),
            summary="GoEmotions, six Ekman classes by the nearest training texts",
            source="Cover and Hart 1967; cosine, number of neighbours chosen on dev",
            corpora=("goemotions",),
        )
    ]
