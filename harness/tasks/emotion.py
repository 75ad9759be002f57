"""Emotion classification: multinomial logistic regression on frozen vectors, GoEmotions mapped to Ekman's classes.

GoEmotions rows carry several of 28 labels; the protocol's name says which rows count: `mapped` maps first and keeps
rows with one Ekman class, `single` keeps rows with one fine label, `neutral-dropped` ignores a neutral tag beside
an emotion. Six classes leave neutral rows out, seven keep them. More than half of the rows are joy, so macro F1
stands beside accuracy, and chooses the strength.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from harness.tasks.base import Outcome, Prepared, PreparedTask, Task, TaskFacts, combined_fingerprint
from harness.tasks.emotion_rows import STRENGTHS, Reading, emotion_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary

METRICS = (
    "accuracy",
    "macro.f1",
    "macro.precision",
    "macro.recall",
    "weighted.f1",
    "weighted.precision",
    "weighted.recall",
)


@dataclass(frozen=True, kw_only=True)
class Emotion(TaskFacts):
    """One corpus under one reading of its labels."""

    reading: Reading
    classes: Literal[6, 7]

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the three splits; see `Task.prepare`."""
        train, dev, test = (
            emotion_rows(library, self.corpus, split, self.reading, self.classes) for split in ("train", "dev", "test")
        )
        first, second = len(train.texts), len(train.texts) + len(dev.texts)
        names = test.classes

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            import numpy as np

            from harness.metrics import classification, confusion, per_class
            from harness.probes.logistic import multinomial
            from harness.statistics import classification_metrics

            def matrix(gold: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.float64]:
                return confusion(np.ones((1, len(gold))), gold, predicted, len(names))

            fits = multinomial(embeddings[:first], train.labels, len(names), STRENGTHS, embeddings[first:])
            development = [
                float(
                    classification(matrix(dev.labels, fits.decide(embeddings[first:second], i).argmax(axis=1)))[
                        "macro.f1"
                    ][0]
                )
                for i in range(len(STRENGTHS))
            ]
            best = int(np.argmax(development))
            predicted = fits.decide(embeddings[second:], best).argmax(axis=1)
            matrices = matrix(test.labels, predicted)
            precision, recall, f1, support = (values[0] for values in per_class(matrices))
            return Outcome(
                metrics=classification_metrics(test.labels, predicted, len(names)),
                details={
                    "strength": STRENGTHS[best],
                    "development_macro_f1": development,
                    "convergence": asdict(fits.convergence),
                    "classes": list(names),
                    "per_class": {
                        name: {
                            "precision": float(precision[i]),
                            "recall": float(recall[i]),
                            "f1": float(f1[i]),
                            "support": int(support[i]),
                        }
                        for i, name in enumerate(names)
                    },
                    "confusion": matrices[0].astype(int).tolist(),
                },
                predictions={"gold": test.labels.astype(np.int8), "predicted": predicted.astype(np.int8)},
                counts={"train": first, "dev": second - first, "test": len(test.texts)},
            )

        return PreparedTask(
            texts=(*train.texts, *dev.texts, *test.texts),
            fingerprint=combined_fingerprint(self.protocol, train.examples, dev.examples, test.examples),
            score=score,
            scored=len(test.texts),
        )


def _task(corpus: str, protocol: str, reading: Reading, classes: Literal[6, 7], summary: str, *suites: str) -> Emotion:
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
    go = "goemotions"
    return [
        _task(
            go, "ekman6-mapped/1", "mapped", 6, "GoEmotions, six Ekman classes, labels mapped first", "paper", "recipes"
        ),
        _task("sample", "ekman6-single/1", "single", 6, "the embedded sample; no benchmark of record", "sample"),
        _task(go, "ekman7-mapped/1", "mapped", 7, "GoEmotions, neutral as a seventh class", "extended"),
        _task(go, "ekman6-single/1", "single", 6, "GoEmotions rows with one fine label, six classes", "extended"),
        _task(go, "ekman7-single/1", "single", 7, "GoEmotions, neutral as a seventh class", "extended"),
        _task(
            go,
            "ekman6-neutral-dropped/1",
            "neutral-dropped",
            6,
            "GoEmotions, neutral ignored beside an emotion, six classes",
            "extended",
        ),
    ]
