"""The meaning rules of the `sample` corpus: how the affect of a sentence follows from its parts.

Every content word carries an `Affect`: valence v (bad to good), arousal a (calm to excited) and dominance d
(powerless to in control), all in [-1, 1] with 0 neutral, and one of Ekman's six emotions. Each construction of
the grammar is one function of this module, so that a label can be worked out by hand. With
``grow(x, k) = sign(x) (1 - (1 - |x|)^k)``, which leaves 0 and ±1 where they are, and all results cut to [-1, 1]:

=================  =====================================================================================
construction       rule
=================  =====================================================================================
`negate`           v' = -0.5 v, d' = -0.5 d, a' = a - 0.3 (1 + a); the emotion becomes the denied one
`degree`           v, a, d each `grow` with k > 1 for intensifiers ("very"), k < 1 for downtoners ("somewhat")
`exclaim`          v, d `grow` with k = 1.2; a' = a + 0.3 (1 - a)
`ask`              v' = 0.9 v; a' = a + 0.1 (1 - a); d' = d - 0.2 (1 + d)
`contrast`         0.3 first + 0.7 second ("but"); emotion of the second
`concede`          0.2 subordinate + 0.8 main clause ("although", in either order); emotion of the main clause
`join`             mean of both ("and"); emotion of the one with the larger abs(v)
`counterfactual`   v' = -0.6 v, d' = -0.6 d, a' = a - 0.2 (1 + a) ("would have been"); the denied emotion
`report`           0.6 of everything (the feeling is another person's); same emotion
`lapse`            v' = -0.4 v, d' = -0.4 d, a' = a - 0.3 (1 + a) ("used to be"); the denied emotion
`expect`           v' = 0.8 v, d' = 0.8 d (not yet come); same arousal and emotion
`shift`            0.2 then + 0.8 now; emotion of now
`mark`             0.6 words + 0.4 emoticon; emotion of the words. Neutral words: 0.7 emoticon, its emotion
=================  =====================================================================================

The *denied* emotion is the one that is left when the word is denied: joy for the unpleasant ones, and for the
pleasant ones what their lack provokes (sadness, unless the vocabulary says otherwise: "not polite" angers).

The directions follow the linguistics of affect (negation shifts and damps rather than mirrors: Taboada et al.,
"Lexicon-based methods for sentiment analysis", Computational Linguistics 37(2), 2011; the clause after "but"
and the main clause carry the evaluation: Polanyi and Zaenen, "Contextual valence shifters", 2006); the numbers
are this project's own.
"""

from __future__ import annotations

import math
from typing import NamedTuple

#: Class order of the `emotion` label: Ekman's six, alphabetically.
EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")


class Affect(NamedTuple):
    """What a word, a clause or a sentence feels like."""

    valence: float
    """Unpleasant to pleasant, in [-1, 1]."""
    arousal: float
    """Calm to excited, in [-1, 1]."""
    dominance: float
    """Powerless to in control, in [-1, 1]."""
    emotion: str
    """One of `EMOTIONS`; empty for neutral words."""
    denied: str
    """The emotion of its negation."""


#: Words that carry no affect, such as "the train left at nine".
NEUTRAL = Affect(0.0, 0.0, 0.0, "", "")


def _grow(x: float, k: float) -> float:
    return math.copysign(1.0 - math.pow(1.0 - abs(x), k), x)


def _cut(v: float, a: float, d: float, emotion: str, denied: str) -> Affect:
    # Rounding hides the last bits of `**`, which may differ between C libraries.
    v, a, d = (round(min(1.0, max(-1.0, x)), 4) for x in (v, a, d))
    return Affect(v, a, d, emotion, denied)


def _mix(x: Affect, y: Affect, weight: float, named: Affect) -> Affect:
    v, a, d = ((1.0 - weight) * p + weight * q for p, q in zip(x[:3], y[:3], strict=True))
    return _cut(v, a, d, named.emotion, named.denied)


def negate(x: Affect) -> Affect:
    """Deny it: "not", "never", "anything but".

    >>> negate(Affect(0.8, 0.4, 0.2, "joy", "sadness"))
    Affect(valence=-0.4, arousal=-0.02, dominance=-0.1, emotion='sadness', denied='joy')
    """
    return _cut(-0.5 * x.valence, x.arousal - 0.3 * (1 + x.arousal), -0.5 * x.dominance, x.denied, x.emotion)


def degree(x: Affect, k: float) -> Affect:
    """Strengthen (k > 1) or weaken (k < 1) it: "extremely", "somewhat".

    >>> degree(Affect(0.5, 0.0, -0.5, "joy", "sadness"), 2.0)[:3]
    (0.75, 0.0, -0.75)
    """
    return _cut(_grow(x.valence, k), _grow(x.arousal, k), _grow(x.dominance, k), x.emotion, x.denied)


def exclaim(x: Affect) -> Affect:
    """Exclaim it: "What a ...!"."""
    return _cut(
        _grow(x.valence, 1.2),
        x.arousal + 0.3 * (1 - x.arousal),
        _grow(x.dominance, 1.2),
        x.emotion,
        x.denied,
    )


def ask(x: Affect) -> Affect:
    """Ask in a way that takes it for granted: "Why is it so ...?"."""
    return _cut(
        0.9 * x.valence,
        x.arousal + 0.1 * (1 - x.arousal),
        x.dominance - 0.2 * (1 + x.dominance),
        x.emotion,
        x.denied,
    )


def contrast(first: Affect, second: Affect) -> Affect:
    """Set one against the other with "but": the later clause dominates."""
    return _mix(first, second, 0.7, second)


def concede(subordinate: Affect, main: Affect) -> Affect:
    """Concede one clause: "although ..., ..." and "..., although ..."; the main clause dominates."""
    return _mix(subordinate, main, 0.8, main)


def join(x: Affect, y: Affect) -> Affect:
    """Put two side by side: "and"."""
    return _mix(x, y, 0.5, x if abs(x.valence) >= abs(y.valence) else y)


def counterfactual(x: Affect) -> Affect:
    """Say what would have been, and so was not: regret for the pleasant, relief for the unpleasant."""
    return _cut(-0.6 * x.valence, x.arousal - 0.2 * (1 + x.arousal), -0.6 * x.dominance, x.denied, x.emotion)


def report(x: Affect) -> Affect:
    """Pass on what somebody else feels or says."""
    return _cut(0.6 * x.valence, 0.6 * x.arousal, 0.6 * x.dominance, x.emotion, x.denied)


def lapse(x: Affect) -> Affect:
    """Say that it used to be so, and so no longer is."""
    return _cut(-0.4 * x.valence, x.arousal - 0.3 * (1 + x.arousal), -0.4 * x.dominance, x.denied, x.emotion)


def expect(x: Affect) -> Affect:
    """Say that it will be so."""
    return _cut(0.8 * x.valence, x.arousal, 0.8 * x.dominance, x.emotion, x.denied)


def shift(then: Affect, now: Affect) -> Affect:
    """Set then against now: now dominates."""
    return _mix(then, now, 0.8, now)


def mark(words: Affect, emoticon: Affect) -> Affect:
    """Add an emoji or emoticon to words."""
    if not words.emotion:
        v, a, d = (0.7 * x for x in emoticon[:3])
        return _cut(v, a, d, emoticon.emotion, emoticon.denied)
    return _mix(words, emoticon, 0.4, words)
