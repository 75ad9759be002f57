"""Texts with one of Ekman's emotions, as the emotion and the geometry tasks read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples

Reading = Literal["single", "mapped", "neutral-dropped"]


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
        corpus: `goemotions`, or a corpus with a label `emotion` (`sample`).
        split: its split.
        reading: see `harness.corpora.goemotions_ekman.ekman`.
        classes: 6, or 7 with neutral.
    """
    import numpy as np

    examples = library.load(corpus, split)
    if "emotion" in examples.labels:
        return EmotionRows(examples.texts, examples.labels["emotion"].astype(np.int64), examples.classes, examples)
    from harness.corpora.goemotions_ekman import ekman

    chosen = ekman(examples, reading, classes)
    return EmotionRows(tuple(examples.texts[i] for i in chosen.rows), chosen.labels, chosen.classes, examples)
