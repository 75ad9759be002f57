"""Has a model seen the texts that it is scored on? Judged from the data sets that its card declares.

Three answers: `clean`, `overlap` (the number gets an asterisk and is left out of the ranking) and `unknown`
(nothing was declared, which is never the same as clean). Names alone would miss that data sets share texts, so
three kinds of match count as overlap (a fourth, `text`, is found by comparing texts: `by_text`):

* **declared**: the corpus itself is among the training data, under any of its usual names;
* **descent**: a training set shares sentences with the corpus, because one was made from the other. SST is
  made of MR's sentences; EmoBank contains the headlines of SemEval-2007 Affective Text;
* **source**: a rated collection of reviews covers the site, the products and the years that the corpus was
  taken from, so that the very texts can be in it. CR is Amazon reviews of five electronic products up to 2004.

Everything else is clean. Where a reader could still wonder (reviews of another site; unlabelled text of the
same site), the evidence has a note. The counts were made on the files that the harness itself reads, in two
forms: `exact` is lower case with white space folded; `normal` is lower case without the tokens `-lrb-` and
`-rrb-`, reduced to a-z and 0-9.

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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.encoder import EncoderCard

#: Every answer.
STATES = ("clean", "overlap", "unknown")

#: Kinds of match, the strongest first.
BASES = ("declared", "text", "descent", "source")

#: Canonical name → other usual names. `-`, `_`, blanks and the owner of a hub id make no difference.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "affective-text": (
        "semeval2007-affective-text", "semeval-2007-affective-text", "semeval2007", "semeval-2007",
        "semeval2007-task14", "semeval-2007-task-14", "affectivetext", "se07",
    ),
    "cr": ("customer-reviews", "customer-review", "custrev", "senteval-cr"),
    "emobank": (),
    "emorynlp": ("emory-nlp",),
    "emotales": ("emo-tales",),
    "facebook": ("facebook-va", "facebook-posts", "facebook-valence-arousal", "fb-va", "fb-valence-arousal"),
    "glue": (),
    "goemotions": ("go-emotions", "goemotions-ekman", "go-emotions-ekman", "goemotions-simplified"),
    "iemocap": (),
    "imdb": ("aclimdb", "acl-imdb", "imdb-reviews", "large-movie-review", "large-movie-review-dataset"),
    "isarcasmeval": ("isarcasm-eval", "isarcasm", "semeval2022-task6", "semeval-2022-task-6"),
    "isear": (),
    "masc": ("manually-annotated-sub-corpus",),
    "meld": ("meld-raw",),
    "mpqa": (),
    "mr": ("rotten-tomatoes", "rottentomatoes", "rt-polarity", "movie-review", "senteval-mr"),
    "pooled": (),
    "ratings": (),
    "ratings-editorials": ("nyt-editorial-snippets", "nyteditorialsnippets"),
    "ratings-films": ("movie-review-snippets", "moviereviewsnippets"),
    "ratings-products": ("amazon-review-snippets", "amazonreviewsnippets"),
    "ratings-tweets": (),
    "semeval2017-task4a": (
        "semeval2017-task4-a", "semeval-2017-task-4-a", "semeval-2017-task-4a", "semeval2017", "semeval-2017",
        "semeval2017-task4", "semeval-2017-task-4", "tweet-eval-sentiment", "tweeteval-sentiment",
    ),
    "senteval": (),
    "sst2": ("sst-2", "sst-binary", "glue-sst2", "glue-sst-2"),
    "sst5": ("sst", "sst-5", "sst-fine", "sst-tree", "sst-phrase-tree", "stanford-sentiment-treebank"),
    "subj": ("senteval-subj", "subjectivity"),
    "trec": ("senteval-trec",),
    "tweet-eval": ("tweeteval",),
    "tweeteval-irony": (
        "tweet-eval-irony", "semeval2018-task3", "semeval-2018-task-3", "semeval2018-task3a", "semeval-2018-irony",
    ),
}  # fmt: skip

#: Collections → the sets of this table that they contain.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "glue": ("sst2",),
    "pooled": ("emobank", "facebook", "emotales"),
    "ratings": ("ratings-tweets", "ratings-editorials", "ratings-products", "ratings-films"),
    "senteval": ("mr", "cr", "subj", "mpqa", "trec", "sst2", "sst5"),
    "tweet-eval": ("semeval2017-task4a", "tweeteval-irony"),
}

#: Two sets that share sentences, and why. Valid in both directions.
_DESCENT: Mapping[frozenset[str], str] = {
    frozenset(pair): why
    for *pair, why in (
        ("mr", "sst5", "SST is made of MR's sentences"),
        ("mr", "sst2", "SST is made of MR's sentences"),
        ("sst2", "sst5", "SST-2 and SST-5 label the same sentences"),
        ("mr", "subj", "MR and SUBJ share Rotten Tomatoes snippets"),
        ("subj", "sst5", "SUBJ and SST share Rotten Tomatoes snippets"),
        ("subj", "sst2", "SUBJ and SST share Rotten Tomatoes snippets"),
        ("ratings-films", "mr", "the rated sentences are MR's"),
        ("ratings-films", "sst5", "SST and the rated sentences are both MR's"),
        ("ratings-films", "sst2", "SST and the rated sentences are both MR's"),
        ("ratings-films", "subj", "both hold Rotten Tomatoes snippets"),
        ("ratings-products", "cr", "both are made of the same Amazon reviews"),
        ("affective-text", "emobank", "EmoBank contains Affective Text's headlines"),
        ("masc", "emobank", "EmoBank rates sentences of MASC"),
        ("emorynlp", "meld", "both label utterances of Friends"),
    )
}


@dataclass(frozen=True)
class Shared:
    """Sentences of an evaluated part that stand in a training set, counted once on the published files."""

    part: str
    rows: int
    exact: int
    normal: int


#: (training set, its declared part, evaluated corpus) → counts. "all" where the protocol scores every row. A
#: part without an entry has no counts: those of the whole set would be too high.
_COUNTS: Mapping[tuple[str, str | None, str], Shared] = {
    ("mr", None, "sst5"): Shared("test", 2210, 1454, 1769),
    ("subj", None, "sst5"): Shared("test", 2210, 563, 696),
    ("sst5", None, "mr"): Shared("all", 10662, 7614, 9383),
    ("sst5", "train", "mr"): Shared("all", 10662, 5433, 6729),
    ("sst2", "train", "mr"): Shared("all", 10662, 4596, 5542),
    ("subj", None, "mr"): Shared("all", 10662, 4167, 4168),
    ("affective-text", None, "emobank"): Shared("test", 1000, 118, 118),
    ("mr", None, "ratings-films"): Shared("all", 10605, 59, 10444),
    ("sst5", None, "ratings-films"): Shared("all", 10605, 64, 9516),
    ("sst5", "train", "ratings-films"): Shared("all", 10605, 47, 6843),
    ("sst2", "train", "ratings-films"): Shared("all", 10605, 43, 5639),
    ("subj", None, "ratings-films"): Shared("all", 10605, 8, 4081),
    ("cr", None, "ratings-products"): Shared("all", 3708, 0, 1308),
    ("ratings-films", None, "mr"): Shared("all", 10662, 59, 10444),
    ("ratings-films", None, "sst5"): Shared("test", 2210, 11, 1780),
    ("ratings-products", None, "cr"): Shared("all", 3775, 0, 1305),
}


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.casefold())


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

#: Amazon categories that hold none of CR's five products (two cameras, a phone, a music and a DVD player).
_OTHER_CATEGORIES = frozenset(
    _words(
        "laptop laptops computer computers book books movie movies tv music kitchen home clothing beauty food "
        "foods grocery toys games software instruments office garden pet automotive baby sports health"
    )
)
_ELECTRONICS = frozenset(_words("electronics camera cameras phone phones cell"))

_TWEET_CORPORA = ("isarcasmeval", "ratings-tweets", "semeval2017-task4a", "tweeteval-irony")
_REVIEW_CORPORA = ("cr", "imdb", "mr", "ratings-films", "ratings-products", "sst2", "sst5")
_AMAZON_CORPORA = ("cr", "ratings-products")


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
    """`part`, `rows`, `exact`, `normal` where they were counted; `near` and `shared` (in any way) where texts were
    compared, without `exact` where only hashes are known."""

    @classmethod
    def from_record(cls, found: Mapping[str, Any]) -> Match:
        """Read what `as_record` wrote."""
        return cls(
            trained_on=found["trained_on"],
            evaluated=found["evaluated"],
            basis=found["basis"],
            why=found["why"],
            part=found.get("part"),
            counts=found.get("counts"),
        )

    def as_record(self) -> dict[str, Any]:
        """JSON-able form without empty fields."""
        found: dict[str, Any] = {
            "trained_on": self.trained_on,
            "evaluated": self.evaluated,
            "basis": self.basis,
            "why": self.why,
        }
        if self.part is not None:
            found["part"] = self.part
        if self.counts is not None:
            found["counts"] = dict(self.counts)
        return found


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
    own = evaluated == "sample" or evaluated.startswith("sample-")
    if training_data is None:
        if own:
            note = {
                "trained_on": "",
                "kind": "own sentences",
                "text": "the sample was written for this package",
            }
            return Judgement("clean", _evidence("not declared", corpus, None, (), [note]))
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


_LOOKUP: Mapping[tuple[str, ...], str] = {
    tuple(_words(alias)): canonical for canonical, more in _ALIASES.items() for alias in (canonical, *more)
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
            canonical = _LOOKUP.get(tuple(words[:end]))
            if canonical is not None:
                parts = {_PART_WORDS[word] for word in tail if word in _PART_WORDS}
                return canonical, parts.pop() if len(parts) == 1 else None
    return "-".join(whole), None


def _matches(name: str, evaluated: str) -> list[Match]:
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
        shared = _COUNTS.get((piece, part, target)) if whole else None
        counts = None if shared is None else dict(vars(shared))
        return Match(trained_on=name, evaluated=target, basis="descent", why=why_shared, part=part, counts=counts)
    if target in _AMAZON_CORPORA and _holds_cr(name):
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
    return "amazon" in words and (not words & _OTHER_CATEGORIES or bool(words & _ELECTRONICS))


def _notes(name: str, evaluated: str) -> list[dict[str, str]]:
    """What a reader could still ask about a training set that does not count as overlap."""
    words = set(_words(name))
    kind = text = ""
    if evaluated in _AMAZON_CORPORA and "amazon" in words:
        kind, text = "same site", "Amazon reviews of other products than CR's"
    elif evaluated in _REVIEW_CORPORA and words & {"amazon", "yelp"}:
        kind, text = "same kind", f"reviews as well, but of another site than {evaluated}"
    elif evaluated == "goemotions" and "reddit" in words:
        kind, text = (
            "same site",
            "Reddit comments without emotion labels; GoEmotions is Reddit comments too",
        )
    elif evaluated in _TWEET_CORPORA and words & {"twitter", "tweet", "tweets"}:
        kind, text = "same site", "tweets of another collection"
    return [{"trained_on": name, "kind": kind, "text": text}] if kind else []
