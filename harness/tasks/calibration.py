"""Calibration: can the probabilities of the emotion probe be believed?

The probe is that of `emotion`. Expected calibration error with 15 bins of equally many rows, Brier score, log loss
(`harness.metrics`). The calibration error has no interval: resampling rows adds to it, so that a bootstrap of it lies
beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.metrics import BINS, brier_scores, expected_calibration_error, log_losses, probabilities, reliability
from harness.tasks.base import Metric, Outcome, Prepared, Task, mean_metric
from harness.tasks.emotion import EmotionTask, fitted_on

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary


@dataclass(frozen=True, kw_only=True)
class EmotionCalibration(EmotionTask):
    """The emotion probe's probabilities on one corpus under one reading of its labels."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the three splits; see `Task.prepare`."""
        train, dev, test = parts = self.rows(library, "train", "dev", "test")

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            fits, best, details = fitted_on(train, dev, embeddings)
            logits = fits.decide(embeddings[-len(test.texts) :], best)
            shares = probabilities(logits)
            curve = reliability(shares, test.labels).tolist()
            return Outcome(
                metrics={
                    "ece": Metric(expected_calibration_error(shares, test.labels)),
                    "brier": mean_metric(brier_scores(shares, test.labels)),
                    "log_loss": mean_metric(log_losses(logits, test.labels)),
                },
                details={
                    **details,
                    "bins": BINS,
                    "reliability": [dict(zip(("share", "probability", "accuracy"), row, strict=True)) for row in curve],
                },
                predictions={"class": test.labels.astype(np.int8), "probabilities": shares.astype(np.float32)},
                counts={"train": len(train.texts), "dev": len(dev.texts), "test": len(test.texts)},
            )

        return self.prepared(parts, score)


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
        )
    ]
