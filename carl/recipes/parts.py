"""Parts of speech by rule, in SentiLARE's five classes: verb, adjective, adverb, noun, other.

A word has the part under which SentiWordNet lists most of its senses; a word that is not listed, the part of its
ending or of its form without one. Function words are "other" by a closed list, since SentiWordNet knows "in" as a noun.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from harness.errors import DataInvalid

VERB, ADJECTIVE, ADVERB, NOUN, OTHER = range(5)

_CLASSES = {"v": VERB, "a": ADJECTIVE, "r": ADVERB, "n": NOUN}

_FUNCTION_WORDS = frozenset(
    {
        *(
            "a",
            "an",
            "the",
            "this",
            "that",
            "these",
            "those",
            "i",
            "me",
            "my",
            "mine",
            "you",
            "your",
            "yours",
            "he",
            "him",
        ),
        *(
            "his",
            "she",
            "her",
            "hers",
            "it",
            "its",
            "we",
            "us",
            "our",
            "ours",
            "they",
            "them",
            "their",
            "theirs",
            "who",
        ),
        *(
            "whom",
            "whose",
            "which",
            "what",
            "and",
            "or",
            "but",
            "nor",
            "so",
            "if",
            "because",
            "as",
            "until",
            "while",
            "of",
        ),
        *("at", "by", "for", "with", "about", "against", "between", "into", "through", "during", "before"),
        *(
            "after",
            "above",
            "below",
            "to",
            "from",
            "up",
            "down",
            "in",
            "out",
            "on",
            "off",
            "over",
            "under",
            "than",
            "then",
        ),
        *("there", "here", "when", "where", "why", "how", "all", "any", "both", "each", "few", "more", "most", "other"),
        *("some", "such", "no", "not", "only", "own", "same", "too", "can", "will", "just", "should", "would", "could"),
        *(
            "may",
            "might",
            "must",
            "shall",
            "do",
            "does",
            "did",
            "is",
            "am",
            "are",
            "was",
            "were",
            "be",
            "been",
            "being",
        ),
        *("have", "has", "had", "having"),
    }
)

#: Ending → part, and what to look the rest up as; longest first.
_ENDINGS = (
    ("ness", NOUN),
    ("ment", NOUN),
    ("tion", NOUN),
    ("sion", NOUN),
    ("able", ADJECTIVE),
    ("ful", ADJECTIVE),
    ("ous", ADJECTIVE),
    ("ive", ADJECTIVE),
    ("ing", VERB),
    ("ity", NOUN),
    ("ly", ADVERB),
    ("ed", VERB),
    ("er", NOUN),
)


class Parts:
    """Looks parts of speech up.

    Args:
        path: SentiWordNet 3.0 with parts of speech in its first column; None, or a file that is not there, leaves the
            endings alone.

    Raises:
        DataInvalid: the file cannot be read.
    """

    def __init__(self, path: Path | None = None) -> None:
        counts: dict[str, Counter[int]] = {}
        if path is not None and path.is_file():
            for line in _lines(path):
                columns = line.split("\t")
                if line.startswith("#") or len(columns) < 5 or columns[0] not in _CLASSES:
                    continue
                for term in columns[4].split():
                    counts.setdefault(term.partition("#")[0], Counter())[_CLASSES[columns[0]]] += 1
        # Ties go to the part that comes first in the classes' order.
        self._known = {word: min(count, key=lambda part: (-count[part], part)) for word, count in counts.items()}

    def of(self, word: str) -> int:
        """Part of speech of a lower-case word.

        >>> [Parts().of(word) for word in ("the", "quickly", "kindness", "walked", "zebra", "42")]
        [4, 2, 3, 0, 3, 4]
        """
        if word in _FUNCTION_WORDS or not word[:1].isalpha():
            return OTHER
        if word in self._known:
            return self._known[word]
        for ending, part in _ENDINGS:
            if word.endswith(ending) and len(word) > len(ending) + 2:
                return part
        return self._known.get(word.removesuffix("s"), NOUN)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataInvalid(
            f"{path} cannot be read as SentiWordNet ({error}); fetch it again, or remove it: endings are looked at then"
        ) from error
