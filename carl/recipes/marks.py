"""What the words of a text are, painted on its tokens: polarity, part of speech, emoticon.

Polarities come from the VADER lexicon (Hutto and Gilbert 2014, MIT licence) by the sign of a word's mean rating; its
emoticons are found between blanks. The published encoders used other lists (SentiWordNet, a list of their own); one
list for all recipes keeps the comparison to the objectives.

Parts of speech come from a rule over SentiWordNet's entries and word endings (`parts`), since no recipe should need a
trained tagger. A tagger would do better on words of several parts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from carl.recipes.parts import OTHER, Parts
from harness.errors import DataInvalid, DataMissing

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from torch import Tensor

#: An array or a tensor of marks.
Values = TypeVar("Values", "NDArray[np.int64]", "Tensor")

POSITIVE, NEGATIVE = 1, 2

#: A mark is polarity + 4 · part of speech + 32 · emoticon + 64 · first token of its word.
_PART, _EMOTICON, _FIRST = 4, 32, 64

_BLANKS = re.compile(r"\S+")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")

#: Characters of a text that are looked at for each token that the encoder reads.
_CHARACTERS = 12


@dataclass(frozen=True)
class Lexicon:
    """Words and emoticons with their polarity, in lower case."""

    polarity: dict[str, int]
    """Word or emoticon → `POSITIVE` or `NEGATIVE`."""


def read_vader(path: Path) -> Lexicon:
    """Read `vader_lexicon.txt`: token, mean rating, deviation, ratings, separated by tabs.

    Raises:
        DataMissing: it is not there.
        DataInvalid: a line is no such row; names it.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise DataMissing(
            f"{path} is not there; fetch vader_lexicon.txt of github.com/cjhutto/vaderSentiment to it: recipes need a "
            "list of sentiment words"
        ) from error
    except UnicodeDecodeError as error:
        raise DataInvalid(f"{path} is not UTF-8 (byte {error.start}); fetch vader_lexicon.txt again") from error
    found: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        token, _, rest = line.partition("\t")
        try:
            mean = float(rest.split("\t")[0])
        except ValueError:
            mean = float("nan")
        if not isfinite(mean):
            raise DataInvalid(
                f"{path}, line {number}: expected a token, a tab and a number, found {line[:40]!r}; fetch "
                "vader_lexicon.txt again"
            )
        if mean:
            found.setdefault(token.lower(), POSITIVE if mean > 0 else NEGATIVE)
    return Lexicon(found)


@dataclass(frozen=True)
class Marks:
    """Reads marks off tokens."""

    lexicon: Lexicon
    parts: Parts

    def of(self, tokenizer: Tokenizer, texts: Sequence[str], max_length: int) -> list[NDArray[np.int64]]:
        """Marks of every token of texts, special tokens 0, aligned with `encode_ids`.

        Args:
            tokenizer: the backbone's, cutting nothing.
            texts: any.
            max_length: tokens after which a text is cut, special tokens included.
        """
        cut = [text[: _CHARACTERS * max_length] for text in texts]
        found = []
        for text, row in zip(cut, tokenizer.encode_batch(cut), strict=True):
            marks = np.zeros(len(row.ids), dtype=np.int64)
            painted = self._paint(text)
            for place, ((start, end), special) in enumerate(zip(row.offsets, row.special_tokens_mask, strict=True)):
                while start < end and text[start].isspace():
                    start += 1
                if not special and start < end:
                    marks[place] = painted[start]
            found.append(np.concatenate([marks[: max_length - 1], marks[-1:]]) if len(marks) > max_length else marks)
        return found

    def _paint(self, text: str) -> NDArray[np.int64]:
        painted = np.full(len(text), _PART * OTHER, dtype=np.int64)
        for match in _WORD.finditer(text):
            word = match.group().lower().replace("’", "'")
            painted[match.start() : match.end()] = _PART * self.parts.of(word) + self.lexicon.polarity.get(word, 0)
            painted[match.start()] += _FIRST
        for match in _BLANKS.finditer(text):
            polarity = self.lexicon.polarity.get(match.group().lower(), 0)
            if polarity and not any(character.isalnum() and ord(character) > 127 for character in match.group()):
                if _WORD.fullmatch(match.group()):
                    continue
                painted[match.start() : match.end()] = _PART * OTHER + polarity + _EMOTICON
                painted[match.start()] += _FIRST
        return painted


def polarity_of(marks: Values) -> Values:
    """1 positive, 2 negative, 0 neither; of an array or a tensor of marks."""
    return marks % _PART


def part_of(marks: Values) -> Values:
    """Part of speech as SentiLARE counts them (`parts`)."""
    return marks // _PART % (_EMOTICON // _PART)


def is_emoticon(marks: Values) -> Values:
    """1 for tokens of an emoticon."""
    return marks // _EMOTICON % 2


def is_first(marks: Values) -> Values:
    """1 for the first token of a word or emoticon."""
    return marks // _FIRST


def vocabulary_polarity(tokenizer: Tokenizer, lexicon: Lexicon) -> NDArray[np.int64]:
    """Polarity of the entries that are a whole word of the lexicon, by token id; 0 for others.

    Continuing pieces (`##x`, and byte-level entries without a leading blank) are no words.
    """
    found = np.zeros(tokenizer.get_vocab_size(), dtype=np.int64)
    byte_level = any(entry.startswith("Ġ") for entry in tokenizer.get_vocab())
    for entry, index in tokenizer.get_vocab().items():
        if not byte_level:
            found[index] = lexicon.polarity.get(entry, 0)
        elif entry.startswith("Ġ"):
            found[index] = lexicon.polarity.get(entry[1:].lower(), 0)
    return found
