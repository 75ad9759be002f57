"""What a checkpoint is chosen by: development data alone, never a test split.

Linear probes on EmoBank (valence and arousal), GoEmotions (six Ekman emotions) and SST5, each fitted on the training
split and scored on the development split, and on held-out rated reviews. 885 of SST5's 1,101 development sentences are
sentences of MR, which is a test set as a whole; they are left out. MR and CR have no development split: no label of
theirs is ever looked at.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from carl.config import Config
from carl.sources import read_rated, scaled_labels
from harness.contamination.overlap import normal_form
from harness.corpora.base import CorpusLibrary
from harness.corpora.goemotions import ekman

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

#: Strengths of the ridge, of which the best on the training split's own folds is taken; in units of the mean square
#: of the features.
_RIDGE = tuple(10.0**power for power in range(-4, 2))


@dataclass(frozen=True)
class Split:
    """Texts with labels (n,) or (n, c)."""

    texts: tuple[str, ...]
    labels: NDArray[Any]

    def first(self, size: int) -> "Split":
        """At most `size` of the texts, always the same."""
        rows = np.sort(np.random.default_rng(0).permutation(len(self.texts))[:size])
        return Split(tuple(self.texts[row] for row in rows), self.labels[rows])


class Development:
    """Quick probes on development splits.

    Args:
        library: reads the corpora.
        config: how many texts, which reviews.
        corpus_dir: folder with rated reviews; without one none are looked at.
    """

    def __init__(self, library: CorpusLibrary, config: Config, corpus_dir: Path | None) -> None:
        size = config.development_texts
        self._regressions = {"affect": (_emobank(library, "train").first(size), _emobank(library, "dev"))}
        snippets = frozenset(map(normal_form, library.load("mr", "all").texts))
        self._classes = {
            "emotion": (_goemotions(library, "train").first(size), _goemotions(library, "dev").first(size // 2)),
            "sst5": (_sst5(library, "train", frozenset()).first(size), _sst5(library, "dev", snippets)),
        }
        if corpus_dir is not None:
            found = read_rated(corpus_dir, config.rated_sources, limit=size, development=True)
            reviews = tuple(text[:400] for source in found for text in source.texts)
            praise = (np.concatenate([source.labels[:, 0] for source in found]) > 0).astype(np.int64)
            order = np.random.default_rng(0).permutation(len(reviews))
            cut = len(reviews) // 3
            fit, dev = (Split(tuple(reviews[row] for row in rows), praise[rows]) for rows in (order[cut:], order[:cut]))
            self._classes["rated"] = fit, dev

    def scores(self, encode: Encode) -> dict[str, float]:
        """Pearson r of valence and arousal, accuracy and macro F1 of emotions, accuracies of SST5 and of reviews.

        Returns:
            Score by name, from -1 or 0 to 1, and `score`, the mean of them without the emotions' accuracy.
        """
        found: dict[str, float] = {}
        for fit, dev in self._regressions.values():
            predicted = _ridge(encode(fit.texts), fit.labels, encode(dev.texts))
            for column, label in enumerate(("valence", "arousal")):
                found[f"{label}_r"] = float(np.corrcoef(predicted[:, column], dev.labels[:, column])[0, 1])
        for name, (fit, dev) in self._classes.items():
            found[f"{name}_accuracy"], f1 = _classification(fit, dev, encode)
            if name == "emotion":
                found["emotion_f1"] = f1
        counted = [value for name, value in found.items() if name != "emotion_accuracy"]
        return {**found, "score": float(np.mean(counted))}


def _emobank(library: CorpusLibrary, split: str) -> Split:
    examples = library.load("emobank", split)
    return Split(examples.texts, scaled_labels(examples)[:, :2])


def _goemotions(library: CorpusLibrary, split: str) -> Split:
    examples = library.load("goemotions", split)
    chosen = ekman(examples)
    return Split(tuple(examples.texts[row] for row in chosen.rows), chosen.labels)


def _sst5(library: CorpusLibrary, split: str, without: frozenset[str]) -> Split:
    examples = library.load("sst5", split)
    rows = [row for row, text in enumerate(examples.texts) if normal_form(text) not in without]
    return Split(tuple(examples.texts[row] for row in rows), examples.labels["label"][rows])


def _ridge(vectors: NDArray[np.float32], labels: NDArray[np.float32], dev: NDArray[np.float32]) -> NDArray[np.float64]:
    """Predictions of a ridge for development vectors, its strength chosen by leave-one-out on the fitted ones."""
    strengths = [strength * len(vectors) * float(vectors.std()) ** 2 for strength in _RIDGE]
    return np.asarray(RidgeCV(strengths).fit(vectors.astype(np.float64), labels).predict(dev.astype(np.float64)))


def _classification(fit: Split, dev: Split, encode: Encode) -> tuple[float, float]:
    """Accuracy and macro F1 of a logistic probe on standardised vectors."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
    guessed = probe.fit(encode(fit.texts), fit.labels).predict(encode(dev.texts))
    return float(accuracy_score(dev.labels, guessed)), float(f1_score(dev.labels, guessed, average="macro"))
