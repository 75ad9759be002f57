"""Calibration: can the probabilities of the emotion probe be believed?

The probe is that of `emotion`: multinomial logistic regression, its strength chosen on the development split by macro
F1. Expected calibration error with 15 bins of equally many rows, Brier score, log loss (`harness.probes.calibration`).
The calibration error has no interval: resampling rows adds to it, so that a bootstrap of it lies beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.tasks.base import Metric, Outcome, Prepared, PreparedTask, Task, TaskFacts, combined_fingerprint
from harness.tasks.emotion_rows import STRENGTHS, Reading, emotion_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary


@dataclass(frozen=True, kw_only=True)
class EmotionCalibration(TaskFacts):
    """The emotion probe's probabilities on one corpus under one reading of its labels."""

    reading: Reading
    classes: Literal[6, 7]

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the three splits; see `Task.prepare`."""
        train, dev, test = (
            emotion_rows(library, self.corpus, split, self.reading, self.classes) for split in ("train", "dev", "test")
        )
        first, second = len(train.texts), len(train.texts) + len(dev.texts)
        count = len(test.classes)

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            import numpy as np

            from harness.metrics import classification, confusion
            from harness.probes.calibration import (
                BINS,
                brier_scores,
                expected_calibration_error,
                log_losses,
                probabilities,
                reliability,
            )
            from harness.probes.logistic import multinomial
            from harness.tasks.means import mean_metric

            fits = multinomial(embeddings[:first], train.labels, count, STRENGTHS)
            development = []
            for place in range(len(STRENGTHS)):
                guess = fits.decide(embeddings[first:second], place).argmax(axis=1)
                table = confusion(np.ones((1, len(guess))), dev.labels, guess, count)
                development.append(float(classification(table)["macro.f1"][0]))
            best = int(np.argmax(development))
            logits = fits.decide(embeddings[second:], best)
            shares = probabilities(logits)
            brier, losses = brier_scores(shares, test.labels), log_losses(logits, test.labels)
            return Outcome(
                metrics={
                    "ece": Metric(expected_calibration_error(shares, test.labels)),
                    "brier": mean_metric(brier),
                    "log_loss": mean_metric(losses),
                },
                details={
                    "strength": STRENGTHS[best],
                    "bins": BINS,
                    "reliability": [
                        dict(zip(("share", "probability", "accuracy"), row, strict=True))
                        for row in reliability(shares, test.labels).tolist()
                    ],
                    "classes": list(test.classes),
                },
                predictions={"class": test.labels.astype(np.int8), "probabilities": shares.astype(np.float32)},
                counts={"train": first, "dev": second - first, "test": len(test.texts)},
            )

        return PreparedTask(
            texts=(*train.texts, *dev.texts, *test.texts),
            fingerprint=combined_fingerprint(self.protocol, train.examples, dev.examples, test.examples),
            score=score,
            scored=len(test.texts),
        )


def variants() -> list[Task]:
    """The tasks of this family."""
    return [
        EmotionCalibration(
            name="calibration",
            corpus="goemotions",
            protocol="ekman6-mapped/1",
            split="test",
            metrics=("ece", "brier", "log_loss"),
            suites=("extended",),
            summary="probabilities of the GoEmotions probe, six Ekman classes",
            source="Naeini et al. 2015 (AAAI); Nguyen and O'Connor 2015 (EMNLP) for bins of equal mass; Brier 1950",
            corpora=("goemotions",),
            reading="mapped",
            classes=6,
        )
    ]
