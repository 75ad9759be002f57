"""Retrieval: does a text find the texts of its own emotion among all others?

Every row of the split asks and all others are searched by cosine, exactly; equally near rows stand in an order that is
drawn once. Nothing is fitted. Metrics after Shah, Reddy and Bhattacharyya (EMNLP 2023): mean reciprocal rank,
precision at 1 and MAP@R; intervals are over the queries. Chance depends on the class shares: a query of a frequent
class finds its like without any skill, so the means over classes stand in the record's details.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.tasks.base import Outcome, Prepared, Task, mean_metric
from harness.tasks.emotion import EmotionTask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary


@dataclass(frozen=True, kw_only=True)
class EmotionRetrieval(EmotionTask):
    """Each row of one split searches the others."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the split; see `Task.prepare`."""
        (rows,) = self.rows(library, self.split)

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            from harness.probes.neighbours import retrieve

            found = retrieve(embeddings, rows.labels)
            measures = dict(
                zip(self.metrics, (found.map_at_r, found.reciprocal_rank, found.precision_at_1), strict=True)
            )
            asked = rows.labels[found.queries]
            per_class = {
                rows.classes[one]: {name: float(values[asked == one].mean()) for name, values in measures.items()}
                for one in np.unique(asked)
            }
            return Outcome(
                metrics={name: mean_metric(values) for name, values in measures.items()},
                details={
                    "mean_over_classes": {
                        name: float(np.mean([own[name] for own in per_class.values()])) for name in measures
                    },
                    "per_class": per_class,
                },
                predictions={"class": asked.astype(np.int8), **{k: v.astype(np.float32) for k, v in measures.items()}},
                counts={self.split: len(rows.texts), "queries": len(found.queries)},
            )

        return self.prepared([rows], score)


def _task(corpus: str, protocol: str, split: str, summary: str, classes: Literal[6, 7]) -> EmotionRetrieval:
    return EmotionRetrieval(
        name="retrieval",
        corpus=corpus,
        protocol=protocol,
        split=split,
        metrics=("map_at_r", "mrr", "precision_at_1"),
        suites=("extended",),
        summary=summary,
        source="Shah, Reddy and Bhattacharyya 2023 (arXiv:2310.18930); MAP@R: Musgrave et al. 2020 (arXiv:2003.08505)",
        corpora=(corpus,),
        classes=classes,
    )


def variants() -> list[Task]:
    """The tasks of this family."""
    return [
        _task("goemotions", "ekman6-mapped/1", "test", "GoEmotions test rows find rows of their Ekman class", 6),
        _task("isear", "emotions7/1", "all", "ISEAR's situations find situations of their emotion", 7),
    ]
