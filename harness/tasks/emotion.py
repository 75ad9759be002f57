"""Texts with one emotion each, and their classification: multinomial logistic regression on frozen vectors.

GoEmotions rows carry several of 28 labels; the protocol's name says which rows count: `selected` keeps rows whose only
label is one of the six basic emotions by its own name, `mapped` maps first and keeps rows with one Ekman class,
`single` keeps rows with one fine label, `neutral-dropped` ignores a neutral tag beside an emotion. Six classes leave
neutral rows out, seven keep them. Mapped, more than half of the rows are joy, so macro F1 stands beside accuracy, and
chooses C. The rows and the probe are those of the other families over emotions, too.

`calibration` asks whether the probe's probabilities can be believed: expected calibration error with 15 bins of equally
many rows, Brier score, log loss. The calibration error has no interval: resampling rows adds to it, so that a bootstrap
of it lies beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.corpora.goemotions import Reading, ekman
from harness.metrics import (
    BINS,
    brier_scores,
    classification,
    confusion,
    expected_calibration_error,
    log_losses,
    per_class,
    probabilities,
    reliability,
)
from harness.tasks.base import Metric, Outcome, Prepared, Task, classified, combined_fingerprint, fit_facts, mean_metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples
    from harness.probes.logistic import Fits

#: Values of C of the linear probe, chosen on the development split by macro F1.
C_GRID = tuple(2.0**power for power in range(-4, 7))

METRICS = (
    *("accuracy", "macro.f1", "macro.precision", "macro.recall"),
    *("weighted.f1", "weighted.precision", "weighted.recall"),
)


@dataclass(frozen=True)
class EmotionRows:
    """Rows of one split."""

    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    examples: Examples


def emotion_rows(
    library: CorpusLibrary, corpus: str, split: str, reading: Reading, classes: Literal[6, 7]
) -> EmotionRows:
    """Rows of a corpus with exactly one emotion, under a reading of GoEmotions' several labels.

    Args:
        library: the corpora.
        corpus: `goemotions`, or a corpus with one emotion a row (`isear`).
        split: its split.
        reading: see `harness.corpora.goemotions.ekman`.
        classes: 6, or 7 with neutral.
    """
    examples = library.load(corpus, split)
    own = next((name for name in ("emotion", "label") if name in examples.labels), None)
    if own is not None:
        return EmotionRows(examples.texts, examples.labels[own].astype(np.int64), examples.classes, examples)
    chosen = ekman(examples, reading, classes)
    return EmotionRows(tuple(examples.texts[i] for i in chosen.rows), chosen.labels, chosen.classes, examples)


@dataclass(frozen=True, kw_only=True)
class EmotionTask(Task):
    """A task over texts with one emotion each."""

    reading: Reading = "mapped"
    classes: Literal[6, 7] = 6

    def rows(self, library: CorpusLibrary, *splits: str) -> list[EmotionRows]:
        """Rows of some splits."""
        return [emotion_rows(library, self.corpus, split, self.reading, self.classes) for split in splits]

    def prepared(self, parts: list[EmotionRows], score: Callable[..., Outcome]) -> Prepared:
        """The prepared task on the rows of some splits, of which the last is scored."""
        return Prepared(
            texts=tuple(text for part in parts for text in part.texts),
            fingerprint=combined_fingerprint(self.protocol, *(part.examples for part in parts)),
            score=score,
            scored=len(parts[-1].texts) if len(parts) > 1 else None,
        )


def number(metric: str, gold: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> float:
    """A number of predicted classes: `macro.f1`, say."""
    table = confusion(np.ones((1, len(gold))), gold, predicted, classes)
    return float(classification(table)[metric][0])


def chosen_fit(
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    classes: int,
    metric: str,
    *,
    grid: Sequence[float],
    dev: tuple[NDArray[np.float32], NDArray[np.int64]] | None = None,
    folds: Sequence[NDArray[np.int64]] = (),
) -> tuple[Fits, int, list[float]]:
    """The linear probe at every C, the place of the best C, and the number that each reaches.

    Args:
        X: training vectors (n, d).
        y: their classes (n,).
        classes: number of classes.
        metric: the number that chooses C.
        grid: values of C.
        dev: vectors and classes of a development split; None chooses by `folds`.
        folds: rows of the training part that are held out together.
    """
    from harness.probes.logistic import cross_validate, logistic

    fits = logistic(X, y, classes, grid, softmax=True)
    if dev is None:
        truth, decided = y, cross_validate(X, y, classes, grid, folds, softmax=True).predicted
    else:
        truth, decided = dev[1], np.stack([fits.decide(dev[0], i).argmax(axis=1) for i in range(len(grid))])
    scores = [number(metric, truth, own, classes) for own in decided]
    return fits, int(np.argmax(scores)), scores


def fitted_on(
    train: EmotionRows, dev: EmotionRows, embeddings: NDArray[np.float32]
) -> tuple[Fits, int, dict[str, Any]]:
    """The linear probe at every C, the place of the one that is best on the development split, and facts of it.

    Args:
        train: rows to fit.
        dev: rows to choose by.
        embeddings: vectors of both, in this order; further ones are ignored.
    """
    first = len(train.texts)
    held = embeddings[first : first + len(dev.texts)], dev.labels
    X, y, count = embeddings[:first], train.labels, len(train.classes)
    fits, best, scores = chosen_fit(X, y, count, "macro.f1", grid=C_GRID, dev=held)
    facts = fit_facts("C", [C_GRID[best]], C_GRID, fits.convergence)
    return fits, best, {**facts, "development_macro_f1": scores, "classes": list(train.classes)}


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
            details["per_class"] = {
                name: dict(zip(("precision", "recall", "f1", "support"), numbers[:, i].tolist(), strict=True))
                for i, name in enumerate(names)
            }
            details["confusion"] = matrices[0].astype(int).tolist()
            counts = {"train": len(train.texts), "dev": len(dev.texts), "test": len(test.texts)}
            return classified(self, test.labels, predicted, len(names), details, counts)

        return self.prepared(parts, score)


@dataclass(frozen=True, kw_only=True)
class EmotionCalibration(EmotionTask):
    """The probe's probabilities."""

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
        ),
    ]
