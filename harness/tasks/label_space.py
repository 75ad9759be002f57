"""Emotions in the space of the vectors as they are: k-means clusters, retrieval, nearest neighbours, all by cosine.

- `clustering`: do k-means clusters agree with the emotions? k is the number of emotions, the best of ten starts counts;
  the seed of a run is that of the starts. The interval is over the rows, for the clusters as they are. Adjusted mutual
  information and adjusted Rand index are 0 for a partition made by chance; the Fowlkes-Mallows score is not, so it is
  read beside the others.
- `retrieval`: does a text find the texts of its own emotion among all others? Every row asks and all others are
  searched exactly; equally near rows stand in an order that is drawn once. Intervals are over the queries. A query of a
  frequent class finds its like without any skill, so the means of each class stand in the record's details.
- `nearest-neighbours`: the emotion that most of the nearest training texts have, their number chosen on the development
  split by macro F1. It shows how emotions lie in the space itself, where the linear probe of `emotion` may stretch it.

Metrics of the first two after Shah, Reddy and Bhattacharyya (EMNLP 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import probes
from harness.metrics import confusion
from harness.outcome import Metric, Outcome
from harness.statistics.bootstrap import percentile, weightings
from harness.tasks.base import Prepared, Task, classified, mean_metric, number, prepared
from harness.tasks.emotion import EmotionTask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary

    Floats = NDArray[np.float64]

#: Numbers of neighbours to choose from; those above the number of training rows are left out.
SIZES = (1, 3, 5, 11, 21, 51, 101, 201)


@dataclass(frozen=True, kw_only=True)
class EmotionClustering(EmotionTask):
    """Clusters of one split against its emotions."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the split; see `Task.prepare`."""
        rows = self.rows(library, self.split)

        def score(embeddings: NDArray[np.float32], seed: int) -> Outcome:
            gold, count = rows.labels, len(rows.classes)
            parts = probes.neighbours.clusters(embeddings, count, seed)
            counts = np.concatenate(list(weightings(len(gold)))).astype(np.int64)
            metrics = {}
            for name, measure in probes.neighbours.AGREEMENTS.items():
                value = float(measure(gold, parts))
                draws = np.array([measure(np.repeat(gold, row), np.repeat(parts, row)) for row in counts])
                # Repeated rows agree with themselves, which lifts every resample's agreement: the interval is moved
                # so that the mean of its draws is the number.
                metrics[name] = Metric(value, *percentile(np.minimum(draws - draws.mean() + value, 1.0)))
            table = confusion(np.ones((1, len(gold))), gold, parts, count)[0].tolist()
            return Outcome(
                metrics=metrics,
                details={"clusters": int(parts.max()) + 1, "classes": list(rows.classes), "table": table},
                # Not called predicted: a cluster is no class.
                predictions={"gold": gold.astype(np.int8), "cluster": parts.astype(np.int8)},
                counts={self.split: len(gold)},
            )

        return prepared(self, [rows], score)


@dataclass(frozen=True, kw_only=True)
class EmotionRetrieval(EmotionTask):
    """Each row of one split searches the others."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the split; see `Task.prepare`."""
        rows = self.rows(library, self.split)

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            found = probes.neighbours.retrieve(embeddings, rows.labels)
            measures = {
                "map_at_r": found.map_at_r,
                "mrr": found.reciprocal_rank,
                "precision_at_1": found.precision_at_1,
            }
            asked = rows.labels[found.queries]
            per_class = {
                rows.classes[one]: {name: float(values[asked == one].mean()) for name, values in measures.items()}
                for one in np.unique(asked)
            }
            return Outcome(
                metrics={name: mean_metric(values) for name, values in measures.items()},
                details={"per_class": per_class},
                predictions={"class": asked.astype(np.int8), **{k: v.astype(np.float32) for k, v in measures.items()}},
                counts={self.split: len(rows.texts), "queries": len(found.queries)},
            )

        return prepared(self, [rows], score)


@dataclass(frozen=True, kw_only=True)
class EmotionNeighbours(EmotionTask):
    """The nearest training rows vote on each test row."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the three splits; see `Task.prepare`."""
        train, dev, test = parts = [self.rows(library, split) for split in ("train", "dev", "test")]
        first, second = len(train), len(train) + len(dev)
        count, sizes = len(test.classes), [size for size in SIZES if size <= first]

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            def predicted(asked: NDArray[np.float32], sizes: list[int]) -> list[NDArray[np.int64]]:
                votes = probes.neighbours.neighbour_votes(embeddings[:first], train.labels, count, asked, sizes)
                return [probes.neighbours.decide(own, train.labels) for own in votes]

            guesses = predicted(embeddings[first:second], sizes)
            development = [number("macro.f1", dev.labels, own, count) for own in guesses]
            best = sizes[int(np.argmax(development))]
            details = {"neighbours": best, "sizes": sizes, "development": development}
            return classified(self, parts, predicted(embeddings[second:], [best])[0], details)

        return prepared(self, parts, score)


def variants() -> list[Task]:
    """The tasks of the three families."""
    shah = "Shah, Reddy and Bhattacharyya 2023 (arXiv:2310.18930)"
    go: dict[str, Any] = {"corpus": "goemotions", "protocol": "ekman6-mapped/1", "split": "test"}
    isear: dict[str, Any] = {"corpus": "isear", "protocol": "emotions7/1", "split": "all", "classes": 7}
    clustering = partial(
        EmotionClustering,
        name="clustering",
        metrics=("ami", "ari", "fms"),
        source=f"{shah}; k-means of scikit-learn",
        stochastic=True,
    )
    retrieval = partial(
        EmotionRetrieval,
        name="retrieval",
        metrics=("map_at_r", "mrr", "precision_at_1"),
        source=f"{shah}; MAP@R: Musgrave et al. 2020 (arXiv:2003.08505)",
    )
    return [
        clustering(summary="k-means of GoEmotions test rows, six Ekman classes", **go),
        clustering(summary="k-means of ISEAR's situations, seven emotions", **isear),
        retrieval(summary="GoEmotions test rows find rows of their Ekman class", **go),
        retrieval(summary="ISEAR's situations find situations of their emotion", **isear),
        EmotionNeighbours(
            name="nearest-neighbours",
            metrics=("macro.f1", "accuracy", "macro.precision", "macro.recall"),
            summary="GoEmotions, six Ekman classes by the nearest training texts",
            source="Cover and Hart 1967; cosine, number of neighbours chosen on dev",
            **go,
        ),
    ]
