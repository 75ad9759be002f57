"""Emotion classification: multinomial logistic regression on frozen vectors, GoEmotions mapped to Ekman's classes.

GoEmotions rows carry several of 28 labels; the protocol's name says which rows count: `selected` keeps rows whose only
label is one of the six basic emotions by its own name, `mapped` maps first and keeps rows with one Ekman class,
`single` keeps rows with one fine label, `neutral-dropped` ignores a neutral tag beside an emotion. Six classes leave
neutral rows out, seven keep them. Mapped, more than half of the rows are joy, so macro F1 stands beside accuracy, and
chooses C.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.corpora.goemotions import Reading
from harness.metrics import confusion, per_class
from harness.statistics import classification_metrics
from harness.tasks.base import Outcome, Prepared, Task
from harness.tasks.emotion_rows import EmotionTask, fitted_on

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary

METRICS = (
    *("accuracy", "macro.f1", "macro.precision", "macro.recall"),
    *("weighted.f1", "weighted.precision", "weighted.recall"),
)


@dataclass(frozen=True, kw_only=True)
class Emotion(EmotionTask):
    """One corpus under one reading of its labels."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the three splits; see `Task.prepare`."""
        train, dev, test = parts = self.rows(library, "train", "dev", "test")
        names = test.classes

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            fits, best, details = fitted_on(train, dev, embeddings)
            predicted = fits.decide(embeddings[-len(test.texts) :], best).argmax(axis=1)
            matrices = confusion(np.ones((1, len(predicted))), test.labels, predicted, len(names))
            numbers = np.array([values[0] for values in per_class(matrices)])
            return Outcome(
                metrics=classification_metrics(test.labels, predicted, len(names)),
                details={
                    **details,
                    "per_class": {
                        name: dict(zip(("precision", "recall", "f1", "support"), numbers[:, i].tolist(), strict=True))
                        for i, name in enumerate(names)
                    },
                    "confusion": matrices[0].astype(int).tolist(),
                },
                predictions={"gold": test.labels.astype(np.int8), "predicted": predicted.astype(np.int8)},
                counts={"train": len(train.texts), "dev": len(dev.texts), "test": len(test.texts)},
            )

        return self.prepared(parts, score)


def _task(
    protocol: str, reading: Reading, classes: Literal[6, 7], summary: str, *suites: str, corpus: str = "goemotions"
) -> Emotion:
    return Emotion(
        name="emotion",
        corpus=corpus,
        protocol=protocol,
        split="test",
        metrics=METRICS,
        suites=suites,
        summary=summary,
        source="Demszky et al. 2020 (arXiv:2005.00547), the authors' ekman_mapping.json",
        corpora=(corpus,),
        reading=reading,
        classes=classes,
    )


def variants() -> list[Task]:
    """The tasks of this family; the paper's reading first."""
    go = "GoEmotions, neutral as a seventh class"
    dropped = "GoEmotions, neutral ignored beside an emotion, six classes"
    return [
        _task("ekman6-selected/1", "selected", 6, "GoEmotions, rows of the six basic emotions alone", "paper"),
        _task("ekman6-mapped/1", "mapped", 6, "GoEmotions, six Ekman classes, labels mapped first", "paper", "recipes"),
        _task("ekman6-single/1", "single", 6, "made-up sentences, no benchmark", "sample", corpus="sample"),
        _task("ekman7-mapped/1", "mapped", 7, go, "extended"),
        _task("ekman6-single/1", "single", 6, "GoEmotions rows with one fine label, six classes", "extended"),
        _task("ekman7-single/1", "single", 7, go, "extended"),
        _task("ekman6-neutral-dropped/1", "neutral-dropped", 6, dropped, "extended"),
    ]
