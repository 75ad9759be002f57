"""Excerpts of long reviews: a rating belongs to all of a review, of which an encoder reads the first sentences only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def excerpts(text: str, count: int, size: int, generator: np.random.Generator) -> list[str]:
    """Pieces of a text that end where its sentences end.

    The text's neighbouring sentences are joined as long as they fit; `count` of the pieces are drawn.

    Args:
        text: any.
        count: most pieces.
        size: most characters of a piece; a longer sentence is a piece of its own.
        generator: draws.

    Returns:
        Pieces in the text's order; the text itself if it fits.

    >>> import numpy as np
    >>> excerpts("Slow. Too long! But the end is lovely.", 3, 18, np.random.default_rng(0))
    ['Slow. Too long!', 'But the end is lovely.']
    """
    if len(text) <= size:
        return [text]
    pieces = [""]
    for sentence in _SENTENCE_END.split(text.strip()):
        joined = f"{pieces[-1]} {sentence}".strip()
        if len(joined) <= size or not pieces[-1]:
            pieces[-1] = joined
        else:
            pieces.append(sentence)
    if len(pieces) <= count:
        return pieces
    return [pieces[place] for place in sorted(generator.permutation(len(pieces))[:count])]
