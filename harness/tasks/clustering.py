"""Clustering: do k-means clusters of the vectors agree with the emotions of the texts?

Nothing is fitted to labels. k is the number of emotions, rows are L2-normalised, the best of ten starts counts; the
seed of a run is that of the starts. The interval is over the rows, for the clusters as they are. Metrics after Shah,
Reddy and Bhattacharyya (EMNLP 2023): adjusted mutual information, adjusted Rand index, Fowlkes-Mallows score. The first
two are 0 for a partition made by chance; the third is not, so it is read beside the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.metrics import confusion
from harness.statistics import percentile, weightings
from harness.tasks.base import Metric, Outcome, Prepared, Task
from harness.tasks.emotion import EmotionTask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary

    Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class EmotionClustering(EmotionTask):
    """Clusters of one split against its emotions."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the split; see `Task.prepare`."""
        (rows,) = self.rows(library, self.split)

        def score(embeddings: NDArray[np.float32], seed: int) -> Outcome:
            from harness.probes.neighbours import clusters

            gold, count = rows.labels, len(rows.classes)
            parts = clusters(embeddings, count, seed)
            tables = [confusion(weights, gold, parts, count) for weights in weightings(len(gold))]
            whole = confusion(np.ones((1, len(gold))), gold, parts, count)
            metrics = {}
            for name, measure in MEASURES.items():
                value, draws = float(measure(whole)[0]), np.concatenate([measure(block) for block in tables])
                # Repeated rows agree with themselves, which lifts every resample's agreement: the interval is moved
                # so that the mean of its draws is the number.
                metrics[name] = Metric(value, *percentile(draws - draws.mean() + value))
            return Outcome(
                metrics=metrics,
                details={"clusters": int(parts.max()) + 1, "classes": list(rows.classes), "table": whole[0].tolist()},
                # Not called predicted: a cluster is no class.
                predictions={"gold": gold.astype(np.int8), "cluster": parts.astype(np.int8)},
                counts={self.split: len(gold)},
            )

        return self.prepared([rows], score)


def adjusted_rand(tables: Floats) -> Floats:
    """Adjusted Rand index (Hubert and Arabie 1985) of contingency tables (draws, classes, clusters) → (draws,)."""
    both, first, second = _pairs(tables), _pairs(tables.sum(axis=2)), _pairs(tables.sum(axis=1))
    expected = first * second / _choose(tables.sum(axis=(1, 2)))
    most = (first + second) / 2
    # Both partitions trivial and equal: perfect agreement by convention.
    same = most == expected
    return np.where(same, 1.0, (both - expected) / np.where(same, 1.0, most - expected))


def fowlkes_mallows(tables: Floats) -> Floats:
    """Fowlkes-Mallows score (1983) of contingency tables (draws, classes, clusters) → (draws,); 0 where undefined."""
    scale = np.sqrt(_pairs(tables.sum(axis=2)) * _pairs(tables.sum(axis=1)))
    return np.where(scale > 0, _pairs(tables) / np.where(scale > 0, scale, 1.0), 0.0)


def adjusted_mutual_information(tables: Floats) -> Floats:
    """Adjusted mutual information of contingency tables (draws, classes, clusters) of whole rows → (draws,).

    With the arithmetic mean of the entropies, as scikit-learn has it (Vinh, Epps and Bailey 2010).
    """
    from sklearn.metrics.cluster import expected_mutual_information

    shares = tables / tables.sum(axis=(1, 2), keepdims=True)
    entropies = _entropy(shares.sum(axis=2)), _entropy(shares.sum(axis=1))
    mutual = entropies[0] + entropies[1] - _entropy(shares.reshape(len(shares), -1))
    expected = np.empty(len(tables))
    for place, table in enumerate(tables.astype(np.int64)):
        # A class or cluster without rows adds nothing, and scikit-learn wants none.
        kept = table[table.any(axis=1)][:, table.any(axis=0)]
        expected[place] = expected_mutual_information(kept, int(kept.sum()))
    most = (entropies[0] + entropies[1]) / 2 - expected
    # Both partitions trivial: perfect agreement by convention.
    trivial = np.abs(most) < 1e-12
    return np.where(trivial, 1.0, (mutual - expected) / np.where(trivial, 1.0, most))


MEASURES = {"ami": adjusted_mutual_information, "ari": adjusted_rand, "fms": fowlkes_mallows}


def _entropy(shares: Floats) -> Floats:
    """Entropy in nats of each distribution (draws, cells) → (draws,)."""
    return np.asarray(-(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=1))


def _choose(counts: Floats) -> Floats:
    return counts * (counts - 1) / 2


def _pairs(tables: Floats) -> Floats:
    """Pairs within the cells of each draw (draws,)."""
    return np.asarray(_choose(tables).reshape(len(tables), -1).sum(axis=1))


def _task(corpus: str, protocol: str, split: str, summary: str, classes: Literal[6, 7]) -> EmotionClustering:
    return EmotionClustering(
        name="clustering",
        corpus=corpus,
        protocol=protocol,
        split=split,
        metrics=tuple(MEASURES),
        suites=("extended",),
        summary=summary,
        source="Shah, Reddy and Bhattacharyya 2023 (arXiv:2310.18930); k-means of scikit-learn",
        corpora=(corpus,),
        stochastic=True,
        classes=classes,
    )


def variants() -> list[Task]:
    """The tasks of this family."""
    return [
        _task("goemotions", "ekman6-mapped/1", "test", "k-means of GoEmotions test rows, six Ekman classes", 6),
        _task("isear", "emotions7/1", "all", "k-means of ISEAR's situations, seven emotions", 7),
    ]
