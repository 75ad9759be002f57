"""Which evaluated texts are training texts, whole, by a sentence or by most of their words.

Five levels, none of which keeps or shows a text:

* **exact**: equal in lower case with white space folded;
* **normal**: equal in lower case without the tokens `-lrb-` and `-rrb-`, reduced to a-z and 0-9;
* **sentences**: a sentence of the text, of at least `TELLING_SENTENCE` letters and digits, stands in a training text;
* **near**: at least half of the text's word 8-grams stand in the training set (texts of eight words or more);
* **shared**: exact, normal or near, or at least half of its letters stand in such sentences: one common sentence in a
  long review is counted and makes no asterisk.

Where only hashes of whole training texts are known, a sentence is found only if it was a training text by itself, and
`near` cannot be said.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.bool_]

#: Levels that are counted, in the order of the evidence.
LEVELS = ("exact", "normal", "sentences", "near")

#: A shared text tells something from this many letters and digits on; "thank you" is in every collection. Shorter
#: ones are counted and left out of the clean rows, but make no asterisk.
TELLING = 15
#: The same for one sentence of a text.
TELLING_SENTENCE = 24

#: Words of a gram.
GRAM = 8
#: Share of a text's grams, or of its letters in known sentences, that makes it shared.
_HALF = 0.5

_BRACKETS = frozenset(("-lrb-", "-rrb-"))
_OTHER = re.compile(r"[^a-z0-9]+")
_END = re.compile(r"(?<=[.!?])\s+|\n+|<br\s*/?>")


def exact_form(text: str) -> str:
    r"""Lower case, white space folded.

    >>> exact_form("A  good\tDay . ")
    'a good day .'
    """
    return " ".join(text.lower().split())


def normal_form(text: str) -> str:
    """Lower case, without bracket tokens, a-z and 0-9 alone: bridges tokenisers and punctuation.

    >>> normal_form("It 's -LRB- very -RRB- GOOD !")
    'itsverygood'
    """
    words = (word for word in text.lower().split() if word not in _BRACKETS)
    return _OTHER.sub("", "".join(words))


def form_hash(form: str) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a normal form."""
    return hashlib.sha256(form.encode()).hexdigest()[:16]


def text_hash(text: str) -> str:
    """The hash of a text's normal form: shows overlap without giving the text.

    >>> text_hash("Very good!") == text_hash("very good")
    True
    """
    return form_hash(normal_form(text))


def sentences(text: str) -> Iterator[str]:
    """Normal forms of the text's sentences that tell something.

    >>> list(sentences("Good. I bought this phone in the spring of 2003!"))
    ['iboughtthisphoneinthespringof2003']
    """
    return (form for part in _END.split(text) if len(form := normal_form(part)) >= TELLING_SENTENCE)


def grams(texts: Iterable[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A number for every word 8-gram, and the text that each is of; good for comparing within one process."""
    numbers: list[int] = []
    rows: list[int] = []
    for row, text in enumerate(texts):
        words = _OTHER.sub(" ", text.lower()).split()
        own = [hash(tuple(words[i : i + GRAM])) for i in range(len(words) - GRAM + 1)]
        numbers += own
        rows += [row] * len(own)
    return np.array(numbers, dtype=np.int64), np.array(rows, dtype=np.int64)


class Evaluated:
    """The texts that a task scores, in the order of its predictions."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(texts)
        self.exact = tuple(map(exact_form, self.texts))
        self.normal = tuple(map(normal_form, self.texts))
        self.letters = np.array([len(form) for form in self.normal], dtype=np.int64)
        #: Empty where a text has neither letters nor digits: it is equal to another by its exact form alone.
        self.hashes = tuple(form and form_hash(form) for form in self.normal)
        #: Hashes and lengths of the sentences of each text.
        self.sentences = tuple([(form_hash(form), len(form)) for form in sentences(text)] for text in self.texts)

    @cached_property
    def grams(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Word 8-grams of the texts, and the row of each."""
        return grams(self.texts)

    def __len__(self) -> int:
        return len(self.texts)


class TrainingTexts:
    """A training set, as texts or as hashes of their normal forms.

    Args:
        name: how the evidence calls it: the name on the card, a file's name, or whose list it is.
        texts: the texts, where they are known.
        hashes: hashes of whole texts in place of them.
        covers: names on the card that these texts stand for.
        part: part of the data set, where it is one.
    """

    def __init__(
        self,
        name: str,
        texts: Iterable[str] | None = None,
        *,
        hashes: Iterable[str] = (),
        covers: Iterable[str] = (),
        part: str | None = None,
    ) -> None:
        self.name = name
        self.covers = tuple(covers)
        self.part = part
        self.texts = None if texts is None else tuple(texts)
        self.hashes = frozenset(form_hash(form) for form in map(normal_form, self.texts or ()) if form).union(hashes)

    @cached_property
    def sentences(self) -> frozenset[str]:
        """Hashes of all sentences, and of the whole texts."""
        return self.hashes.union(form_hash(form) for text in self.texts or () for form in sentences(text))

    @cached_property
    def grams(self) -> NDArray[np.int64]:
        """Word 8-grams of the texts, sorted."""
        return np.unique(grams(self.texts or ())[0])


@dataclass(frozen=True)
class Overlap:
    """Evaluated rows that stand in a training set, (n,) each."""

    levels: Mapping[str, Rows]
    """Level → rows; without `exact` and `near` where only hashes are known."""
    shared: Rows
    telling: Rows
    """Rows long enough to tell something, shared or not."""

    @property
    def marks(self) -> bool:
        """Whether the number gets an asterisk: a shared text that tells something."""
        return bool((self.shared & self.telling).any())

    def counts(self, part: str) -> dict[str, int | str]:
        """Number of `rows`, and how many are shared at each level that was compared.

        Args:
            part: which part of the corpus the rows are.
        """
        found = {name: int(np.count_nonzero(rows)) for name, rows in {**self.levels, "shared": self.shared}.items()}
        return {"part": part, "rows": len(self.shared), **found}


def overlap(evaluated: Evaluated, training: TrainingTexts) -> Overlap:
    """Look every evaluated text up in a training set.

    Args:
        evaluated: the texts that are scored.
        training: the training set.
    """
    known = training.sentences
    letters = np.array([sum(n for digest, n in own if digest in known) for own in evaluated.sentences], dtype=np.int64)
    levels = {
        "normal": np.array([digest in training.hashes for digest in evaluated.hashes], dtype=np.bool_),
        "sentences": letters > 0,
    }
    if training.texts is not None:
        numbers, rows = evaluated.grams
        total = np.bincount(rows, minlength=len(evaluated))
        hits = np.bincount(rows[np.isin(numbers, training.grams)], minlength=len(evaluated))
        forms = frozenset(map(exact_form, training.texts))
        exact = np.array([form in forms for form in evaluated.exact], dtype=np.bool_)
        levels = {"exact": exact, **levels, "near": (total > 0) & (hits >= _HALF * total)}
    covered = levels["sentences"] & (letters >= _HALF * evaluated.letters)
    whole = [rows for name, rows in levels.items() if name != "sentences"]
    shared = np.asarray(np.logical_or.reduce([covered, *whole]), dtype=np.bool_)
    return Overlap(levels, shared, evaluated.letters >= TELLING)
