"""The vocabulary of the `sample` corpus: what its word tables say, read into entries.

The three tables, `sample_words_train`, `sample_words_dev` and `sample_words_test`, share no content word, so that a
probe trained on one part cannot know the words of another. Valence, arousal and dominance stand there in
hundredths, followed by the emotion and, after a slash, the emotion that its denial leaves (where it is not the
rule's: joy for unpleasant words, sadness for pleasant ones). All values are this project's own judgement.

- `THINGS`: domain → noun phrases, `/p` plural, `/m` mass noun.
- `QUALITIES`: adjective, values, emotion, domains by their letters (`DOMAINS`); `!` marks extreme adjectives,
  which take "absolutely" and not "very".
- `FEELINGS`: adjective and preposition ("proud of"), values, emotion.
- `VERBS`: what one does to a thing or person ("adore"), values, emotion, domains.
- `FEELING_NOUNS`: values, emotion.
- `EVENTS`: subject | verb | rest | values, emotion; `*` marks those that nobody denies in so many words.
- `IDIOMS`: the same; the subject is `I`, `it` (a cause) or `x` (something revolting).
- `CAUSES`, `FILTH`: what feelings and idioms are about; `FILTH` is for disgust.
- `NEUTRALS`: clauses without affect. `PEOPLE`: whose feelings are reported. `NAMES`: of letter writers.
- `MARKS`: emoji and emoticons.

`SHARED` lists those words of the tables that carry no content: grammar, light verbs, time. Everything else in
them is content, found in one part alone and in no sentence frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from harness.corpora import sample_words_dev, sample_words_test, sample_words_train
from harness.corpora.sample_english import Noun, Verb, verb
from harness.corpora.sample_semantics import EMOTIONS, Affect

PARTS = ("train", "dev", "test")

_WORDS = {"train": sample_words_train, "dev": sample_words_dev, "test": sample_words_test}

#: Words of the tables that are grammar rather than content; parts and frames may have them in common.
_SHARED = """
    a about across after again all an and at be been before by call come could day down end everyone everything finish
    first for found from get got had have he heard her his i in into it last leave left like made make me my next
    night nobody not of off on onto other our out over put say see she take that the they this to top turn turned under
    until up us used was we week went when who with without word write wrong years
    """
SHARED = frozenset(_SHARED.split())

#: Letter → domain of nouns, so that adjectives meet nouns they can be said of.
DOMAINS = {
    "f": "food",
    "s": "show",
    "p": "place",
    "g": "gadget",
    "h": "person",
    "e": "happening",
    "t": "trial",
}


_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Quality:
    """An adjective of evaluation."""

    word: str
    affect: Affect
    domains: str
    extreme: bool

    @property
    def long(self) -> bool:
        """Whether it compares with "more" and "most"."""
        return not self.extreme and len(self.word) > 6 and not self.word.endswith("y")


@dataclass(frozen=True, slots=True)
class Feeling:
    """An adjective of feeling with its preposition."""

    word: str
    preposition: str
    affect: Affect
    extreme: bool


@dataclass(frozen=True, slots=True)
class Attitude:
    """A verb of evaluation."""

    verb: Verb
    affect: Affect
    domains: str


@dataclass(frozen=True, slots=True)
class Named:
    """A noun that names a feeling, or an emoticon."""

    word: str
    affect: Affect


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens, or an idiom."""

    subject: str
    number: str
    verb: Verb
    rest: str
    affect: Affect
    deniable: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody else: `my aunt`, she."""

    the: str
    pronoun: str

    @property
    def number(self) -> str:
        """As of a noun."""
        return "p" if self.pronoun == "they" else "s"

    @property
    def was(self) -> str:
        """`was` or `were`."""
        return "were" if self.number == "p" else "was"

    @property
    def s(self) -> str:
        """Ending of the third person: `think` + `s`."""
        return "" if self.number == "p" else "s"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One part's words."""

    things: dict[str, tuple[Noun, ...]]
    qualities: tuple[Quality, ...]
    feelings: tuple[Feeling, ...]
    attitudes: tuple[Attitude, ...]
    emotions: tuple[Named, ...]
    events: tuple[Event, ...]
    idioms: tuple[Event, ...]
    causes: tuple[Noun, ...]
    filth: tuple[Noun, ...]
    neutrals: tuple[str, ...]
    people: tuple[Person, ...]
    names: tuple[str, ...]
    marks: tuple[Named, ...]


def _affect(v: str, a: str, d: str, emotion: str) -> Affect:
    name, _, denied = emotion.partition("/")
    if name not in EMOTIONS:
        raise ValueError(f"{emotion!r} is no emotion")
    valence, arousal, dominance = int(v) / 100, int(a) / 100, int(d) / 100
    return Affect(valence, arousal, dominance, name, denied or ("sadness" if valence > 0 else "joy"))


def _rows(table: str) -> list[str]:
    return [line for line in map(str.strip, table.splitlines()) if line]


def _items(text: str, separator: str = ",") -> list[str]:
    return [" ".join(item.split()) for item in text.split(separator)]


def _noun(item: str) -> Noun:
    # A mark stands behind the head: `the maggots/p in the bin`.
    for mark in ("/p", "/m"):
        if mark in item:
            return Noun(item.replace(mark, ""), mark[1])
    return Noun(item, "s")


def _quality(line: str) -> Quality:
    word, v, a, d, emotion, domains = line.split()
    return Quality(word.rstrip("!"), _affect(v, a, d, emotion), domains, word.endswith("!"))


def _feeling(line: str) -> Feeling:
    *words, v, a, d, emotion = line.split()
    word, preposition = " ".join(words[:-1]), words[-1]
    return Feeling(word, preposition.rstrip("!"), _affect(v, a, d, emotion), preposition.endswith("!"))


def _attitude(line: str) -> Attitude:
    word, v, a, d, emotion, domains = line.split()
    return Attitude(verb(word), _affect(v, a, d, emotion), domains)


def _named(line: str) -> Named:
    word, *values = line.split()
    return Named(word, _affect(*values))


def _event(line: str) -> Event:
    subject, forms, rest, values = (field.strip() for field in line.split("|"))
    who = _noun(subject.lstrip("* "))
    number = "p" if who.the in ("we", "they") else "I" if who.the == "I" else who.number
    return Event(who.the, number, verb(forms), rest, _affect(*values.split()), not subject.startswith("*"))


def _person(item: str) -> Person:
    the, _, pronoun = item.partition("/")
    return Person(the, pronoun)


@cache
def vocabulary(part: str) -> Vocabulary:
    """Words of `train`, `dev` or `test`."""
    words = _WORDS[part]
    return Vocabulary(
        things={letter: tuple(map(_noun, _items(words.THINGS[name]))) for letter, name in DOMAINS.items()},
        qualities=tuple(map(_quality, _rows(words.QUALITIES))),
        feelings=tuple(map(_feeling, _rows(words.FEELINGS))),
        attitudes=tuple(map(_attitude, _rows(words.VERBS))),
        emotions=tuple(map(_named, _rows(words.FEELING_NOUNS))),
        events=tuple(map(_event, _rows(words.EVENTS))),
        idioms=tuple(map(_event, _rows(words.IDIOMS))),
        causes=tuple(map(_noun, _items(words.CAUSES))),
        filth=tuple(map(_noun, _items(words.FILTH))),
        neutrals=tuple(_items(words.NEUTRALS, ";")),
        people=tuple(map(_person, _items(words.PEOPLE))),
        names=tuple(_items(words.NAMES)),
        marks=tuple(map(_named, _rows(words.MARKS))),
    )


def words_of(text: str) -> list[str]:
    """Words of a text in lower case; a hyphenated compound is one word.

    >>> words_of("Jaw-dropping, isn't it? 3 stars :)")
    ['jaw-dropping', "isn't", 'it', 'stars']
    """
    return _WORD.findall(text.lower())


def _texts(part: str) -> Iterator[str]:
    words = vocabulary(part)
    for nouns in (*words.things.values(), words.causes, words.filth):
        yield from (noun.the for noun in nouns)
    yield from (quality.word for quality in words.qualities)
    yield from (f"{feeling.word} {feeling.preposition}" for feeling in words.feelings)
    yield from (f"{verb.base} {verb.past} {verb.participle}" for verb in (item.verb for item in words.attitudes))
    yield from (item.word for item in words.emotions)
    for event in (*words.events, *words.idioms):
        if event.subject != "x":
            yield event.subject
        yield f"{event.verb.base} {event.verb.past} {event.verb.participle} {event.rest}"
    yield from (*words.neutrals, *words.names)
    yield from (person.the for person in words.people)


@cache
def content_words(part: str) -> frozenset[str]:
    """The content words of a part: all words of its tables but the `SHARED` ones."""
    return frozenset(word for text in _texts(part) for word in words_of(text)) - SHARED
