"""TREC: six coarse question types, in SentEval's layout (Li and Roth 2002; Conneau and Kiela 2018)."""

from __future__ import annotations

from harness.corpora.base import Examples, Files, Source, row_ids
from harness.corpora.pins import Part, Pin, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split
from harness.corpora.senteval import MIRROR

_TRAIN = Source(
    path="senteval/downstream/TREC/train_5500.label",
    sha256="8bd6e79493f43bbd22c364587366a1dced54e1e31259eaa92721a0f526031116",
    size=333_379,
    url=f"{MIRROR}/b47a07f232fee6b71a38efaa50a3f467a2cc7885/data/TREC/train_5500.label",
)
_TEST = Source(
    path="senteval/downstream/TREC/TREC_10.label",
    sha256="86ad53c8fc9d397ab2f4be7c967d8efb470b260140557d3e57afad69d1b88b76",
    size=23_269,
    url=f"{MIRROR}/a45c6ae2535d12a191858907ead860eefd499f16/data/TREC/TREC_10.label",
)
_FILES = {"train": _TRAIN, "test": _TEST}

#: Coarse classes, with SentEval's numbers (`senteval/trec.py`).
CLASSES = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")

CARD = PinnedCard(
    name="trec",
    title="TREC (question types)",
    rows={"train": 5_452, "test": 500},
    labels="label: 0 ABBR, 1 DESC, 2 ENTY, 3 HUM, 4 LOC, 5 NUM",
    licence="none stated",
    citation="Li and Roth, COLING 2002; SentEval form: Conneau and Kiela, LREC 2018",
    homepage="https://cogcomp.seas.upenn.edu/Data/QA/QC/",
    sources=(_TRAIN, _TEST),
    pins={
        "train": Pin(
            rows=(5_452,),
            fingerprint="331d315cea404cd9ff5c7539bf4de83b",
            unordered="39e5e7ab5cac91c58dfbb085c3788cb2",
            blocks="89811bb0ba17285a79f01006093b3a0faac6a09229ce",
        ),
        "test": Pin(
            rows=(500,),
            fingerprint="b77841e3fd31798d94e1746c54dc9b3c",
            unordered="2b6056e556e819c1999347b5bd265323",
            blocks="ea7f",
            ascii=True,
        ),
    },
    notes="Latin-1 (one byte is not ASCII); quotes and backticks were removed by SentEval's download script.",
)


class QuestionTypes:
    """Question types: `COARSE:fine question` on every line."""

    def __init__(self, card: PinnedCard = CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read `train` or `test`.

        Raises:
            DataMissing: the file is not there.
            DataInvalid: it is not the published one.
        """
        import numpy as np

        require_split(self.card, split)
        source = _FILES[split]
        file = SourceFile(self.card, source, files.path(source))
        texts, labels = [], []
        for line, content in enumerate(file.lines("latin-1"), start=1):
            kind, _, question = content.partition(" ")
            coarse, colon, _ = kind.partition(":")
            if not colon or coarse not in CLASSES:
                raise file.fault(f"expected COARSE:fine, found {kind[:40]!r}", line=line, column=1)
            labels.append(CLASSES.index(coarse))
            texts.append(" ".join(question.split()))
        examples = Examples(
            texts=tuple(texts),
            ids=row_ids(split, len(texts)),
            labels={"label": np.array(labels, dtype=np.int64)},
            classes=CLASSES,
        )
        return check(examples, split, self.card, [Part(file, range(1, len(texts) + 1))])
