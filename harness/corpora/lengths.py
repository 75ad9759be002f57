"""How long the texts of each corpus are on average: for estimates alone, so that none need be read for one."""

from __future__ import annotations

from collections.abc import Mapping

#: Mean characters of a text over all splits of the published files.
CHARACTERS: Mapping[str, int] = {
    "sample": 48,
    "emobank": 88,
    "ratings-tweets": 80,
    "ratings-editorials": 104,
    "ratings-products": 88,
    "ratings-films": 112,
    "facebook": 86,
    "emotales": 62,
    "goemotions": 68,
    "mr": 114,
    "cr": 96,
    "sst5": 102,
    "sst2": 54,
    "imdb": 1309,
    "subj": 128,
    "mpqa": 18,
    "trec": 49,
    "isear": 112,
    "semeval2017-task4a": 114,
}

#: Of a corpus that is not in the list: a sentence.
_OTHER = 100


def mean_characters(corpus: str) -> int:
    """Characters of a corpus's average text.

    >>> mean_characters("imdb"), mean_characters("a corpus of your own")
    (1309, 100)
    """
    return CHARACTERS.get(corpus, _OTHER)
