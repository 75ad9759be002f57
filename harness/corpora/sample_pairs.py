"""Minimal pairs from the test words of the `sample` corpus, for diagnosing what an encoder's valence follows.

A probe trained on the training part predicts a valence for both texts of a pair; the sign of the difference
should be the pair's direction. Four kinds:

- `negation`: a statement and its denial; the valence crosses over.
- `intensity`: with an intensifier it moves away from 0, with a downtoner ("somewhat") towards 0.
- `contrast`: the two clauses around "but" change places; the later one wins.
- `irrelevant`: another thing, day or addressee; nothing should change (direction 0).

The directions follow from the rules of `sample_semantics`, as the corpus's labels do.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

from harness.corpora.sample_english import Clause, capitalised
from harness.corpora.sample_frames import Slot
from harness.corpora.sample_grammar import DAYS, Composer, Dice
from harness.corpora.sample_semantics import contrast
from harness.corpora.sample_vocabulary import vocabulary

KINDS = ("negation", "intensity", "contrast", "irrelevant")

_SEED = 4
_EACH = 60


class MinimalPair(NamedTuple):
    """Two texts that differ in one respect."""

    base: str
    edited: str
    kind: str
    """One of `KINDS`."""
    direction: int
    """Sign of the change in valence from `base` to `edited`: 1, -1, or 0 for none."""


def _said(text: str) -> str:
    return capitalised(f"{text}.")


def _direction(base: float, edited: float) -> int:
    return (edited > base) - (edited < base)


class _Pairs:
    """Draws clauses and edits them."""

    def __init__(self) -> None:
        self.dice = Dice(_SEED)
        self.composer = Composer(vocabulary("test"), self.dice)

    def clause(self, sign: int, kind: str = "clause", graded: bool = False) -> Clause:
        clause = self.composer.fill(Slot("x", "+", kind, graded, ""), (sign, None), {})
        assert isinstance(clause, Clause)
        return clause

    def negation(self, sign: int) -> MinimalPair:
        base = self.clause(sign, self.dice.weighted((("clause", 0.8), ("deniable", 0.2))))
        edited = base.denied()
        direction = _direction(base.affect.valence, edited.affect.valence)
        return MinimalPair(_said(base.past), _said(edited.past), "negation", direction)

    def intensity(self, sign: int) -> MinimalPair:
        base = self.clause(sign)
        # Weak ones ("quite", "pretty") mean different things to different readers.
        clear = [(word, k) for word, k in self.composer.degrees(base) if k >= 1.3 or k <= 0.7]
        edited = base.graded(*self.dice.pick(clear))
        direction = _direction(base.affect.valence, edited.affect.valence)
        return MinimalPair(_said(base.past), _said(edited.past), "intensity", direction)

    def contrast(self, sign: int) -> MinimalPair:
        first = self.clause(sign, "quality")
        second = self.composer.fill(Slot("y", "!", "quality", False, ""), (sign, None), {"x": first})
        direction = _direction(
            contrast(first.affect, second.affect).valence, contrast(second.affect, first.affect).valence
        )
        return MinimalPair(
            _said(f"{first.past}, but {second.past}"),
            _said(f"{second.past}, but {first.past}"),
            "contrast",
            direction,
        )

    def irrelevant(self, sign: int) -> MinimalPair:
        clause = self.clause(sign, "quality")
        day = self.dice.pick(DAYS)
        other_day = self.dice.pick([item for item in DAYS if item != day])
        names = self.composer.words.names
        name = self.dice.pick(names)
        other_name = self.dice.pick([item for item in names if item != name])
        texts = self.dice.pick(
            (
                (f"{clause.past} on {day}.", f"{clause.past} on {other_day}."),
                (f"dear {name}, {clause.past}.", f"dear {other_name}, {clause.past}."),
                (f"{clause.past}.", f"on {day} {clause.past}."),
                (f"{name} thinks that {clause.past}.", f"{other_name} thinks that {clause.past}."),
            )
        )
        base, edited = map(capitalised, texts)
        return MinimalPair(base, edited, "irrelevant", 0)


def _different(pairs: Iterator[MinimalPair]) -> Iterator[MinimalPair]:
    seen = set()
    for pair in pairs:
        if pair.base not in seen:
            seen.add(pair.base)
            yield pair


@cache
def minimal_pairs() -> tuple[MinimalPair, ...]:
    """Sixty pairs of each kind, half with a pleasant and half with an unpleasant base (contrast: first clause).

    >>> pair = minimal_pairs()[0]
    >>> pair.kind, pair.direction
    ('negation', -1)
    """
    draw = _Pairs()
    found: list[MinimalPair] = []
    for kind in KINDS:
        make = getattr(draw, kind)
        signs = ((1, -1)[i % 2] for i in range(1000))
        found += islice(_different(make(sign) for sign in signs), _EACH)
    return tuple(found)
