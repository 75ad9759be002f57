"""Geometry of the embeddings of labelled texts: no probe, nothing fitted.

Alignment and uniformity (Wang and Isola 2020) over the whole set. Both shrink together when an encoder puts all
texts close to one another, so separation, which is free of scale, and the effective rank stand beside them.
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
class EmotionGeometry(TaskFacts):
    """Geometry of one split's embeddings; texts of one emotion are positives."""

    reading: Reading
    classes: Literal[6, 7]

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the split; see `Task.prepare`."""
        rows = emotion_rows(library, self.corpus, self.split, self.reading, self.classes)

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            from harness.probes.geometry import geometry

            found = geometry(embeddings, rows.labels)
            return Outcome(
                metrics={name: Metric(float(getattr(found, name))) for name in self.metrics},
                details={"zero_rows": found.zero_rows},
                counts={self.split: len(rows.texts)},
            )

        return PreparedTask(
            texts=rows.texts, fingerprint=combined_fingerprint(self.protocol, rows.examples), score=score
        )


def _task(corpus: str, protocol: str, reading: Reading, summary: str, suite: str) -> EmotionGeometry:
    return EmotionGeometry(
        name="geometry",
        corpus=corpus,
        protocol=protocol,
        split="test",
        # Separation first: the others reward a collapsed encoder.
        metrics=("separation", "alignment", "uniformity", "effective_rank"),
        suites=(suite,),
        summary=summary,
        source="Wang and Isola 2020 (arXiv:2005.10242), SsnL/align_uniform; Roy and Vetterli 2007",
        corpora=(corpus,),
        reading=reading,
        classes=6,
    )


def variants() -> list[Task]:
    """The tasks of this family."""
    return [
        _task("goemotions", "ekman6-mapped/1", "mapped", "GoEmotions test rows of one Ekman class", "paper"),
        _task("sample", "ekman6-single/1", "single", "the embedded sample; no benchmark of record", "sample"),
    ]
