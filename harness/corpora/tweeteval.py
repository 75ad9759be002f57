"""TweetEval's irony and sentiment parts, in the layout of its repository (Barbieri et al. 2020).

Each split is two files of equally many lines, `SPLIT_text.txt` and `SPLIT_labels.txt`, below `datasets/PART/`. The
folder may stand below the data directory as `tweeteval/`. The files' checksums are not known here: they are held to
the published number of rows and to their labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from harness.corpora.base import Examples, Files, Source, row_ids
from harness.corpora.pins import Part, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split

#: Our splits → the names in the files.
_SPLITS = {"train": "train", "dev": "val", "test": "test"}
_HOMEPAGE = "https://github.com/cardiffnlp/tweeteval"


def _sources(part: str) -> dict[str, tuple[Source, Source]]:
    folder = f"tweeteval/datasets/{part}"
    return {
        split: (
            Source(path=f"{folder}/{name}_text.txt", sha256="", size=0),
            Source(path=f"{folder}/{name}_labels.txt", sha256="", size=0),
        )
        for split, name in _SPLITS.items()
    }


class _Part:
    """One part of TweetEval."""

    files: ClassVar[Mapping[str, tuple[Source, Source]]]
    classes: ClassVar[tuple[str, ...]]

    def __init__(self, card: PinnedCard) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` (TweetEval's `val`) or `test`.

        Raises:
            DataMissing: a file is not there.
            DataInvalid: the two files do not fit together, or are not of the published size.
        """
        import numpy as np

        require_split(self.card, split)
        file, gold = (SourceFile(self.card, source, files.path(source)) for source in self.files[split])
        texts = [text.strip() for text in file.lines()]
        labels = []
        for line, label in enumerate(gold.lines(), start=1):
            if label.strip() not in map(str, range(len(self.classes))):
                raise gold.fault(
                    f"expected a label from 0 to {len(self.classes) - 1}, found {label[:40]!r}", line=line, column=1
                )
            labels.append(int(label.strip()))
        if len(labels) != len(texts):
            raise gold.fault(f"{len(labels):,} labels for {len(texts):,} texts in {file.path.name}")
        examples = Examples(
            texts=tuple(texts),
            ids=row_ids(split, len(texts)),
            labels={"label": np.array(labels, dtype=np.int64)},
            classes=self.classes,
        )
        return check(examples, split, self.card, [Part(file, range(1, len(texts) + 1))])


_IRONY = _sources("irony")
_SENTIMENT = _sources("sentiment")

IRONY = PinnedCard(
    name="tweeteval-irony",
    title="TweetEval irony (SemEval-2018 task 3 A)",
    rows={"train": 2_862, "dev": 955, "test": 784},
    labels="label: 0 not ironic, 1 ironic",
    licence="none stated; the platform's terms apply to the tweets",
    citation="Barbieri et al., Findings of EMNLP 2020; Van Hee, Lefever and Hoste, SemEval 2018",
    homepage=_HOMEPAGE,
    sources=tuple(source for pair in _IRONY.values() for source in pair),
    notes="The hashtags that the tweets were collected by (#irony, #sarcasm, #not) were removed by the task's authors.",
)

SENTIMENT = PinnedCard(
    name="tweeteval-sentiment",
    title="TweetEval sentiment (SemEval-2017 task 4 A)",
    rows={"train": 45_615, "dev": 2_000, "test": 12_284},
    labels="label: 0 negative, 1 neutral, 2 positive",
    licence="none stated; the platform's terms apply to the tweets",
    citation="Barbieri et al., Findings of EMNLP 2020; Rosenthal, Farra and Nakov, SemEval 2017",
    homepage=_HOMEPAGE,
    sources=tuple(source for pair in _SENTIMENT.values() for source in pair),
    notes="Users are masked as @user; the test part is that of SemEval-2017, training and development are cut anew.",
)


class TweetEvalIrony(_Part):
    """Irony."""

    files = _IRONY
    classes = ("not ironic", "ironic")

    def __init__(self, card: PinnedCard = IRONY) -> None:
        super().__init__(card)


class TweetEvalSentiment(_Part):
    """Sentiment."""

    files = _SENTIMENT
    classes = ("negative", "neutral", "positive")

    def __init__(self, card: PinnedCard = SENTIMENT) -> None:
        super().__init__(card)
