"""iSarcasmEval: English tweets labelled as sarcastic by their own authors (SemEval-2022 task 6, subtask A)."""

from __future__ import annotations

from harness.corpora.base import Examples, Files, Source, row_ids
from harness.corpora.pins import Part, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split

_TRAIN = Source(path="isarcasmeval/train/train.En.csv", sha256="", size=0)
_TEST = Source(path="isarcasmeval/test/task_A_En_test.csv", sha256="", size=0)
_CATEGORIES = ("sarcasm", "irony", "satire", "understatement", "overstatement", "rhetorical_question")
#: File, its header, and the columns of text and label.
_FORMS = {
    "train": (_TRAIN, ("", "tweet", "sarcastic", "rephrase", *_CATEGORIES), 1, 2),
    "test": (_TEST, ("text", "sarcastic"), 0, 1),
}

CARD = PinnedCard(
    name="isarcasmeval",
    title="iSarcasmEval, English",
    rows={"train": 3_468, "test": 1_400},
    labels="label: 0 not sarcastic, 1 sarcastic; by the author of the tweet",
    licence="none stated; the platform's terms apply to the tweets",
    citation="Abu Farha, Oprea, Wilson and Magdy, SemEval 2022",
    homepage="https://github.com/iabufarha/iSarcasmEval",
    sources=(_TRAIN, _TEST),
    notes=(
        "One training tweet is empty; it stays. The layout is that of the authors' repository, below isarcasmeval/. "
        "The files' checksums are not known here: rows and labels are checked."
    ),
)


class ISarcasmEval:
    """The authors' two CSV files; texts may hold line feeds."""

    def __init__(self, card: PinnedCard = CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read `train` or `test`.

        Raises:
            DataMissing: the file is not there.
            DataInvalid: it has another form or another number of rows.
        """
        import numpy as np

        require_split(self.card, split)
        source, header, text, label = _FORMS[split]
        file = SourceFile(self.card, source, files.path(source))
        lines, texts, labels = [], [], []
        for line, fields in file.records(header):
            if fields[label] not in ("0", "1"):
                raise file.fault(f"expected 0 or 1, found {fields[label][:40]!r}", line=line, column="sarcastic")
            lines.append(line)
            texts.append(fields[text])
            labels.append(int(fields[label]))
        examples = Examples(
            texts=tuple(texts),
            ids=row_ids(split, len(texts)),
            labels={"label": np.array(labels, dtype=np.int64)},
            classes=("not sarcastic", "sarcastic"),
        )
        return check(examples, split, self.card, [Part(file, lines)])
