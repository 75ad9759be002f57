"""What the words of a text are, painted on its tokens: polarity, part of speech, emoticon.

Polarities come from the VADER lexicon (Hutto and Gilbert 2014, MIT licence) by the sign of a word's mean rating; its
emoticons are found between blanks. The published encoders used other lists; one list for all recipes keeps the
comparison to the objectives. Parts of speech are SentiLARE's five classes by rule: the part under which SentiWordNet
lists most senses of a word, else that of its ending, so that no recipe needs a trained tagger.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from harness.errors import DataInvalid, DataMissing

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    #: An array or a tensor of marks.
    Values = TypeVar("Values", NDArray[np.int64], Tensor)

VERB, ADJECTIVE, ADVERB, NOUN, OTHER = range(5)
POSITIVE, NEGATIVE = 1, 2

#: A mark is polarity + 4 · part of speech + 32 · emoticon + 64 · first token of its word.
_PART, _EMOTICON, _FIRST = 4, 32, 64

_CLASSES = {"v": VERB, "a": ADJECTIVE, "r": ADVERB, "n": NOUN}
_BLANKS = re.compile(r"\S+")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")

#: "Other" by a closed list, since SentiWordNet knows "in" as a noun.
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an the this that these those i me my mine you your yours he him his she her hers it its we us our ours "
        "they them their theirs who whom whose which what and or but nor so if because as until while of at by for "
        "with about against between into through during before after above below to from up down in out on off over "
        "under than then there here when where why how all any both each few more most other some such no not only "
        "own same too can will just should would could may might must shall do does did is am are was were be been "
        "being have has had having",
    )
)

#: Ending → part, longest first.
_ENDINGS = {
    **dict.fromkeys(("ness", "ment", "tion", "sion"), NOUN),
    **{"able": ADJECTIVE, "ful": ADJECTIVE, "ous": ADJECTIVE, "ive": ADJECTIVE, "ing": VERB, "ity": NOUN},
    **{"ly": ADVERB, "ed": VERB, "er": NOUN},
}


@dataclass(frozen=True)
class Lexicons:
    """What is known of words, in lower case."""

    polarity: dict[str, int]
    """Word or emoticon → `POSITIVE` or `NEGATIVE`."""
    parts: dict[str, int]
    """Word → part of speech, as far as SentiWordNet lists it."""

    def part(self, word: str) -> int:
        """Part of speech of a lower-case word.

        >>> [Lexicons({}, {}).part(word) for word in ("the", "quickly", "kindness", "walked", "zebra", "42")]
        [4, 2, 3, 0, 3, 4]
        """
        if word in _FUNCTION_WORDS or not word[:1].isalpha():
            return OTHER
        if word in self.parts:
            return self.parts[word]
        ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) > len(end) + 2), None)
        return self.parts.get(word.removesuffix("s"), NOUN) if ending is None else _ENDINGS[ending]

    def marks(self, text: str, offsets: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
        """Marks of tokens (tokens,), 0 for special ones.

        Args:
            text: any.
            offsets: first character of each token and the one behind its last; the same for special tokens.
        """
        painted = self._paint(text)
        inside = (next((at for at in range(*span) if not text[at].isspace()), None) for span in offsets)
        return np.array([0 if at is None else painted[at] for at in inside], dtype=np.int64)

    def _paint(self, text: str) -> NDArray[np.int64]:
        painted = np.full(len(text), _PART * OTHER, dtype=np.int64)
        for match in _WORD.finditer(text):
            word = match.group().lower().replace("’", "'")
            painted[match.start() : match.end()] = _PART * self.part(word) + self.polarity.get(word, 0)
            painted[match.start()] += _FIRST
        for match in _BLANKS.finditer(text):
            polarity = self.polarity.get(match.group().lower(), 0)
            if polarity and not _WORD.fullmatch(match.group()):
                painted[match.start() : match.end()] = _PART * OTHER + polarity + _EMOTICON
                painted[match.start()] += _FIRST
        return painted


def read_lexicons(vader: Path, sentiwordnet: Path) -> Lexicons:
    """Read `vader_lexicon.txt` (token, mean rating, ... by tabs) and SentiWordNet 3.0, which may be missing.

    Raises:
        DataMissing: the first is not there.
        DataInvalid: a file is not as published.
    """
    if not vader.is_file():
        raise DataMissing(f"{vader} is not there; fetch vader_lexicon.txt of github.com/cjhutto/vaderSentiment to it")
    polarity: dict[str, int] = {}
    counts: dict[str, Counter[int]] = {}
    try:
        for line in vader.read_text("utf-8").splitlines():
            token, mean = line.split("\t")[:2]
            if float(mean):
                polarity.setdefault(token.lower(), POSITIVE if float(mean) > 0 else NEGATIVE)
        for line in sentiwordnet.read_text("utf-8").splitlines() if sentiwordnet.is_file() else ():
            columns = line.split("\t")
            if columns[0] in _CLASSES and len(columns) > 4:
                for term in columns[4].split():
                    counts.setdefault(term.partition("#")[0], Counter())[_CLASSES[columns[0]]] += 1
    except ValueError as error:
        raise DataInvalid(f"{vader} or {sentiwordnet} is not as published ({error}); fetch it again") from error
    # Ties go to the part that comes first in the classes' order.
    return Lexicons(polarity, {word: max(sorted(count), key=count.__getitem__) for word, count in counts.items()})


def polarity_of(marks: Values) -> Values:
    """1 positive, 2 negative, 0 neither; of an array or a tensor of marks."""
    return marks % _PART


def part_of(marks: Values) -> Values:
    """Part of speech as SentiLARE counts them."""
    return marks // _PART % (_EMOTICON // _PART)


def is_emoticon(marks: Values) -> Values:
    """1 for tokens of an emoticon."""
    return marks // _EMOTICON % 2


def is_first(marks: Values) -> Values:
    """1 for the first token of a word or emoticon."""
    return marks // _FIRST


def vocabulary_polarity(tokenizer: Any, lexicons: Lexicons, size: int) -> NDArray[np.int64]:
    """Polarity of the entries that are a whole word of the lexicon, by token id (size,); 0 for others.

    Continuing pieces (`##x`, and byte-level entries without a leading blank) are no words.
    """
    found = np.zeros(size, dtype=np.int64)
    entries = tokenizer.get_vocab()
    blank = "Ġ" if any(entry.startswith("Ġ") for entry in entries) else ""
    for entry, index in entries.items():
        if entry.startswith(blank):
            found[index] = lexicons.polarity.get(entry.removeprefix(blank).lower(), 0)
    return found
