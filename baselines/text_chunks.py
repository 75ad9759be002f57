"""What the encoders that count words share: cutting a text, and taking texts in runs of bounded size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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


def checked_length(name: str, max_length: int | None) -> int | None:
    """The maximum length of an encoder that counts words.

    Raises:
        UsageError: it is no number of words.
    """
    if max_length is not None and max_length < 1:
        raise UsageError(f"{name}: the maximum length is {max_length}; it counts words, so pass 1 or more")
    return max_length
