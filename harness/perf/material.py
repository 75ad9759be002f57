"""What is encoded and probed: movie reviews where they are, else the embedded sample."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.corpora.shelves import Library
from harness.errors import BenchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Material:
    """Labelled texts."""

    name: str
    """In words, for the table."""
    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    """0 or 1 (n,)."""

    def at_most(self, count: int | None) -> Material:
        """All of it, or so many texts, evenly taken."""
        if count is None or count >= len(self.texts):
            return self
        step = len(self.texts) // count
        return Material(f"{self.name}, {count:,} of them", self.texts[::step][:count], self.labels[::step][:count])


def material(data_dir: Path | None, cache_dir: Path) -> Material:
    """MR in SentEval's order, or the embedded sample.

    Args:
        data_dir: directory of corpora.
        cache_dir: where fetched corpora are.
    """
    import numpy as np

    library = Library(data_dir, cache_dir, offline=True)
    try:
        examples = library.load("mr", "all")
    except BenchError:
        parts = [library.load("sample", split) for split in ("train", "dev", "test")]
        texts = tuple(text for part in parts for text in part.texts)
        labels = np.concatenate([np.asarray(part.labels["label"], dtype=np.int64) for part in parts])
        return Material("embedded sample", texts, labels)
    label = np.asarray(examples.labels["label"], dtype=np.int64)
    order = sorted(range(len(examples)), key=lambda i: (len(examples.texts[i].split()), int(label[i])))
    return Material("MR", tuple(examples.texts[i] for i in order), label[order])


def composed(count: int, words: int, seed: int = 0) -> list[str]:
    """Distinct texts of so many words, drawn from the sample's vocabulary, for sizes that no corpus has."""
    import random

    draw = random.Random(seed)
    known = sorted({word for text in Library(None, Path()).load("sample", "train").texts for word in text.split()})
    return [" ".join([*draw.choices(known, k=max(words - 1, 1)), str(i)]) for i in range(count)]
