"""Geometry of the embeddings of labelled texts: no probe, nothing fitted.

Alignment and uniformity (Wang and Isola 2020) over the whole set. Both shrink together when an encoder puts all texts
close to one another, so separation, which is free of scale, and the effective rank stand beside them. Texts of one
emotion are positives, or, in the rating corpora, texts of one polarity.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness import probes
from harness.corpora.base import CorpusLibrary
from harness.corpora.goemotions import Reading
from harness.outcome import Metric, Outcome
from harness.tasks.base import RATINGS, Prepared, Rows, prepared, ratings_suite
from harness.tasks.emotion import EmotionTask
from harness.tasks.polarity import signed_rows


@dataclass(frozen=True, kw_only=True)
class Geometry(EmotionTask):
    """Geometry of one split's embeddings."""

    def rows(self, library: CorpusLibrary, split: str) -> Rows:
        """Texts of one emotion, or of clear polarity."""
        rated = self.corpus in RATINGS
        return signed_rows(library.load(self.corpus, split)) if rated else super().rows(library, split)

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the split; see `Task.prepare`."""
        rows = self.rows(library, self.split)

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            found = probes.geometry.geometry(embeddings, rows.labels)
            return Outcome(
                metrics={name: Metric(float(getattr(found, name))) for name in self.metrics},
                details={"zero_rows": found.zero_rows},
                counts={self.split: len(rows)},
            )

        return prepared(self, [rows], score)


def _task(corpus: str, protocol: str, summary: str, suite: str, split: str, reading: Reading = "mapped") -> Geometry:
    return Geometry(
        name="geometry",
        corpus=corpus,
        protocol=protocol,
        split=split,
        # Separation first: the others reward a collapsed encoder.
        metrics=("separation", "alignment", "uniformity", "effective_rank"),
        suites=(suite,),
        summary=summary,
        source="Wang and Isola 2020 (arXiv:2005.10242), SsnL/align_uniform; Roy and Vetterli 2007",
        reading=reading,
    )


def variants() -> list[Geometry]:
    """The tasks of this family."""
    selected = "GoEmotions test rows of one of the six basic emotions alone"
    return [
        _task("goemotions", "ekman6-selected/1", selected, "paper", "test", "selected"),
        _task("goemotions", "ekman6-mapped/1", "GoEmotions test rows of one Ekman class", "paper", "test"),
        *(
            _task(c, "sign/1", f"{t} of one polarity (|mean| ≥ 0.5)", ratings_suite(c), "all")
            for c, t in RATINGS.items()
        ),
    ]
