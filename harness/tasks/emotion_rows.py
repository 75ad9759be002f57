"""Texts with one emotion each, as all tasks over emotions read them, and the grid of their linear probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples

Reading = Literal["single", "mapped", "neutral-dropped"]

#: Strengths C of the linear probe, chosen on the development split by macro F1.
STRENGTHS = tuple(2.0**power for power in range(-4, 7))


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
        corpus: `goemotions`, or a corpus with one emotion a row (`sample`, `isear`).
        split: its split.
        reading: see `harness.corpora.goemotions.ekman`.
        classes: 6, or 7 with neutral.
    """
    import numpy as np

    examples = library.load(corpus, split)
    own = next((name for name in ("emotion", "label") if name in examples.labels), None)
    if own is not None:
        return EmotionRows(examples.texts, examples.labels[own].astype(np.int64), examples.classes, examples)
    from harness.corpora.goemotions import ekman

    chosen = ekman(examples, reading, classes)
    return EmotionRows(tuple(examples.texts[i] for i in chosen.rows), chosen.labels, chosen.classes, examples)
