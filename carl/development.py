"""What a checkpoint is chosen by: development data alone, never a test split.

Linear probes on EmoBank (valence and arousal), GoEmotions (six Ekman emotions) and SST5, each fitted on the training
split and scored on the development split, and on held-out rated reviews. 885 of SST5's 1,101 development sentences are
sentences of MR, which is a test set as a whole; they are left out. MR and CR have no development split: no label of
theirs is ever looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from carl.normal_form import normal_form
from carl.rated import read_rated
from carl.sources import scaled_labels

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from carl.config import Config
    from carl.label_source import LabelSource
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


def development_data(
    kind: str, config: Config, library: CorpusLibrary, tokenizer: Tokenizer, corpus_dir: Path | None
) -> Development | None:
    """What scores the networks of a configuration.

    Args:
        kind: `all`, `emobank` (nothing else) or `none`.
        config: how many texts, how long.
        library: reads the corpora.
        tokenizer: the backbone's.
        corpus_dir: folder with rated reviews; without one no reviews are looked at.
    """
    if kind == "none":
        return None
    rated = []
    if kind == "all" and corpus_dir is not None:
        rated = read_rated(
            corpus_dir, config.rated_sources, limit=3 * config.development_texts, balanced=True, development=True
        )
    return Development(
        library, tokenizer, config.max_length, texts=config.development_texts, emotions=kind == "all", rated=rated
    )


class Development:
    """Quick probes on development splits.

    Args:
        library: reads the corpora.
        tokenizer: the backbone's.
        max_length: tokens after which a text is cut.
        texts: most texts of each split.
        emotions: also look at GoEmotions and SST5.
        rated: held-out rated reviews (`rated.read_rated` with `development`); a third of them is scored, by a probe
            on the others.
    """

    def __init__(
        self,
        library: CorpusLibrary,
        tokenizer: Tokenizer,
        max_length: int,
        *,
        texts: int = 2000,
        emotions: bool = True,
        rated: Sequence[LabelSource] = (),
    ) -> None:
        from harness.transformer.tokenization import encode_ids

        def split(chosen: Sequence[str], labels: NDArray[Any]) -> _Split:
            return _Split(encode_ids(tokenizer, chosen, max_length), labels).first(texts, 0)

        def emobank(part: str) -> _Split:
            examples = library.load("emobank", part)
            return split(examples.texts, scaled_labels(examples))

        def goemotions(part: str) -> _Split:
            from harness.corpora.goemotions import ekman

            examples = library.load("goemotions", part)
            chosen = ekman(examples)
            return split([examples.texts[row] for row in chosen.rows], chosen.labels)

        def sst5(part: str, without: frozenset[str]) -> _Split:
            examples = library.load("sst5", part)
            rows = [row for row, text in enumerate(examples.texts) if normal_form(text) not in without]
            return split([examples.texts[row] for row in rows], examples.labels["label"][rows])

        self._affect = emobank("train"), emobank("dev")
        self._classes: dict[str, tuple[_Split, _Split]] = {}
        if emotions:
            self._classes["emotion"] = goemotions("train"), goemotions("dev")
            snippets = frozenset(map(normal_form, library.load("mr", "all").texts))
            self._classes["sst5"] = sst5("train", frozenset()), sst5("dev", snippets)
        if rated:
            reviews = [text for source in rated for text in source.texts]
            praise = (np.concatenate([source.labels[:, 0] for source in rated]) > 0).astype(np.int64)
            order = np.random.default_rng(0).permutation(len(reviews))
            cut = len(reviews) // 3
            self._classes["rated"] = tuple(  # type: ignore[assignment]
                split([reviews[row] for row in rows], praise[rows]) for rows in (order[cut:], order[:cut])
            )

    def scores(self, embed: Embed) -> dict[str, float]:
        """Pearson r of valence and arousal, macro F1 of emotions, accuracies of SST5 and of reviews.

        Returns:
            Score by name, from -1 or 0 to 1, and `score`, the mean of them without the emotions' accuracy.
        """
        from harness.probes.linear import least_squares

        fit, dev = self._affect
        predicted = least_squares(embed(fit.items), fit.labels).predict(embed(dev.items))
        found = {
            f"dev_{label}_r": float(np.corrcoef(predicted[:, column], dev.labels[:, column])[0, 1])
            for column, label in enumerate(("valence", "arousal"))
        }
        for name, (fit, dev) in self._classes.items():
            accuracy, f1 = _classification(fit, dev, embed)
            found[f"dev_{name}_accuracy"] = accuracy
            if name == "emotion":
                found["dev_emotion_f1"] = f1
        counted = [value for name, value in found.items() if name != "dev_emotion_accuracy"]
        return {**found, "score": float(np.mean(counted))}

    def held_out(self) -> tuple[Items, NDArray[np.float32]]:
        """EmoBank's development texts with their labels."""
        dev = self._affect[1]
        return dev.items, dev.labels


def _classification(fit: _Split, dev: _Split, embed: Embed) -> tuple[float, float]:
    """Accuracy and macro F1 of a logistic probe."""
    from harness.probes.logistic import multinomial

    probe = multinomial(embed(fit.items), fit.labels, int(fit.labels.max()) + 1, (1.0,))
    guessed = probe.decide(embed(dev.items), 0).argmax(axis=1)
    f1 = []
    for label in np.unique(dev.labels):
        hits = np.sum((guessed == label) & (dev.labels == label))
        f1.append(2 * hits / (np.sum(guessed == label) + np.sum(dev.labels == label)))
    return float(np.mean(guessed == dev.labels)), float(np.mean(f1))
