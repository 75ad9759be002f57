"""Fit the heads on training splits and score them, once, on test splits.

The procedures are those of the harness's tasks, so that a head scores what the leaderboard says of its encoder: least
squares on EmoBank (`valence-arousal/emobank/official/1`), and multinomial logistic regression on the GoEmotions rows
that fall into one Ekman class, its strength chosen on the development split (`emotion/goemotions/ekman6-mapped/1`).
Features go in as they are; the probes centre them by themselves and return weights for raw vectors.

The encoder never sees a GoEmotions label in its training, the emotion head is fitted on them. Test splits decide
nothing: neither the strength nor which checkpoint ships.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from carl.heads import Head, Heads
from carl.labels import scale_labels
from harness.outcome import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary

    Encode = Callable[[Sequence[str]], NDArray[np.float32]]

_AFFECT = ("valence", "arousal")


def fit_heads(encode: Encode, library: CorpusLibrary) -> Heads:
    """Fit both heads.

    Args:
        encode: texts → float32 (n, d), of the encoder as it ships.
        library: reads EmoBank and GoEmotions.

    Raises:
        DataMissing: a corpus is nowhere.
        DataInvalid: a file is not as published.
    """
    return Heads(affect=fit_affect(encode, library), emotion=fit_emotions(encode, library))


def fit_affect(encode: Encode, library: CorpusLibrary) -> Head:
    """Valence and arousal by least squares on EmoBank's training split."""
    from harness.corpora.emobank import CARD
    from harness.probes.linear import least_squares
    from harness.statistics import regression_metrics

    train, test = (library.load("emobank", split) for split in ("train", "test"))
    gold, truth = (
        np.stack([scale_labels(split.labels[name].astype(np.float64), split.scales[name]) for name in _AFFECT], axis=1)
        for split in (train, test)
    )
    fit = least_squares(encode(train.texts), gold)
    head = Head(
        weight=fit.weights.T.astype(np.float32),
        bias=fit.intercepts.astype(np.float32),
        outputs=_AFFECT,
        data=f"{CARD.title}, {CARD.licence}",
        protocol="valence-arousal/emobank/official/1",
        method="ordinary least squares with intercept on the training split; ratings 1 to 5 scaled to -1 to 1",
        fitted=len(train),
        scored=len(test),
        scores={},
    )
    predicted = head(encode(test.texts))
    scores = {
        f"{name}.{metric}": value
        for column, name in enumerate(_AFFECT)
        for metric, value in regression_metrics(truth[:, column], predicted[:, column], test.groups).items()
        if metric in ("pearson", "mae")
    }
    return replace(head, scores=scores)


def fit_emotions(encode: Encode, library: CorpusLibrary) -> Head:
    """Ekman's six emotions by logistic regression on GoEmotions' training split, strength chosen on development."""
    from harness.corpora.goemotions import CARD
    from harness.metrics import classification, confusion, expected_calibration_error, probabilities
    from harness.probes.logistic import multinomial
    from harness.statistics import classification_metrics
    from harness.tasks.emotion_rows import C_GRID, emotion_rows

    train, dev, test = (emotion_rows(library, "goemotions", split, "mapped", 6) for split in ("train", "dev", "test"))
    names = train.classes
    fits = multinomial(encode(train.texts), train.labels, len(names), C_GRID)
    vectors = encode(dev.texts)
    development = []
    for place in range(len(C_GRID)):
        guessed = fits.decide(vectors, place).argmax(axis=1)
        matrix = confusion(np.ones((1, len(guessed))), dev.labels, guessed, len(names))
        development.append(float(classification(matrix)["macro.f1"][0]))
    best = int(np.argmax(development))
    head = Head(
        weight=fits.weights[best].astype(np.float32),
        bias=fits.intercepts[best].astype(np.float32),
        outputs=names,
        data=f"{CARD.title}, {CARD.licence}",
        protocol="emotion/goemotions/ekman6-mapped/1",
        method=(
            "multinomial logistic regression on the training comments whose labels fall into one of the six classes, "
            f"C = {C_GRID[best]:g} chosen by macro F1 on the development split; neutral comments are left out"
        ),
        fitted=len(train.texts),
        scored=len(test.texts),
        scores={},
    )
    shares = probabilities(head(encode(test.texts)))
    measured = classification_metrics(test.labels, shares.argmax(axis=1), len(names))
    scores = {
        "accuracy": measured["accuracy"],
        "macro.f1": measured["macro.f1"],
        "largest.class": Metric(float(np.bincount(test.labels).max() / len(test.labels))),
        "calibration.error": Metric(expected_calibration_error(shares, test.labels)),
    }
    return replace(head, scores=scores)
