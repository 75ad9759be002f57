"""GoEmotions: Reddit comments with 27 emotions and neutral, several a comment (Demszky et al. 2020)."""

from __future__ import annotations

from harness.corpora.base import Examples, Files, Source
from harness.corpora.pins import Part, Pin, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split

_URL = "https://raw.githubusercontent.com/google-research/google-research"
_FILES = {
    "train": Source(
        path="goemotions/train.tsv",
        sha256="1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
        size=3_519_053,
        url=f"{_URL}/2adf640a14f11025ae5a9d0ec493b78530d276d3/goemotions/data/train.tsv",
    ),
    "dev": Source(
        path="goemotions/dev.tsv",
        sha256="575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
        size=439_059,
        url=f"{_URL}/2adf640a14f11025ae5a9d0ec493b78530d276d3/goemotions/data/dev.tsv",
    ),
    "test": Source(
        path="goemotions/test.tsv",
        sha256="0587b2dd8b27b97352adbfc3fb083d46005c8946657fdc2b1ca8b1cc7f1f8be4",
        size=436_706,
        url=f"{_URL}/b91598b43297db06cca27a29fe2d0442dffea029/goemotions/data/test.tsv",
    ),
}

#: Names in the order of their ids (`goemotions/data/emotions.txt`).
EMOTIONS = (
    "admiration",
    "amusement",
    "anger",
    "annoyance",
    "approval",
    "caring",
    "confusion",
    "curiosity",
    "desire",
    "disappointment",
    "disapproval",
    "disgust",
    "embarrassment",
    "excitement",
    "fear",
    "gratitude",
    "grief",
    "joy",
    "love",
    "nervousness",
    "optimism",
    "pride",
    "realization",
    "relief",
    "remorse",
    "sadness",
    "surprise",
    "neutral",
)
_IDS = {str(i): i for i in range(len(EMOTIONS))}

CARD = PinnedCard(
    name="goemotions",
    title="GoEmotions",
    rows={"train": 43_410, "dev": 5_426, "test": 5_427},
    labels="emotions: 27 emotions and neutral, one or more a comment",
    licence="CC BY 4.0",
    citation="Demszky et al., ACL 2020",
    homepage="https://github.com/google-research/google-research/tree/master/goemotions",
    sources=tuple(_FILES.values()),
    pins={
        "train": Pin(
            rows=(43_410,),
            fingerprint="e909bce2f669690b1c162b10e09bb89a",
            unordered="64f332f1f0c94674e10db05fa1b1d4cc",
            blocks=(
                "d29d7e32b6450bc30d93b8e4a850b6b477c121c6cca6ae3186b2eac43b8a23c2c4b192dcb189cd24"
                "21897828ad7f6ce136960526260715058af9f14a2fc1f33cf2623c8a311bfc14b89aead7974f8b3f"
                "5800cd7f09e69f9132aea3333245e6c6ec9332e53cf5a767a4433fe7323e47f2fc39150d91cd77fc"
                "1f8cc8bf175bced306ce3d8c8a6dd8978d95415015d0cda2f99d9445f2d3c8a0d772e65e45b2b74d"
                "bcf642cd1e3ab7903692230bcda5"
            ),
        ),
        "dev": Pin(
            rows=(5_426,),
            fingerprint="7661c593561d780919eb8950826d97e8",
            unordered="e9cb433596cf5fbe156ffa9524db4ab9",
            blocks="100ac3ef262375a5cd98322a042d442719a79d4f2466",
        ),
        "test": Pin(
            rows=(5_427,),
            fingerprint="951b25ab50417e5e9019d0b4e65c7dd6",
            unordered="5488253d1ca6d5a78f7e518b33e71eda",
            blocks="def555ce2c7d936bc1070e74a8ff4e8abac8caca67a8",
        ),
    },
    notes=(
        "1,097 / 137 / 149 texts carry CSV quoting inside the tab-separated file (a comment with quotation "
        "marks is enclosed in them and its own are doubled). It is undone, as the authors' own reader "
        "(`goemotions/bert_classifier.py`, pandas with a tab) does. Blanks at either end of a comment stay. "
        "Names are masked as [NAME] and [RELIGION]. Ids are those of the comments."
    ),
)


class GoEmotions:
    """The official tab-separated files: text, label ids, comment id; no header."""

    def __init__(self, card: PinnedCard = CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`.

        Returns:
            Examples whose label `emotions` is a bool array (n, 28), columns in the order of `EMOTIONS`.

        Raises:
            DataMissing: the file is not there.
            DataInvalid: it is not the published one.
        """
        import numpy as np

        require_split(self.card, split)
        source = _FILES[split]
        file = SourceFile(self.card, source, files.path(source))
        lines: list[int] = []
        texts: list[str] = []
        ids: list[str] = []
        marked_rows: list[int] = []
        marked_columns: list[int] = []
        for line, (text, labels, comment) in file.records(columns=3, delimiter="\t"):
            for label in labels.split(","):
                if label not in _IDS:
                    raise file.fault(
                        f"expected label ids 0 to {len(EMOTIONS) - 1} between commas, found {labels[:40]!r}",
                        line=line,
                        column=2,
                    )
                marked_rows.append(len(texts))
                marked_columns.append(_IDS[label])
            lines.append(line)
            texts.append(text)
            ids.append(comment)
        emotions = np.zeros((len(texts), len(EMOTIONS)), dtype=np.bool_)
        emotions[marked_rows, marked_columns] = True
        examples = Examples(texts=tuple(texts), ids=tuple(ids), labels={"emotions": emotions}, classes=EMOTIONS)
        return check(examples, split, self.card, [Part(file, lines)])
