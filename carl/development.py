"""What a checkpoint is chosen by: development data alone, never a test split.

EmoBank's development split (valence and arousal by least squares on its training split) and GoEmotions' (six Ekman
emotions by logistic regression on its training split). MR and CR have no development split and are never looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from carl.sources import scaled_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from harness.corpora.base import CorpusLibrary

    Items = Sequence[NDArray[np.int32]]
    Embed = Callable[[Items], NDArray[np.float32]]


class DevelopmentData(Protocol):
    """Something that scores a network while it is trained."""

    def scores(self, embed: Embed) -> dict[str, float]:
        """Scores of a network; the key `score` decides, larger is better."""
        ...

    def held_out(self) -> tuple[Items, NDArray[np.float32]]:
        """Labelled texts that are not trained on: token ids, and labels (n, 2) in [−1, 1]."""
        ...


@dataclass(frozen=True)
class _Split:
    items: Items
    labels: NDArray[Any]

    def first(self, size: int, seed: int) -> _Split:
        rows = np.sort(np.random.default_rng(seed).permutation(len(self.items))[:size])
        return _Split([self.items[row] for row in rows], self.labels[rows])


class Development:
    """Quick probes on EmoBank's and GoEmotions' development splits.

    Args:
        library: reads the corpora.
        tokenizer: the backbone's.
        max_length: tokens after which a text is cut.
        texts: most texts of each split.
        emotions: also look at GoEmotions.
    """

    def __init__(
        self, library: CorpusLibrary, tokenizer: Tokenizer, max_length: int, *, texts: int = 2000, emotions: bool = True
    ) -> None:
        from harness.transformer.tokenization import encode_ids

        def emobank(split: str) -> _Split:
            examples = library.load("emobank", split)
            labels = scaled_labels(examples)
            return _Split(encode_ids(tokenizer, examples.texts, max_length), labels).first(texts, 0)

        def goemotions(split: str) -> _Split:
            from harness.corpora.goemotions_ekman import ekman

            examples = library.load("goemotions", split)
            chosen = ekman(examples)
            items = encode_ids(tokenizer, [examples.texts[row] for row in chosen.rows], max_length)
            return _Split(items, chosen.labels).first(texts, 0)

        self._affect = emobank("train"), emobank("dev")
        self._emotions = (goemotions("train"), goemotions("dev")) if emotions else None

    def scores(self, embed: Embed) -> dict[str, float]:
        """Pearson r of valence and arousal, accuracy and macro F1 of emotions; `score` is the mean of r, r and F1."""
        from harness.probes.least_squares import least_squares

        fit, dev = self._affect
        predicted = least_squares(embed(fit.items), fit.labels).predict(embed(dev.items))
        found = {
            f"dev_{label}_r": float(np.corrcoef(predicted[:, column], dev.labels[:, column])[0, 1])
            for column, label in enumerate(("valence", "arousal"))
        }
        if self._emotions is not None:
            found |= _emotion_scores(*self._emotions, embed)
        counted = [value for name, value in found.items() if name != "dev_emotion_accuracy"]
        return {**found, "score": float(np.mean(counted))}

    def held_out(self) -> tuple[Items, NDArray[np.float32]]:
        """EmoBank's development texts with their labels."""
        dev = self._affect[1]
        return dev.items, dev.labels


def _emotion_scores(fit: _Split, dev: _Split, embed: Embed) -> dict[str, float]:
    from harness.probes.logistic import multinomial

    probe = multinomial(embed(fit.items), fit.labels, int(fit.labels.max()) + 1, (1.0,))
    guessed = probe.decide(embed(dev.items), 0).argmax(axis=1)
    f1 = []
    for label in np.unique(dev.labels):
        hits = np.sum((guessed == label) & (dev.labels == label))
        f1.append(2 * hits / (np.sum(guessed == label) + np.sum(dev.labels == label)))
    return {"dev_emotion_accuracy": float(np.mean(guessed == dev.labels)), "dev_emotion_f1": float(np.mean(f1))}
