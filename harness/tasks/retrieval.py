"""Retrieval: does a text find the texts of its own emotion among all others?

Every row of the split asks and all others are searched by cosine, exactly; equally near rows stand in an order that is
drawn once. Nothing is fitted. Metrics after Shah, Reddy and Bhattacharyya (EMNLP 2023): mean reciprocal rank, precision
at 1 and MAP@R (`harness.probes.retrieval`); intervals are over the queries. Chance depends on the class shares: a
query of a frequent class finds its like without any skill, so the means over classes stand in the record's details.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.tasks.base import Outcome, Prepared, PreparedTask, Task, TaskFacts, combined_fingerprint
from harness.tasks.emotion_rows import Reading, emotion_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary


@dataclass(frozen=True, kw_only=True)
class EmotionRetrieval(TaskFacts):
    """Each row of one split searches the others."""

    reading: Reading
    classes: Literal[6, 7]

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the split; see `Task.prepare`."""
        rows = emotion_rows(library, self.corpus, self.split, self.reading, self.classes)

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            import numpy as np

            from harness.probes.retrieval import retrieve
            from harness.tasks.means import mean_metric

            found = retrieve(embeddings, rows.labels)
            measures = {
                "map_at_r": found.map_at_r,
                "mrr": found.reciprocal_rank,
                "precision_at_1": found.precision_at_1,
            }
            asked = rows.labels[found.queries]
            present = np.unique(asked)
            return Outcome(
                metrics={name: mean_metric(values) for name, values in measures.items()},
                details={
                    "mean_over_classes": {
                        name: float(np.mean([values[asked == one].mean() for one in present]))
                        for name, values in measures.items()
                    },
                    "per_class": {
                        rows.classes[one]: {
                            name: float(values[asked == one].mean()) for name, values in measures.items()
                        }
                        for one in present
                    },
                },
                predictions={"class": asked.astype(np.int8), **{k: v.astype(np.float32) for k, v in measures.items()}},
                counts={self.split: len(rows.texts), "queries": len(found.queries)},
            )

        return PreparedTask(
            texts=rows.texts, fingerprint=combined_fingerprint(self.protocol, rows.examples), score=score
        )


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
        reading="mapped",
        classes=classes,
    )


def variants() -> list[Task]:
    """The tasks of this family."""
    return [
        _task("goemotions", "ekman6-mapped/1", "test", "GoEmotions test rows find rows of their Ekman class", 6),
        _task("isear", "emotions7/1", "all", "ISEAR's situations find situations of their emotion", 7),
    ]
