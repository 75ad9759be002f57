"""Clustering: do k-means clusters of the vectors agree with the emotions of the texts?

Nothing is fitted to labels. k is the number of emotions, rows are L2-normalised, the best of ten starts counts; the
seed of a run is that of the starts. The interval is over the rows, for the clusters as they are. Metrics after Shah,
Reddy and Bhattacharyya (EMNLP 2023): adjusted mutual information, adjusted Rand index, Fowlkes-Mallows score.
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


@dataclass(frozen=True, kw_only=True)
class EmotionClustering(TaskFacts):
    """Clusters of one split against its emotions."""

    reading: Reading
    classes: Literal[6, 7]

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the split; see `Task.prepare`."""
        rows = emotion_rows(library, self.corpus, self.split, self.reading, self.classes)

        def score(embeddings: NDArray[np.float32], seed: int) -> Outcome:
            import numpy as np

            from harness.metrics import confusion
            from harness.probes.clustering import (
                adjusted_mutual_information,
                adjusted_rand,
                clusters,
                fowlkes_mallows,
            )
            from harness.statistics import weightings

            gold, count = rows.labels, len(rows.classes)
            parts = clusters(embeddings, count, seed)
            draws: dict[str, list[NDArray[np.float64]]] = {name: [] for name in self.metrics}
            for weights in weightings(len(gold)):
                tables = confusion(weights, gold, parts, count)
                draws["ari"].append(adjusted_rand(tables))
                draws["fms"].append(fowlkes_mallows(tables))
                draws["ami"].append(adjusted_mutual_information(tables))
            whole = confusion(np.ones((1, len(gold))), gold, parts, count)
            values = {
                "ami": float(adjusted_mutual_information(whole)[0]),
                "ari": float(adjusted_rand(whole)[0]),
                "fms": float(fowlkes_mallows(whole)[0]),
            }
            return Outcome(
                metrics={name: _centred(values[name], np.concatenate(draws[name])) for name in self.metrics},
                details={"clusters": int(parts.max()) + 1, "classes": list(rows.classes), "table": whole[0].tolist()},
                # Not called predicted: a cluster is no class.
                predictions={"gold": gold.astype(np.int8), "cluster": parts.astype(np.int8)},
                counts={self.split: len(gold)},
            )

        return PreparedTask(
            texts=rows.texts, fingerprint=combined_fingerprint(self.protocol, rows.examples), score=score
        )


def _centred(value: float, draws: NDArray[np.float64]) -> Metric:
    """A number with the percentile interval of its draws, moved so that their mean is the number.

    Repeated rows agree with themselves, which lifts every resample's agreement above that of the rows.
    """
    from harness.statistics import percentile

    return Metric(value, *percentile(draws - draws.mean() + value))


def _task(corpus: str, protocol: str, split: str, summary: str, classes: Literal[6, 7]) -> EmotionClustering:
    return EmotionClustering(
        name="clustering",
        corpus=corpus,
        protocol=protocol,
        split=split,
        metrics=("ami", "ari", "fms"),
        suites=("extended",),
        summary=summary,
        source="Shah, Reddy and Bhattacharyya 2023 (arXiv:2310.18930); k-means of scikit-learn",
        corpora=(corpus,),
        stochastic=True,
        reading="mapped",
        classes=classes,
    )


def variants() -> list[Task]:
    """The tasks of this family."""
    return [
        _task("goemotions", "ekman6-mapped/1", "test", "k-means of GoEmotions test rows, six Ekman classes", 6),
        _task("isear", "emotions7/1", "all", "k-means of ISEAR's situations, seven emotions", 7),
    ]
