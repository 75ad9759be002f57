"""Has a model seen the texts that it is scored on? Judged from the data sets that its card declares.

Three answers: `clean`, `overlap` (the number gets an asterisk and is left out of the ranking) and `unknown`
(nothing was declared, which is never the same as clean). Names alone would miss that data sets share texts, so
three kinds of match count as overlap (another, `text`, is found by comparing texts: `evidence`):

* **declared**: the corpus itself is among the training data, under any of its usual names;
* **descent**: a training set shares sentences with the corpus, because one was made from the other. SST is
  made of MR's sentences; EmoBank contains the headlines of SemEval-2007 Affective Text;
* **source**: a rated collection of reviews covers the site, the products and the years that the corpus was
  taken from, so that the very texts can be in it. CR is Amazon reviews of five electronic products up to 2004.

Everything else is clean. `authored:CORPUS` on a card (a word list written with the corpus's classes in view) is an
overlap as well, of basis **authored**. Where a reader could still wonder (reviews of another site; unlabelled text of
the same site), the evidence has a note. What sets have to do with each other stands in `relations.toml`; its counts
were made on the files that the harness itself reads, at two levels of `overlap`.

>>> judge(("wikipedia", "bookcorpus"), "mr").state
'clean'
>>> found = judge(("rotten_tomatoes",), "sst5")
>>> found.state, found.evidence["basis"], found.evidence["matches"][0]["counts"]["normal"]
('overlap', 'descent', 1769)
>>> judge(None, "mr").state
'unknown'
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from harness.corpora.registry import builtin

if TYPE_CHECKING:
    from harness.encoder import EncoderCard

#: Every answer.
STATES = ("clean", "overlap", "unknown")

#: Kinds of match, the strongest first.
BASES = ("declared", "authored", "text", "descent", "source")


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.casefold())


_RELATIONS: Mapping[str, Any] = tomllib.loads(files(__package__).joinpath("relations.toml").read_text("utf-8"))
_PARTS: Mapping[str, Sequence[str]] = _RELATIONS["parts"]
_DESCENT = {frozenset((first, second)): why for first, second, why in _RELATIONS["descent"]["pairs"]}
#: (training set, its declared part, evaluated corpus) → counts. A part without an entry has no counts: those of the
#: whole set would be too high.
_COUNTS: Mapping[tuple[str, str | None, str], Mapping[str, int | str]] = {
    (training, declared or None, evaluated): {"part": part, "rows": rows, "exact": exact, "normal": normal}
    for training, declared, evaluated, part, rows, exact, normal in _RELATIONS["counts"]["rows"]
}
_AMAZON = _RELATIONS["amazon"]
_KINDS = _RELATIONS["kinds"]

#: Stands before the name of a corpus on the card of a model that was written by hand with its classes in view.
_AUTHORED = "authored:"

#: Words that name a part of a data set → the part.
_PART_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("dev", "development", "val", "valid", "validation", "trial"), "dev"),
    "test": "test",
    **dict.fromkeys(("unsup", "unsupervised", "unlabelled", "unlabeled"), "unlabelled"),
}

#: Words that may follow a data set's name without making it another one.
_QUALIFIERS = frozenset(_PART_WORDS).union(
    _words(
        "split splits part subset all full raw labelled labeled text texts sentence sentences "
        "phrase phrases tree trees label labels data dataset corpus set"
    )
)


@cache
def _lookup() -> Mapping[tuple[str, ...], str]:
    """Words of every name → canonical name."""
    cards = [corpus.card for corpus in builtin().values()]
    aliases = {**{card.name: card.aliases for card in cards}, **_RELATIONS["aliases"]}
    found = {tuple(_words(name)): name for name in aliases}
    return found | {tuple(_words(alias)): name for name, more in aliases.items() for alias in more}


@dataclass(frozen=True, kw_only=True)
class Match:
    """One reason to believe that evaluated texts were trained on."""

    trained_on: str
    """The training set as the card declares it."""
    evaluated: str
    """The part of the corpus that it touches; the corpus itself unless that is a collection."""
    basis: str
    """One of `BASES`."""
    why: str
    part: str | None = None
    """Which part of the training set was declared, e.g. `train`; None when the card does not restrict it."""
    counts: Mapping[str, int | str] | None = None
    """`part`, `rows`, and the levels of `overlap` where they were counted: `exact`, `normal`, and `sentences`, `near`
    and `shared` where texts were compared, without `exact` and `near` where only hashes are known."""

    def as_record(self) -> dict[str, Any]:
        """JSON-able form without empty fields."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Judgement:
    """The answer for one model and one corpus."""

    state: str
    """One of `STATES`."""
    evidence: dict[str, Any] = field(default_factory=dict)
    """JSON-able. `basis`: the strongest kind of match, `declared` also when nothing matched, `not declared`
    when the card says nothing. `declared`: the names that were judged, None when there were none to judge.
    `matches`: see `Match`. `notes`: objects with `trained_on`, `kind` (`same site`, `same kind`) and `text`."""

    def as_record(self) -> dict[str, Any]:
        """The form that a result record keeps in `contamination`: the state beside the evidence."""
        return {"state": self.state, **self.evidence}


def judge(training_data: Sequence[str] | None, corpus: str) -> Judgement:
    """Say whether a model with these training sets may have seen a corpus's texts.

    A declared part of a data set counts as the data set (`emobank:train` marks EmoBank's test split): the
    number is no longer that of an encoder that never saw the task. The evidence names the part.

    Args:
        training_data: names as on the card; `()` is none at all, None is not declared. Names that this module
            does not know stand for themselves. For a model that was trained further, include what its starting
            point saw (`inherited` collects that).
        corpus: the evaluated corpus, as in the long table.
    """
    evaluated, _ = identify(corpus)
    if training_data is None:
        return Judgement("unknown", _evidence("not declared", corpus, None, (), []))
    matches: list[Match] = []
    notes: list[dict[str, str]] = []
    for name in sorted(set(training_data)):
        found = _matches(name, evaluated)
        matches.extend(found)
        if not found:
            notes.extend(_notes(name, evaluated))
    return conclude(corpus, sorted(set(training_data)), matches, notes)


def conclude(
    corpus: str,
    declared: Sequence[str],
    matches: Iterable[Match],
    notes: Iterable[Mapping[str, str]] = (),
) -> Judgement:
    """Join matches to a judgement: any match is an overlap, none is clean; the strongest basis is named."""
    ordered = sorted(matches, key=lambda m: (BASES.index(m.basis), m.trained_on, m.evaluated))
    basis = ordered[0].basis if ordered else "declared"
    evidence = _evidence(basis, corpus, list(declared), ordered, [dict(note) for note in notes])
    return Judgement("overlap" if ordered else "clean", evidence)


def inherited(card: EncoderCard, cards: Mapping[str, EncoderCard]) -> tuple[str, ...] | None:
    """Collect the training data of a card and of every model that it started from.

    Follows `base` as long as it names one of `cards`; a base without a card ends the chain, since then the
    model's own card has to say everything. One undeclared link makes the whole undeclared.
    """
    seen: set[str] = set()
    names: set[str] = set()
    link: EncoderCard | None = card
    while link is not None and link.name not in seen:
        if link.training_data is None:
            return None
        seen.add(link.name)
        names.update(link.training_data)
        link = cards.get(link.base) if link.base else None
    return tuple(sorted(names))


def _evidence(
    basis: str,
    corpus: str,
    declared: list[str] | None,
    matches: Sequence[Match],
    notes: list[dict[str, str]],
) -> dict[str, Any]:
    return {
        "basis": basis,
        "corpus": corpus,
        "declared": declared,
        "matches": [match.as_record() for match in matches],
        "notes": notes,
    }


def identify(name: str) -> tuple[str, str | None]:
    """Canonical name of a data set and the part that the name restricts it to; unknown names stay themselves.

    Tried longest first, so that `glue/sst2` is SST-2 and `sst-trees (train)` the train part of SST.
    """
    whole = _words(name)
    for words in (whole, _words(name.rsplit("/", 1)[-1])):
        for end in range(len(words), 0, -1):
            tail = words[end:]
            if not all(word in _QUALIFIERS for word in tail):
                break
            canonical = _lookup().get(tuple(words[:end]))
            if canonical is not None:
                parts = {_PART_WORDS[word] for word in tail if word in _PART_WORDS}
                return canonical, parts.pop() if len(parts) == 1 else None
    return "-".join(whole), None


def _matches(name: str, evaluated: str) -> list[Match]:
    if name.startswith(_AUTHORED):
        corpus, _ = identify(name.removeprefix(_AUTHORED))
        if evaluated not in _PARTS.get(corpus, (corpus,)):
            return []
        why = "written with the classes of this corpus in view"
        return [Match(trained_on=name, evaluated=evaluated, basis="authored", why=why)]
    trained, part = identify(name)
    found = []
    for target in _PARTS.get(evaluated, (evaluated,)):
        for piece in _PARTS.get(trained, (trained,)):
            match = _match(name, trained, piece, target, part, whole=target == evaluated)
            if match is not None:
                found.append(match)
    return _strongest(found)


def _match(name: str, trained: str, piece: str, target: str, part: str | None, *, whole: bool) -> Match | None:
    """Compare one piece of a training set with one piece of the corpus; counts hold for whole corpora only."""
    if piece == target:
        why = "the same data set" if trained == piece else f"{name} contains {target}"
        return Match(trained_on=name, evaluated=target, basis="declared", why=why, part=part)
    why_shared = _DESCENT.get(frozenset((piece, target)))
    if why_shared is not None:
        counts = _COUNTS.get((piece, part, target)) if whole else None
        return Match(trained_on=name, evaluated=target, basis="descent", why=why_shared, part=part, counts=counts)
    if target in _AMAZON["corpora"] and _holds_cr(name):
        why = "CR is Amazon reviews of electronic products up to 2004, which such a collection can hold"
        return Match(trained_on=name, evaluated=target, basis="source", why=why, part=part)
    return None


def _strongest(matches: Sequence[Match]) -> list[Match]:
    """Keep one match for each evaluated part: `senteval` touches SST5 in itself, by MR, SST-2 and SUBJ."""
    best: dict[str, Match] = {}
    for match in matches:
        held = best.get(match.evaluated)
        if held is None or BASES.index(match.basis) < BASES.index(held.basis):
            best[match.evaluated] = match
    return list(best.values())


def _holds_cr(name: str) -> bool:
    words = set(_words(name))
    other, electronics = (words & set(_AMAZON[name].split()) for name in ("other", "electronics"))
    return "amazon" in words and (not other or bool(electronics))


def _notes(name: str, evaluated: str) -> list[dict[str, str]]:
    """What a reader could still ask about a training set that does not count as overlap."""
    words = set(_words(name))
    kind = text = ""
    if evaluated in _AMAZON["corpora"] and "amazon" in words:
        kind, text = "same site", "Amazon reviews of other products than CR's"
    elif evaluated in _KINDS["reviews"] and words & {"amazon", "yelp"}:
        kind, text = "same kind", f"reviews as well, but of another site than {evaluated}"
    elif evaluated == "goemotions" and "reddit" in words:
        kind, text = (
            "same site",
            "Reddit comments without emotion labels; GoEmotions is Reddit comments too",
        )
    elif evaluated in _KINDS["tweets"] and words & {"twitter", "tweet", "tweets"}:
        kind, text = "same site", "tweets of another collection"
    return [{"trained_on": name, "kind": kind, "text": text}] if kind else []
