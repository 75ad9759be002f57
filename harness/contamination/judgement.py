"""Has a model seen the texts that it is scored on? Judged from the data sets that its card declares, and from texts.

Three answers: `clean`, `overlap` (the number gets an asterisk and is left out of the ranking) and `unknown`
(nothing was declared, which is never the same as clean). An overlap has one of four bases, the strongest first:

* **declared**: the corpus itself is among the training data, under any of its usual names;
* **authored**: `authored:CORPUS` on a card, a word list written with the corpus's classes in view;
* **text**: a training text is evaluated (`overlap`), whatever names say;
* **descent**: a training set shares texts with the corpus, because one was made from the other. SST is made of MR's
  sentences, EmoBank contains the headlines of SemEval-2007 Affective Text, CR is Amazon reviews.

What sets have to do with each other stands in `relations.toml`; its counts were made on the files that the harness
itself reads, at two levels of `overlap`.

>>> judge(("wikipedia", "bookcorpus"), "mr")["state"]
'clean'
>>> found = judge(("rotten_tomatoes",), "sst5")
>>> found["state"], found["basis"], found["matches"][0]["counts"]["normal"]
('overlap', 'descent', 1769)
>>> judge(None, "mr")["state"]
'unknown'
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from harness.contamination.overlap import LEVELS, Overlap, TrainingTexts
from harness.corpora.registry import builtin

if TYPE_CHECKING:
    from harness.encoder import EncoderCard

#: Kinds of match, the strongest first.
BASES = ("declared", "authored", "text", "descent")

_RELATIONS: Mapping[str, Any] = tomllib.loads(files(__package__).joinpath("relations.toml").read_text("utf-8"))
_PARTS: Mapping[str, Sequence[str]] = _RELATIONS["parts"]
_DESCENT = {frozenset((first, second)): why for first, second, why in _RELATIONS["descent"]["pairs"]}
#: (training set, its declared part, evaluated corpus) → counts. A part without an entry has no counts: those of the
#: whole set would be too high.
_COUNTS: Mapping[tuple[str, str | None, str], Mapping[str, int | str]] = {
    (training, declared or None, evaluated): {"part": part, "rows": rows, "exact": exact, "normal": normal}
    for training, declared, evaluated, part, rows, exact, normal in _RELATIONS["counts"]["rows"]
}
_AUTHORED = "authored:"
#: Stands on a card for training data beyond those that it names.
UNDISCLOSED = "undisclosed"

#: Words that name a part of a data set → the part.
_PART_WORDS = {word: part for part, words in _RELATIONS["part_words"].items() for word in words.split()}
#: Words that may follow a data set's name without making it another one.
_QUALIFIERS = frozenset(_PART_WORDS).union(_RELATIONS["qualifiers"].split())


@dataclass(frozen=True, eq=False)
class Finding:
    """One training set, looked up in one evaluation set."""

    training: TrainingTexts
    overlap: Overlap


def judge(
    training_data: Sequence[str] | None,
    corpus: str,
    *,
    part: str = "all",
    findings: Sequence[Finding] = (),
    not_compared: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Say whether a model has seen a corpus's texts.

    A declared part of a data set counts as the data set (`emobank:train` marks EmoBank's test split): the number is no
    longer that of an encoder that never saw the task. Texts decide beyond that, where they were compared:

    * a shared text makes an overlap, whatever the names say;
    * a `descent` of which all training texts were compared, as texts, and none is shared, is taken back: whoever trains
      on MR without SST's sentences is not marked on SST. Hashes of whole texts take nothing back: they cannot find a
      sentence inside a longer text;
    * unknown stays unknown unless a shared text shows the overlap: that some texts are clean says nothing of others.

    Args:
        training_data: names as on the card; `()` is none at all, None is not declared. Names that are not known here
            stand for themselves, and `undisclosed` for more that is not named. For a model that was trained further,
            include what its starting point saw (`inherited`).
        corpus: the evaluated corpus, as in the long table.
        part: which part of it is scored: `test`, `all`.
        findings: the training sets whose texts were compared.
        not_compared: training set → why its texts were not; None where no texts were looked for.

    Returns:
        What a result record keeps in `contamination`. `state`. `basis`: the strongest of the matches, else `declared`
        or `not declared`. `corpus`. `declared`: the names that were judged, None when there were none to judge.
        `matches`: objects with `trained_on`, `evaluated` (a piece of the corpus, where that is a collection), `basis`,
        `why`, and if known the `part` of the training set and `counts` (`part`, `rows`, and shared rows by level).
        `notes`: objects with `trained_on`, `kind` and `text`. `texts`: `compared`, `not_compared`.
    """
    declared = None if training_data is None else sorted(set(training_data))
    hidden = declared is None or UNDISCLOSED in declared
    matches: list[dict[str, Any]] = []
    notes: list[dict[str, str]] = []
    told: list[Finding] = []
    for match in (match for name in declared or () for match in _by_name(name, identify(corpus)[0])):
        name = match["trained_on"]
        compared = [finding for finding in findings if name in finding.training.covers]
        whole = bool(compared) and all(finding.training.texts is not None for finding in compared)
        if whole and match["basis"] == "descent" and not any(finding.overlap.marks for finding in compared):
            text = f"{match['why']}, but none of the training texts is evaluated"
            notes.append({"trained_on": name, "kind": "texts compared", "text": text})
            continue
        if compared and match["evaluated"] == corpus:
            match["counts"] = compared[0].overlap.counts(part)
            told.append(compared[0])
        matches.append(match)
    why = "training texts are evaluated"
    matches += [
        _match(one.training.name, corpus, "text", why, part=one.training.part, counts=one.overlap.counts(part))
        for one in findings
        if one.overlap.marks and one not in told
    ]
    matches.sort(key=lambda match: (BASES.index(match["basis"]), match["trained_on"], match["evaluated"]))
    found: dict[str, Any] = {
        "state": "overlap" if matches else "unknown" if hidden else "clean",
        "basis": matches[0]["basis"] if matches else "not declared" if hidden else "declared",
        **{"corpus": corpus, "declared": declared, "matches": matches, "notes": notes},
    }
    if not_compared is not None:
        compared_names = [finding.training.name for finding in findings]
        found["texts"] = {"compared": compared_names, "not_compared": dict(not_compared)}
    return found


def inherited(cards: Iterable[EncoderCard]) -> tuple[str, ...] | None:
    """Training data of a model and of all that it started from; one undeclared link makes the whole undeclared."""
    names: set[str] = set()
    for card in cards:
        if card.training_data is None:
            return None
        names.update(card.training_data)
    return tuple(sorted(names))


def in_words(contamination: Mapping[str, Any]) -> list[str]:
    """Every match of a judgement with its counts, and every note, as people read it."""
    lines = []
    for match in contamination.get("matches") or ():
        counts = match.get("counts")
        counted = ""
        if isinstance(counts, Mapping) and "rows" in counts:
            levels = ", ".join(f"{counts[level]:,} {level}" for level in LEVELS if level in counts)
            counted = f" ({levels} of {counts['rows']:,} texts)"
        why = f": {match['why']}" if match.get("why") else ""
        lines.append(f"{match.get('trained_on') or 'overlap'}{counted}{why}")
    notes = contamination.get("notes") or ()
    return lines + [f"{note.get('trained_on', '')}: {note.get('text', '')}" for note in notes]


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.casefold())


@cache
def _lookup() -> Mapping[tuple[str, ...], str]:
    """Words of every name → canonical name."""
    cards = [corpus.card for corpus in builtin().values()]
    aliases = {**{card.name: card.aliases for card in cards}, **_RELATIONS["aliases"]}
    return {tuple(_words(alias)): name for name, more in aliases.items() for alias in (name, *more)}


def identify(name: str) -> tuple[str, str | None]:
    """Canonical name of a data set and the part that the name restricts it to; unknown names stay themselves.

    Tried longest first, so that `glue/sst2` is SST-2 and `sst-trees (train)` the train part of SST.
    """
    whole = _words(name)
    for words in (whole, _words(name.rsplit("/", 1)[-1])):
        for end in range(len(words), 0, -1):
            tail = words[end:]
            if not _QUALIFIERS.issuperset(tail):
                break
            canonical = _lookup().get(tuple(words[:end]))
            if canonical is not None:
                parts = {_PART_WORDS[word] for word in tail if word in _PART_WORDS}
                return canonical, parts.pop() if len(parts) == 1 else None
    return "-".join(whole), None


def _match(trained_on: str, evaluated: str, basis: str, why: str, **known: Any) -> dict[str, Any]:
    given = {name: value for name, value in known.items() if value is not None}
    return {"trained_on": trained_on, "evaluated": evaluated, "basis": basis, "why": why, **given}


def _by_name(name: str, evaluated: str) -> list[dict[str, Any]]:
    """One match, the strongest, for each piece of a corpus that a training set touches by its name."""
    trained, part = identify(name.removeprefix(_AUTHORED))
    pieces = _PARTS.get(trained, (trained,))
    if name.startswith(_AUTHORED):
        why = "written with the classes of this corpus in view"
        return [_match(name, evaluated, "authored", why)] if evaluated in pieces else []
    found = []
    for target in _PARTS.get(evaluated, (evaluated,)):
        related = [piece for piece in pieces if frozenset((piece, target)) in _DESCENT]
        if target in pieces:
            why = "the same data set" if trained == target else f"{name} contains {target}"
            found.append(_match(name, target, "declared", why, part=part))
        elif related:
            # Counts hold for whole corpora only.
            counts = _COUNTS.get((related[0], part, target)) if target == evaluated else None
            why = _DESCENT[frozenset((related[0], target))]
            found.append(_match(name, target, "descent", why, part=part, counts=counts))
    return found
