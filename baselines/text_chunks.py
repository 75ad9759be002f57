"""What the encoders that count words share: cutting a text, and taking texts in runs of bounded size."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.encoder import EncoderCard
from harness.errors import UsageError

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")

_CHUNK_TEXTS = 512
_CHUNK_CHARACTERS = 200_000


def cut(text: str, max_words: int | None) -> str:
    """The text up to and with its `max_words`-th word; None takes all of it.

    >>> cut("Not bad, not bad at all.", 2)
    'Not bad'
    """
    if max_words is not None:
        for i, match in enumerate(_WORD.finditer(text), start=1):
            if i == max_words:
                return text[: match.end()]
    return text


def chunks(texts: Sequence[str], max_words: int | None) -> Iterator[list[str]]:
    """The texts, cut, in runs of bounded size, so that memory does not grow with their number.

    >>> list(chunks(["one two", "three"], 1))
    [['one', 'three']]
    """
    run: list[str] = []
    size = 0
    for text in texts:
        if len(run) == _CHUNK_TEXTS or size > _CHUNK_CHARACTERS:
            yield run
            run, size = [], 0
        run.append(cut(text, max_words))
        size += len(run[-1])
    if run:
        yield run


class CountingEncoder:
    """An encoder without weights, whose vectors are counts of words and parts of them.

    Args:
        max_length: number of words after which a text is cut; None takes the whole text.

    Raises:
        UsageError: it is no number of words.
    """

    card: EncoderCard

    def __init__(self, *, max_length: int | None = None) -> None:
        if max_length is not None and max_length < 1:
            raise UsageError(
                f"{self.card.name}: the maximum length is {max_length}; it counts words, so pass 1 or more"
            )
        self.max_length = max_length

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of a few hundred texts."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """What a record says of it."""
        return {"max_length": self.max_length, "backend": "numpy", "dtype": "float32"}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode any texts; float32 (len(texts), dimensions), finite."""
        empty = np.empty((0, self.card.dimensions or 0), dtype=np.float32)
        return np.concatenate([empty, *map(self.vectors, chunks(texts, self.max_length))])
