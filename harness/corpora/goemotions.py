"""GoEmotions: Reddit comments with 27 emotions and neutral, several a comment (Demszky et al. 2020)."""

import logging
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.corpora.base import CorpusCard, Examples, sources
from harness.corpora.files import Files, read_records
from harness.errors import DataMissing

_URL = "https://raw.githubusercontent.com/google-research/google-research"
_FILES = (
    *sources(
        *("goemotions/", f"{_URL}/2adf640a14f11025ae5a9d0ec493b78530d276d3/goemotions/data/"),
        ("train.tsv", "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5", 3_519_053),
        ("dev.tsv", "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62", 439_059),
    ),
    *sources(
        *("goemotions/", f"{_URL}/b91598b43297db06cca27a29fe2d0442dffea029/goemotions/data/"),
        ("test.tsv", "0587b2dd8b27b97352adbfc3fb083d46005c8946657fdc2b1ca8b1cc7f1f8be4", 436_706),
    ),
)

#: Names in the order of their ids (`goemotions/data/emotions.txt`).
EMOTIONS = (
    *("admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire"),
    *("disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief"),
    *("joy", "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness"),
    *("surprise", "neutral"),
)

CARD = CorpusCard(
    name="goemotions",
    title="GoEmotions",
    rows={"train": 43_410, "dev": 5_426, "test": 5_427},
    labels="emotions: 27 emotions and neutral, one or more a comment",
    licence="CC BY 4.0",
    citation="Demszky et al., ACL 2020",
    homepage="https://github.com/google-research/google-research/tree/master/goemotions",
    sources=_FILES,
    checksums={
        "train": "e909bce2f669690b1c162b10e09bb89a",
        "dev": "7661c593561d780919eb8950826d97e8",
        "test": "951b25ab50417e5e9019d0b4e65c7dd6",
    },
    aliases=("go-emotions", "goemotions-ekman", "go-emotions-ekman", "goemotions-simplified"),
    notes=(
        "1,097 / 137 / 149 texts carry CSV quoting inside the tab-separated file (a comment with quotation "
        "marks is enclosed in them and its own are doubled). It is undone, as the authors' own reader "
        "(`goemotions/bert_classifier.py`, pandas with a tab) does. Blanks at either end of a comment stay. "
        "Names are masked as [NAME] and [RELIGION]. Ids are those of the comments."
    ),
)


class GoEmotions:
    """The official tab-separated files (text, label ids, comment id; no header), else the dataset hub's copy."""

    card = CARD

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`.

        Returns:
            Examples whose label `emotions` is a bool array (n, 28), columns in the order of `EMOTIONS`.
        """
        try:
            source = _FILES[list(self.card.rows).index(split)]
            rows = list(read_records(files.path(source), columns=3, delimiter="\t"))
        except DataMissing as missing:
            if files.offline:
                raise
            rows = _from_hub(split, missing)
        emotions = np.zeros((len(rows), len(EMOTIONS)), dtype=np.bool_)
        for row, (_, labels, _) in enumerate(rows):
            emotions[row, [int(label) for label in labels.split(",")]] = True
        return Examples(
            texts=tuple(text for text, _, _ in rows),
            ids=tuple(comment for _, _, comment in rows),
            labels={"emotions": emotions},
            classes=EMOTIONS,
        )


def _from_hub(split: str, missing: DataMissing) -> list[list[str]]:
    """Rows of the hub's copy in the files' form; the checksum of the content says whether they are the same."""
    from datasets import load_dataset

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it tells of each try

    try:
        part = {"dev": "validation"}.get(split, split)
        rows = load_dataset("google-research-datasets/go_emotions", "simplified", split=part)
    except Exception as error:  # the library has many kinds; what the user can do is in the first message
        raise missing from error
    return [[row["text"], ",".join(map(str, row["labels"])), row["id"]] for row in rows]


# How a comment with several labels becomes one Ekman emotion is left open by the literature, so each reading has a
# name. The map is `goemotions/data/ekman_mapping.json` (google-research/google-research; Demszky et al. 2020).

Reading = Literal["selected", "single", "mapped", "neutral-dropped"]

#: Ekman emotion → the fine emotions that it covers; neutral stays apart.
EKMAN: dict[str, tuple[str, ...]] = {
    "anger": ("anger", "annoyance", "disapproval"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": (
        *("joy", "amusement", "approval", "excitement", "gratitude", "love"),
        *("optimism", "relief", "pride", "admiration", "desire", "caring"),
    ),
    "sadness": ("sadness", "disappointment", "embarrassment", "grief", "remorse"),
    "surprise": ("surprise", "realization", "confusion", "curiosity"),
}


class EkmanRows(NamedTuple):
    """Comments that have exactly one class under a reading."""

    rows: NDArray[np.int64]
    """Indices into the examples, ascending."""
    labels: NDArray[np.int64]
    """Class of each of them."""
    classes: tuple[str, ...]
    """Names of the classes."""


def ekman(examples: Examples, reading: Reading = "mapped", classes: Literal[6, 7] = 6) -> EkmanRows:
    """Select the comments with exactly one Ekman class.

    Args:
        examples: GoEmotions, one split.
        reading: `selected` keeps comments whose only label is one of the six names themselves among the fine labels
            (six classes only); `single` keeps comments with exactly one of the 28 fine labels; `mapped` maps first and
            keeps comments whose labels all fall in one class (neutral beside an emotion makes two);
            `neutral-dropped` ignores the neutral tag and then does as `mapped` (six classes only).
        classes: 6 leaves out the comments that are neutral only; 7 keeps them as the last class.
    """
    names = (*EKMAN, "neutral")
    fine = {name: column for column, name in enumerate(examples.classes)}
    emotions = np.asarray(examples.labels["emotions"], dtype=np.bool_)
    covered = [(name,) if reading == "selected" else EKMAN.get(name, (name,)) for name in names]
    coarse = np.stack([emotions[:, [fine[name] for name in group]].any(axis=1) for group in covered], axis=1)
    if reading == "neutral-dropped":
        coarse[:, -1] = False
    keep = coarse.sum(axis=1) == 1
    if reading in ("selected", "single"):
        keep &= emotions.sum(axis=1) == 1
    if classes == 6:
        keep &= ~coarse[:, -1]
    rows = np.flatnonzero(keep).astype(np.int64)
    return EkmanRows(rows, coarse[rows].argmax(axis=1).astype(np.int64), names[:classes])


CORPORA = (GoEmotions(),)
