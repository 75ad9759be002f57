"""Compose the sentences of the `sample` corpus from its vocabulary, frames and meaning rules.

For every sentence a family is taken in turn, a frame of it by chance, and a target: the valence sign that the
frame has had less often so far (so that no frame gives the polarity away) and an emotion. The slots are filled
with words whose affect fits the target, the meaning rule is applied, and the sentence is kept when it is new,
has 3 to 40 words and a valence of at least `CLEAR` in absolute value.

Chance comes from `random.Random(seed).random()` alone, the one method whose sequence Python guarantees across
versions, so the same seed gives the same sentences everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.corpora.sample_english import BE, FEEL, Clause, Noun, capitalised
from harness.corpora.sample_frames import FAMILIES, Frame, Slot
from harness.corpora.sample_semantics import Affect
from harness.corpora.sample_vocabulary import (
    Attitude,
    Event,
    Feeling,
    Quality,
    Vocabulary,
)

T = TypeVar("T")

#: Smallest absolute valence of a sentence: weaker ones have no clear polarity.
CLEAR = 0.12

#: Shares of the emotions among pleasant and unpleasant sentences.
EMOTION_SHARES = {
    1: (("joy", 0.83), ("surprise", 0.17)),
    -1: (("anger", 0.22), ("disgust", 0.22), ("fear", 0.21), ("sadness", 0.2), ("surprise", 0.15)),
}

#: Degree words with their strength: for ordinary adjectives, feelings, extreme adjectives, and verbs.
GRADABLE_DEGREES = (
    ("very", 1.5),
    ("really", 1.4),
    ("extremely", 2.0),
    ("incredibly", 1.9),
    ("remarkably", 1.7),
    ("truly", 1.5),
    ("quite", 0.85),
    ("rather", 0.8),
    ("pretty", 0.9),
    ("somewhat", 0.55),
    ("sort of", 0.6),
)
FEELING_DEGREES = (
    ("very", 1.5),
    ("really", 1.4),
    ("extremely", 2.0),
    ("incredibly", 1.9),
    ("deeply", 1.7),
    ("truly", 1.5),
    ("quite", 0.85),
    ("rather", 0.8),
    ("pretty", 0.9),
    ("somewhat", 0.55),
    ("a little", 0.5),
)
EXTREME_DEGREES = (
    ("absolutely", 1.5),
    ("utterly", 1.7),
    ("simply", 1.3),
    ("completely", 1.6),
    ("truly", 1.4),
    ("almost", 0.7),
    ("pretty much", 0.8),
)
VERB_DEGREES = (("really", 1.5), ("truly", 1.5), ("absolutely", 1.8), ("rather", 0.8), ("sort of", 0.6))

TIMES = ("yesterday", "last night", "this morning", "on Sunday", "last week", "today")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

#: How often a family comes in a round of sentences: plain ones more often than those that mostly turn the
#: valence of their words around, as in real text.
ROUND = {
    "statement": 3,
    "intensity": 3,
    "exclamation": 3,
    "event": 3,
    "tweet": 3,
    "negation": 1,
    "contrast": 1,
    "question": 2,
    "emoji": 2,
    "reported": 2,
    "idiom": 2,
    "review": 2,
    "diary": 2,
    "letter": 2,
    "conditional": 1,
    "time": 1,
}

#: Families in lower case, as people type on a phone.
TYPED = ("tweet", "emoji")

Target = tuple[int, str | None]
"""Sign of the valence, and the emotion (None: any)."""


class NoWord(Exception):
    """No word of the part fits a slot."""


class Dice:
    """Uniform choices that repeat exactly on every Python version."""

    def __init__(self, seed: int) -> None:
        self.roll = random.Random(seed).random

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self.roll() * len(items))]

    def shuffled(self, items: Sequence[T]) -> tuple[T, ...]:
        """The items in random order."""
        keyed = sorted((self.roll(), i) for i in range(len(items)))
        return tuple(items[i] for _, i in keyed)

    def weighted(self, items: Sequence[tuple[T, float]]) -> T:
        """One of the items, by their shares."""
        left = self.roll() * sum(share for _, share in items)
        for item, share in items:
            left -= share
            if left < 0:
                return item
        return items[-1][0]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One composed sentence."""

    text: str
    affect: Affect
    family: str


def fits(affect: Affect, aim: str, target: Target) -> bool:
    """Whether a word's affect serves a slot's aim (see `sample_frames`) for the sentence's target."""
    sign, emotion = target
    agrees = (affect.valence > 0) == (sign > 0)
    if aim == "=":
        return agrees and (emotion is None or affect.emotion == emotion)
    if aim == "~":
        return not agrees and (emotion is None or affect.denied == emotion)
    return aim == "?" or agrees == (aim == "+")


def _undeniable(entry: Any) -> bool:
    """Whether nobody would deny it: it takes some explaining not to be revolted by maggots."""
    return isinstance(entry, Feeling) and entry.affect.emotion == "disgust"


class Composer:
    """Fills frames with the words of one part of the vocabulary."""

    def __init__(self, words: Vocabulary, dice: Dice) -> None:
        self.words = words
        self.dice = dice
        self._pools: dict[tuple[str, str, str, Target], Sequence[Any]] = {}

    def compose(self, frame: Frame, target: Target) -> tuple[str, Affect]:
        """One sentence of a frame.

        Raises:
            NoWord: the part has no words for this frame and target.
        """
        filled: dict[str, Any] = {}
        affects = []
        for slot in frame.slots:
            filler = self.fill(slot, target, filled)
            filled[slot.name] = filler
            affect = getattr(filler, "affect", None)
            if affect is not None:
                affects.append(affect)
        meaning = frame.meaning(*affects)
        if frame.family not in TYPED:
            return capitalised(frame.text.format_map(filled)), meaning
        # The emoticon keeps its case: `:D`.
        emoticon = getattr(filled.get("m"), "word", "")
        return frame.text.format_map(filled | {"m": "\0"}).lower().replace("\0", emoticon), meaning

    def _pool(self, kind: str, aim: str, domains: str, target: Target) -> Sequence[Any]:
        key = (kind, aim, domains, target)
        if key not in self._pools:
            self._pools[key] = [
                item
                for item in self._candidates(kind, domains)
                if fits(item[0].affect, aim, target) and not (aim == "~" and _undeniable(item[0]))
            ]
        return self._pools[key]

    def _candidates(self, kind: str, domains: str) -> Iterator[tuple[Any, str]]:
        """All entries of a kind, each with the domain in which it is used."""
        words = self.words
        if kind in ("quality", "gradable", "long", "single"):
            for quality in words.qualities:
                if (kind == "gradable" and quality.extreme) or (kind == "long" and not quality.long):
                    continue
                for domain in quality.domains:
                    if not domains or domain in domains:
                        yield quality, domain
        elif kind == "verb":
            for attitude in words.attitudes:
                for domain in attitude.domains:
                    if not domains or domain in domains:
                        yield attitude, domain
        else:
            entries: Sequence[Any] = {
                "feel": words.feelings,
                "mood": words.feelings,
                "mild": [feeling for feeling in words.feelings if not feeling.extreme],
                "emotion": words.emotions,
                "event": words.events,
                "deniable": [event for event in words.events if event.deniable],
                "idiom": words.idioms,
                "mark": words.marks,
                "tone": [mark for mark in words.marks if mark.affect.emotion in ("joy", "anger", "sadness")],
            }[kind]
            yield from ((entry, "") for entry in entries)

    def fill(self, slot: Slot, target: Target, filled: dict[str, Any]) -> Any:
        """Draw what fills a slot, given what already fills the slots before it.

        Returns:
            A `Clause`, `Named`, `Noun` or `Person`, or a string for times, days, names and neutral clauses.

        Raises:
            NoWord: the part has no word for it.
        """
        dice, words, kind = self.dice, self.words, slot.kind
        free: dict[str, Sequence[Any]] = {
            "cause": words.causes,
            "neutral": words.neutrals,
            "person": words.people,
            "name": words.names,
            "time": TIMES,
            "day": DAYS,
        }
        if kind in free:
            return dice.pick([item for item in free[kind] if item not in filled.values()])
        if kind == "deep":
            return self._deep(slot, target, filled)
        if kind == "clause":
            kind = dice.weighted((("quality", 5.0), ("feel", 2.0), ("verb", 2.0)))
        domains = slot.domains
        first = filled.get("x")
        twin = kind == "twin"
        if isinstance(first, Clause) and kind in ("quality", "twin"):
            # Whatever stands beside a quality is said of the same kind of thing.
            domains, kind = self._domain_of(first), "quality"
        pool = self._pool(kind, slot.aim, domains, target)
        if not pool:
            raise NoWord
        said = getattr(first, "word", None)
        entry, domain = dice.pick([item for item in pool if getattr(item[0], "word", "") != said] or pool)
        clause = self._clause(entry, domain, kind, filled, first.noun if twin and first else None)
        if slot.graded:
            clause = clause.graded(*dice.pick(self.degrees(clause)))
        return clause

    def degrees(self, clause: Clause) -> Sequence[tuple[str, float]]:
        """Degree words that go with a clause, with their strength."""
        if not clause.verb.linking:
            return VERB_DEGREES
        if clause.extreme:
            return EXTREME_DEGREES
        return FEELING_DEGREES if clause.number == "I" else GRADABLE_DEGREES

    def _deep(self, slot: Slot, target: Target, filled: dict[str, Any]) -> Clause:
        way = self.dice.weighted((("plain", 0.3), ("graded", 0.35), ("denied", 0.35)))
        aim = "~" if way == "denied" else slot.aim
        clause = self.fill(Slot(slot.name, aim, "clause", way == "graded", slot.domains), target, filled)
        assert isinstance(clause, Clause)
        return clause.denied() if way == "denied" else clause

    def _domain_of(self, clause: Clause) -> str:
        return next((d for d, nouns in self.words.things.items() if clause.noun in nouns), "")

    def _noun(self, nouns: Sequence[Noun], filled: dict[str, Any], single: bool = False) -> Noun:
        taken = [getattr(filler, "noun", None) for filler in filled.values()]
        left = [noun for noun in nouns if noun not in taken and (not single or noun.number == "s")]
        if not left:
            raise NoWord
        return self.dice.pick(left)

    def _clause(self, entry: Any, domain: str, kind: str, filled: dict[str, Any], noun: Noun | None) -> Any:
        words, dice = self.words, self.dice
        match entry:
            case Quality():
                noun = noun or self._noun(words.things[domain], filled, kind == "single")
                return Clause(noun.the, noun.number, BE, entry.word, entry.affect, noun, entry.word, entry.extreme)
            case Attitude():
                noun = self._noun(words.things[domain], filled)
                return Clause("I", "I", entry.verb, noun.the, entry.affect, noun)
            case Feeling():
                nouns = words.filth if entry.affect.emotion == "disgust" else words.causes
                noun = self._noun(nouns, filled)
                verb = BE if kind != "feel" or dice.roll() < 0.6 else FEEL
                rest = f"{entry.word} {entry.preposition} {noun.the}"
                return Clause("I", "I", verb, rest, entry.affect, noun, entry.word, entry.extreme)
            case Event(subject="it" | "x"):
                noun = self._noun(words.filth if entry.subject == "x" else words.causes, filled)
                return Clause(noun.the, noun.number, entry.verb, entry.rest, entry.affect, noun)
            case Event() if kind == "idiom" and entry.rest.split()[-1] in ("about", "of", "with", "before"):
                noun = self._noun(words.causes, filled)
                rest = f"{entry.rest} {noun.the}"
                return Clause(entry.subject, entry.number, entry.verb, rest, entry.affect, noun)
            case Event():
                return Clause(entry.subject, entry.number, entry.verb, entry.rest, entry.affect)
            case _:
                return entry


def compose_part(words: Vocabulary, count: int, seed: int) -> tuple[Sentence, ...]:
    """Compose `count` different sentences from one part's words."""
    dice = Dice(seed)
    composer = Composer(words, dice)
    balance: dict[Frame, int] = {}
    seen: set[str] = set()
    sentences: list[Sentence] = []
    order = [family for family, share in ROUND.items() for _ in range(share)]
    while len(sentences) < count:
        frame = dice.pick(FAMILIES[order[len(sentences) % len(order)]])
        lean = balance.get(frame, 0)
        sign = 1 if lean < 0 or (lean == 0 and dice.roll() < 0.5) else -1
        denies = any(slot.aim == "~" for slot in frame.slots)
        target = (sign, None if denies else dice.weighted(EMOTION_SHARES[sign]))
        try:
            text, affect = composer.compose(frame, target)
        except NoWord:
            continue
        clear = abs(affect.valence) >= CLEAR and (affect.valence > 0) == (sign > 0)
        if not clear or text.lower() in seen or not 3 <= len(text.split()) <= 40:
            continue
        seen.add(text.lower())
        balance[frame] = lean + sign
        sentences.append(Sentence(text, affect, frame.family))
    return dice.shuffled(sentences)
