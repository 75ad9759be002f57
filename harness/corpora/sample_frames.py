"""The sentence frames of the `sample` corpus: its grammar as a table.

A frame is a text with slots, what fills them, and the meaning rule (`sample_semantics`) that turns the affect of
the fillers, in the order of the slots, into the affect of the sentence. A slot reads `name aim kind [domains]`:

    y!quality[pg]    slot y; a quality clause whose valence opposes the sentence's; of places and gadgets

Aims: `=` agrees with the sentence in valence and emotion, `~` does so when denied, `+` agrees in valence, `!`
opposes it, `?` is free. Kinds:

- `quality` "the soup was bland"; of these, `gradable` takes "very", `long` compares with "more", `single` has a
  countable noun in the singular, `twin` is said of the noun of slot x
- `feel` "I was proud of the plan" (`mild` takes "very"), `mood` "proud", `verb` "I admired the film"; `clause` is a
  quality, feel or verb, `deep` a clause that may be graded or denied already
- `event` (`deniable`: that can be denied), `idiom`, `emotion` "pride"
- `mark` an emoji (`tone`: of joy, anger or sadness, which go with much)
- without affect: `cause`, `neutral`, `person`, `name`, `time`, `day`

A star after a kind adds a degree word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from harness.corpora.sample_semantics import (
    Affect,
    ask,
    concede,
    contrast,
    counterfactual,
    degree,
    exclaim,
    expect,
    join,
    lapse,
    mark,
    negate,
    report,
    shift,
)

Meaning = Callable[..., Affect]

_SLOT = re.compile(r"(\w)([=~+!?])(\w+)(\*?)(?:\[(\w+)\])?")


@dataclass(frozen=True)
class Slot:
    """One slot of a frame."""

    name: str
    aim: str
    kind: str
    graded: bool
    domains: str


@dataclass(frozen=True, eq=False)
class Frame:
    """One sentence frame."""

    family: str
    text: str
    fillers: str
    meaning: Meaning

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """Its slots in order."""
        return tuple(map(_slot, self.fillers.split()))


def _slot(text: str) -> Slot:
    match = _SLOT.fullmatch(text)
    if match is None:
        raise ValueError(f"no slot: {text!r}")
    name, aim, kind, star, domains = match.groups()
    return Slot(name, aim, kind, bool(star), domains or "")


def same(x: Affect) -> Affect:
    """Say it as it is."""
    return x


def by(k: float) -> Meaning:
    """Grade it by `k`."""
    return lambda x: degree(x, k)


def after(outer: Meaning, inner: Meaning) -> Meaning:
    """Apply `inner`, then `outer`."""
    return lambda *x: outer(inner(*x))


def _frames(family: str, *rows: tuple[str, str, Meaning]) -> tuple[Frame, ...]:
    return tuple(Frame(family, *row) for row in rows)


STATEMENT = _frames(
    "statement",
    ("{x.past}.", "x=clause", same),
    ("{x.past} {t}.", "x=quality[fet] t?time", same),
    ("I have to say, {x.past}.", "x=quality", same),
    ("I found {x.noun.the} {x.word}.", "x=quality", same),
    ("{x.noun.the}? {x.word}.", "x=quality", same),
    ("{x.noun.the} turned out to be {x.word}.", "x=quality", same),
    ("If you ask me, {x.present}.", "x=quality[spgh]", same),
    ("{x.noun.the}, in one word: {x.word}.", "x=quality", same),
    ("{x.noun.the} {x.was} {x.word} and {y.word}.", "x=quality y+twin", join),
    ("All I felt about {c.the} was {e.word}.", "e=emotion c?cause", same),
    ("{c.the} filled me with {e.word}.", "e=emotion c?cause", same),
)

NEGATION = _frames(
    "negation",
    ("{x.past_not}.", "x~quality", negate),
    ("{x.past_nt} at all.", "x~clause", negate),
    ("{x.noun.the} {x.was} anything but {x.word}.", "x~quality", negate),
    ("No one could call {x.noun.the} {x.word}.", "x~quality", negate),
    ("{x.noun.the} {x.is_} not what I would call {x.word}.", "x~quality[spgh]", negate),
    ("There was nothing {x.word} about {x.noun.the}.", "x~quality", negate),
    ("I never found {x.noun.the} {x.word}.", "x~quality[spgh]", negate),
    ("{x.noun.the} {x.was} far from {x.word}.", "x~quality", negate),
    ("I don't think {x.past}.", "x~quality", negate),
    ("{x.never}.", "x~feel", negate),
    ("It is not as if {x.past}.", "x~clause", negate),
    ("There was not a trace of {e.word} in me after {c.the}.", "e~emotion c?cause", negate),
    ("I felt no {e.word} about {c.the}.", "e~emotion c?cause", negate),
    ("{x.past_not}.", "x~deniable", negate),
    ("{x.past_nt} after all.", "x~deniable", negate),
    ("{x.noun.the} {x.was} neither {x.word} nor {y.word}.", "x~quality y!twin", after(negate, join)),
    ("Nobody can say that {x.past_nt}.", "x=quality", after(negate, negate)),
    ("{x.noun.the} {x.was} nothing if not {x.word}.", "x=quality", by(1.3)),
    ("I can't deny that {x.past}.", "x=clause", same),
    ("I have never come across such {x.a_thing}.", "x=quality[spghe]", by(1.4)),
    ("Not only {x.asks}, {y.past} too.", "x=quality y+quality", join),
    ("No doubt about it, {x.past}.", "x=quality", by(1.2)),
)

INTENSITY = _frames(
    "intensity",
    ("{x.past}.", "x=quality*", same),
    ("{x.past}.", "x=feel*", same),
    ("{x.past}.", "x=verb*", same),
    ("{x.present}.", "x=quality*[spgh]", same),
    ("I found {x.noun.the} {x.adj}.", "x=quality*", same),
    ("{x.noun.the} {x.was} as {x.word} as can be.", "x=gradable", by(1.6)),
    ("{x.noun.the} could not have been more {x.word}.", "x=long", by(2.0)),
    ("{x.it} {x.was} the most {x.word} {x.noun.bare} I have ever come across.", "x=long[spget]", by(2.0)),
    ("Words cannot say {x.how}.", "x=quality", by(1.6)),
    ("{x.noun.the} {x.was} {x.word} up to a point.", "x=gradable", by(0.5)),
    ("{x.noun.the} {x.was} ever so slightly {x.word}.", "x=gradable", by(0.45)),
    ("{x.noun.the} {x.was} so {x.word} that I told everyone I know.", "x=gradable", by(1.6)),
    ("Everything about {x.noun.the} was {x.word}.", "x=quality", by(1.3)),
    ("I felt nothing but {e.word} about {c.the}.", "e=emotion c?cause", by(1.5)),
    ("There was just a hint of {e.word} in me before {c.the}.", "e=emotion c?cause", by(0.5)),
    ("More than anything else, {x.past}.", "x=mild", by(1.5)),
)

CONTRAST = _frames(
    "contrast",
    ("{x.past}, but {y.past}.", "x!quality y=quality", contrast),
    ("{x.past}, but {y.past}.", "x!quality* y=quality*", contrast),
    ("Although {x.past}, {y.past}.", "x!quality y=quality*", concede),
    ("Even if {x.past}, {y.past}.", "x!quality y=quality", concede),
    ("{y.past}, although {x.past}.", "x!quality y=quality*", concede),
    ("{x.past}. Still, {y.past}.", "x!quality* y=quality", contrast),
    ("{x.past}, and yet {y.past}.", "x!quality y=quality", contrast),
    ("{x.noun.the} may have been {x.word}, but {y.past}.", "x!quality y=quality", concede),
    ("Despite being {x.word}, {y.past}.", "x!quality y=twin", concede),
    ("{x.noun.the} {x.was} {x.word} but {y.word}.", "x!quality y=twin", contrast),
    (
        "{x.noun.the} {x.was} not {x.word} but {y.word}.",
        "x!quality y=twin",
        lambda x, y: contrast(negate(x), y),
    ),
    ("Granted, {x.past}; {y.past}, though.", "x!quality y=quality", contrast),
    ("At first {x.noun.the} seemed {x.word}, then {y.word}.", "x!quality y=twin", shift),
    ("{x.past}, but I felt {y.word}.", "x!event y=mood", contrast),
    ("Even though {x.past}, I felt {y.word}.", "x!event y=mood", concede),
)

QUESTION = _frames(
    "question",
    ("Why {x.was} {x.noun.the} so {x.word}?", "x=gradable", ask),
    ("Why {x.is_} {x.noun.the} so {x.word}?", "x=gradable[pgh]", ask),
    ("Is it just me, or {x.asks}?", "x=quality", ask),
    ("Have you ever come across such {x.a_thing}?", "x=quality[spghe]", after(ask, by(1.3))),
    ("How could {x.noun.the} be so {x.word}?", "x=gradable", ask),
    ("Who knew that {x.noun.the} could be so {x.word}?", "x=gradable", ask),
    ("Did I mention that {x.past}?", "x=clause", ask),
    ("Why am I so {x.rest}?", "x=mild", ask),
    ("Is anyone else {x.rest}?", "x=feel", ask),
    ("Can we talk about {x.how}?", "x=quality", ask),
    ("{x.asks_not}?", "x=quality", ask),
    ("What is so {x.word} about {x.noun.the}?", "x~gradable[spgh]", after(ask, negate)),
    ("Since when {x.is_} {x.noun.the} {x.word}?", "x~quality[spgh]", after(ask, negate)),
)

EXCLAMATION = _frames(
    "exclamation",
    ("What {x.a_thing}!", "x=quality", exclaim),
    ("{x.how}!", "x=quality", exclaim),
    ("{x.past}!", "x=clause", exclaim),
    ("So {x.rest}!", "x=mild", exclaim),
    ("{x.noun.the} {x.was} {x.word}, {x.word}, {x.word}!", "x=quality", after(exclaim, by(1.3))),
    ("I can't get over {x.how}!", "x=quality", exclaim),
    ("{x.past}!!", "x=event", exclaim),
    ("Oh, the {e.word} of it! {c.the}, I mean.", "e=emotion c?cause", exclaim),
    ("Oh my, {x.past}!", "x=quality", exclaim),
    ("{x.past_nt} at all!", "x~quality", after(exclaim, negate)),
)

EMOJI = _frames(
    "emoji",
    ("{n} {m}", "m=mark n?neutral", lambda m: mark(Affect(0, 0, 0, "", ""), m)),
    ("me after {c.the}: {m}", "m=mark c?cause", lambda m: mark(Affect(0, 0, 0, "", ""), m)),
    ("{x.past} {m}", "x=clause m=mark", mark),
    ("{x.past} {m}", "x=event m=mark", mark),
    ("{x.past} {t} {m}{m}", "x=quality[fet] m=mark t?time", mark),
    ("{x.noun.the}: {x.adj} {m}", "x=quality* m=mark", mark),
    ("{x.past_nt} {m}", "x~quality m+tone", lambda x, m: mark(negate(x), m)),
    ("not {x.rest} {m}", "x~feel m+tone", lambda x, m: mark(negate(x), m)),
    ("so {x.rest} {m}", "x=mild m=mark", lambda x, m: mark(degree(x, 1.4), m)),
    ("feeling {x.word} {m} {m}", "x=mood m=mark", mark),
)

CONDITIONAL = _frames(
    "conditional",
    ("{x.would_have} without {p.the}.", "x~quality[pet] p?person", counterfactual),
    ("Had it not been for {p.the}, {x.would_have}.", "x~quality[pet] p?person", counterfactual),
    ("{x.would_have} if {p.the} had come along.", "x~quality[pet] p?person", counterfactual),
    ("In any other year, {x.would_have}.", "x~quality[pe]", counterfactual),
    ("{x.would_have} had we come a day later.", "x~quality[pe]", counterfactual),
    ("If {x.had}, I would have told you.", "x~quality", counterfactual),
    ("Had {x.noun.the} been {x.word}, you would have heard it from me.", "x~quality", counterfactual),
    ("{x.noun.the} could so easily have been {x.word}.", "x~quality[et]", counterfactual),
    ("If {x.past}, I will eat my hat.", "x~quality", negate),
    ("If that was {x.a_thing}, then I am the Queen of Sheba.", "x~single[spgt]", negate),
    ("Were {x.noun.the} {x.word}, I would be the first to say so.", "x~quality", counterfactual),
    ("If {x.had}, things would look different now.", "x~deniable", counterfactual),
    ("Even if we had come a day later, {x.would_have}.", "x=quality[pe]", same),
    ("{x.would_have} with or without {p.the}.", "x=quality[pet] p?person", same),
    ("If {x.past} for you too, let me know.", "x=quality[set]", same),
    ("{x.past}, as {x.it} would have been in any other year.", "x=quality[pe]", same),
)

REPORTED = _frames(
    "reported",
    ("{p.the} {p.was} {x.rest}.", "x=feel p?person", report),
    ("{p.the} {x.predicate}.", "x=verb p?person", report),
    ("{p.the} say{p.s} that {x.past}.", "x=quality p?person", report),
    ("According to {p.the}, {x.past}.", "x=quality* p?person", report),
    ("{p.the} told me that {p.pronoun} {p.was} {x.rest}.", "x=feel p?person", report),
    ("I could see that {p.the} {p.was} {x.rest}.", "x=mild p?person", report),
    (
        "{p.the} {p.was} {x.rest}, but I was {y.word}.",
        "x!feel y=mood p?person",
        lambda x, y: contrast(report(x), y),
    ),
    ("{p.the} think{p.s} that {x.past}, and I agree.", "x=quality p?person", same),
    ("{p.the} think{p.s} that {x.past}, but I disagree.", "x~quality p?person", negate),
    ("They say that {x.present}, and they are right.", "x=quality[spgh]", same),
    ("They say that {x.present}, but they are wrong.", "x~quality[spgh]", negate),
    ("I am told that {x.past}.", "x=quality", report),
    ("{p.the} {p.was} not {x.rest}.", "x~feel p?person", after(report, negate)),
    ("{p.the} asked me why I was so {x.rest}.", "x=mild p?person", ask),
)

TIME = _frames(
    "time",
    ("I used to be {x.rest}, but now I am {y.word}.", "x!feel y=mood", shift),
    ("{x.noun.the} used to be {x.word}.", "x~quality[pgh]", lapse),
    ("{x.noun.the} used to be {x.word}; now {x.it} {x.is_} {y.word}.", "x!quality[pg] y=twin", shift),
    ("I am no longer {x.rest}.", "x~feel", lapse),
    ("Tomorrow {x.will}, you will see.", "x=quality[et]", expect),
    ("Next week {x.will}, I just know it.", "x=quality[et]", expect),
    ("{x.noun.the} {x.is_} getting more {x.word} by the day.", "x=long[pgh]", by(1.2)),
    ("{x.noun.the} {x.is_} getting less {x.word} by the day.", "x~long[pgh]", lapse),
    ("{x.noun.the} {x.has} been {x.word} for years.", "x=quality[pgh]", same),
    ("For the first time in years, {x.past}.", "x=feel", same),
    ("A year ago {x.past}; now I am {y.word}.", "x!feel y=mood", shift),
    ("Last time {x.past}; this time {x.it} {y.predicate}.", "x!quality[set] y=twin", shift),
    ("{x.past} {t}, and I still feel {y.word}.", "x=event y=mood t?time", join),
    ("By the end of the day, I felt {x.word}.", "x=mood", same),
)

IDIOM = _frames(
    "idiom",
    ("{x.past}.", "x=idiom", same),
    ("Frankly, {x.past}.", "x=idiom", same),
    ("{x.past} {t}.", "x=idiom t?time", same),
    ("I have to admit that {x.past}.", "x=idiom", same),
    ("{x.past}, to say the least.", "x=idiom", same),
    ("You should know that {x.past}.", "x=idiom", same),
    ("And then {x.past}.", "x=idiom", same),
    ("{x.past_nt}.", "x~idiom", negate),
    ("It is not as if {x.past}.", "x~idiom", negate),
    ("Who would have thought that {x.past}?", "x=idiom", ask),
    ("{x.past}, and I felt {y.word}.", "x=idiom y=mood", join),
)

EVENT = _frames(
    "event",
    ("{x.past} {t}.", "x=event t?time", same),
    ("{x.past}, and I felt {y.word}.", "x=event y=mood", join),
    ("{x.past}, which left me {y.word}.", "x=event y=mood", join),
    ("You will not believe this: {x.past}.", "x=event", same),
    ("Guess what: {x.past}!", "x=event", exclaim),
    ("{x.past}, and on top of that {y.past}.", "x=event y+event", join),
    ("So {x.past}. Just like that.", "x=event", same),
    ("{n}, and then {x.past}.", "x=event n?neutral", same),
    ("It is official: {x.past}.", "x=event", same),
    ("I still think of the day when {x.past}.", "x=event", same),
)

TWEET = _frames(
    "tweet",
    ("ok so {x.past}", "x=event", same),
    ("ngl {x.past}", "x=clause", same),
    ("tbh {x.present_nt}", "x~quality[spgh]", negate),
    ("update: {x.past}", "x=event", same),
    ("{x.noun.the} {t}... {x.word}", "x=quality[fet] t?time", same),
    ("why {x.was} {x.noun.the} so {x.word}", "x=gradable", ask),
    ("so {x.rest} rn", "x=mild", by(1.4)),
    ("current mood: {x.word}", "x=mood", same),
    ("plot twist: {x.past}", "x=event", same),
    ("day 3 of {c.the} and i feel {x.word}", "x=mood c?cause", same),
    ("anyone else {x.rest}?", "x=feel", ask),
    ("{x.past} btw", "x=deep", same),
)

REVIEW = _frames(
    "review",
    ("Second time here. {x.past}, and {y.past}.", "x=quality[fp] y+quality", join),
    ("{x.noun.the}: {x.word}. {y.noun.the}: {y.word}.", "x=quality y+quality", join),
    ("Last word on {x.noun.the}: {x.adj}.", "x=quality*[fspget]", same),
    (
        "{x.past}, {y.past}, even if {z.past}.",
        "x=quality y+quality z!quality",
        lambda x, y, z: concede(z, join(x, y)),
    ),
    ("To sum up: {x.a_thing}.", "x=quality", same),
    ("I tried {x.noun.the} a second time, and {x.it} {x.was} {x.word} again.", "x=quality[fpg]", same),
    ("Do not expect {x.a_thing}.", "x~quality[spgh]", negate),
    ("If you are looking for {x.a_thing}, look elsewhere.", "x~single[spgh]", negate),
    ("If you are looking for {x.a_thing}, this is the one.", "x=single[spgh]", same),
    ("{x.past} from start to finish.", "x=quality[set]", by(1.2)),
    ("Three days with {x.noun.the}: {x.word}.", "x=quality[gh]", same),
    (
        "{x.past} and {y.word}, but {z.past}.",
        "x!quality y!twin z=quality",
        lambda x, y, z: contrast(join(x, y), z),
    ),
)

DIARY = _frames(
    "diary",
    ("{d}. {x.past}.", "x=event d?day", same),
    ("{d}. {x.past}. I feel {y.word}.", "x=event y=mood d?day", join),
    ("Dear diary, {x.past}.", "x=event", same),
    ("Dear diary, today {x.past}.", "x=feel*", same),
    ("{d}, late. {x.past}, but {y.past}.", "x!quality[fset] y=quality d?day", contrast),
    ("{d}. {n}. Nothing else to write, except that I am {x.rest}.", "x=feel d?day n?neutral", same),
    ("{d}. Got up {x.word}, went to bed {y.word}.", "x!mood y=mood d?day", shift),
    ("{d}. {x.past}. I was not even {y.word}.", "x=event y!mood d?day", lambda x, y: join(x, negate(y))),
    ("Dear diary, {x.past}.", "x=deep", same),
)

LETTER = _frames(
    "letter",
    ("Dear {a}, {x.past}. Yours, {b}", "x=deep a?name b?name", same),
    (
        "Dear {a}, you asked about {x.noun.the}. {x.it} {x.predicate}. Yours, {b}",
        "x=quality*[fspget] a?name b?name",
        same,
    ),
    ("Dear {a}, I am writing to tell you that {x.past}. Yours, {b}", "x=event a?name b?name", same),
    ("Dear {a}, {n}. Apart from that, {x.past}. Write soon, {b}", "x=feel a?name b?name n?neutral", same),
    ("Dear {a}, take it from me, {x.past_nt}. Yours, {b}", "x~quality a?name b?name", negate),
    ("Dear {a}, this is to let you know that I am {x.rest}. Yours, {b}", "x=feel a?name b?name", same),
    ("Dear {a}, {x.past}, but {y.past}. Until soon, {b}", "x!quality y=quality* a?name b?name", contrast),
    ("Dear {a}, you were right. {x.past}. Yours, {b}", "x=idiom a?name b?name", same),
)

#: Family → its frames.
FAMILIES: dict[str, tuple[Frame, ...]] = {
    frames[0].family: frames
    for frames in (
        STATEMENT,
        NEGATION,
        INTENSITY,
        CONTRAST,
        QUESTION,
        EXCLAMATION,
        EMOJI,
        CONDITIONAL,
        REPORTED,
        TIME,
        IDIOM,
        EVENT,
        TWEET,
        REVIEW,
        DIARY,
        LETTER,
    )
}
