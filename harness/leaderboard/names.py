"""How tables call and order families, corpora, protocols and states."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

#: Family of a model → heading of its block, in the order of the blocks; other families follow by name.
FAMILIES = {
    "floor": "Floors",
    "bert": "BERT",
    "roberta": "RoBERTa",
    "mpnet": "MPNet",
    "minilm": "MiniLM",
    "recipe-free": "Recipes, no labels",
    "recipe-affect": "Recipes, ratings or affect labels",
    "recipe-evaluated": "Recipes that saw labels of an evaluated data set",
}

#: Corpus → name in a column head, in the order of the columns; other corpora follow by name.
CORPORA = {
    "emobank": "EmoBank",
    "facebook": "Facebook",
    "emotales": "EmoTales",
    "pooled": "Pooled",
    "cr": "CR",
    "mr": "MR",
    "sst2": "SST2",
    "sst5": "SST5",
    "imdb": "IMDB",
    "subj": "SUBJ",
    "mpqa": "MPQA",
    "trec": "TREC",
    "goemotions": "GoEmotions",
    "isear": "ISEAR",
    "semeval2017-task4a": "SemEval-2017",
    "tweeteval-sentiment": "TweetEval sentiment",
    "tweeteval-irony": "TweetEval irony",
    "isarcasmeval": "iSarcasmEval",
    "meld": "MELD",
    "emorynlp": "EmoryNLP",
    "iemocap": "IEMOCAP",
    "sample": "Sample",
}

#: Order of the task families; others follow by name.
TASKS = ("valence-arousal", "polarity", "emotion", "geometry")

#: Order of the protocols of one task and corpus; others follow by name, versions newest first.
_PROTOCOLS = (
    "official",
    "document-grouped",
    "kfold10",
    "pooled",
    "senteval-lr",
    "senteval-lr-128",
    "senteval-lr-512",
    "ekman6-mapped",
    "ekman6-single",
    "senteval-compat",
)

#: State of a cell without a number → (the reason in full, the same for a narrow column).
REASONS = {
    "weights-missing": ("weights not available", "no weights"),
    "extra-missing": ("extra not installed", "no extra"),
    "data-missing": ("data missing", "no data"),
    "failed": ("failed", "failed"),
    "skipped": ("not applicable", "n. a."),
    "not-run": ("not run", "not run"),
    "undefined": ("not reported", "–"),
    "blank": ("", ""),
}

#: What a reason means, for the foot of a table.
EXPLANATIONS = {
    "weights-missing": "weights not available on this machine",
    "extra-missing": "an optional package or resource is not installed",
    "data-missing": "the data set is not on this machine",
    "failed": "the evaluation ended with an error, which its record has",
    "skipped": "the task has no meaning for the model, as its record says",
    "not-run": "no result yet",
}


_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?")


def clean(text: str) -> str:
    """One line without control characters: names come from plugins and must not move a terminal's cursor."""
    return " ".join("".join(c if c.isprintable() or c.isspace() else " " for c in text).split())


def spreadsheet(text: str) -> str:
    """The text as a spreadsheet program shows it: one that begins like a formula would be computed.

    >>> spreadsheet("=1+1"), spreadsheet("bert"), spreadsheet("-0.5")
    ("'=1+1", 'bert', '-0.5')
    """
    if not text.startswith(("=", "+", "-", "@", "\t", "\r")) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def family_title(family: str) -> str:
    """Heading of a family's block."""
    return FAMILIES.get(family, family or "Other")


def corpus_title(corpus: str) -> str:
    """Name of a corpus in a column head."""
    return CORPORA.get(corpus, corpus)


def _rank(name: str, known: tuple[str, ...]) -> int:
    return known.index(name) if name in known else len(known)


def family_order(family: str) -> tuple[int, str]:
    """Sort key of a family."""
    return (_rank(family, tuple(FAMILIES)), family)


def protocol_version(protocol: str) -> tuple[str, int]:
    """Split a protocol's name from its version; one without a number has version 0.

    >>> protocol_version("senteval-lr/10")
    ('senteval-lr', 10)
    """
    match = re.fullmatch(r"(.*)/(\d+)", protocol)
    return (match[1], int(match[2])) if match else (protocol, 0)


def protocol_order(protocol: str) -> tuple[int, str, int]:
    """Sort key of a protocol: known ones in their order, newest version first."""
    name, version = protocol_version(protocol)
    return (_rank(name, _PROTOCOLS), name, -version)


def task_order(task: str, corpus: str, protocol: str) -> tuple[object, ...]:
    """Sort key of a task when a suite does not give its order."""
    return (_rank(task, TASKS), task, protocol_order(protocol), _rank(corpus, tuple(CORPORA)), corpus)


def unknown_name(kind: str, asked: str, legal: Sequence[str]) -> str:
    """Word the error for a name that does not exist: what was asked for, what is near it, what there is.

    >>> unknown_name("format", "markdwn", ["csv", "markdown"])
    "there is no format 'markdwn'; did you mean markdown? There are: csv, markdown"
    """
    near = difflib.get_close_matches(asked.casefold(), [name.casefold() for name in legal], n=1)
    hints = [f"; did you mean {name}? There are" for name in legal if name.casefold() in near]
    return f"there is no {kind} {asked!r}{hints[0] if hints else '; there are'}: {', '.join(legal)}"
