"""TweetEval's irony and sentiment parts (Barbieri et al. 2020), and iSarcasmEval in English (SemEval-2022 task 6 A).

TweetEval's splits are two files of equally many lines, `SPLIT_text.txt` and `SPLIT_labels.txt`, below `datasets/PART/`;
the folder may stand below the data directory as `tweeteval/`. The files' checksums are not known here: they are held to
the published number of rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.corpora.base import CorpusCard, Examples, Source, row_ids, sources
from harness.corpora.files import Files, read_lines, read_records

#: Our splits → the names in the files.
_SPLITS = {"train": "train", "dev": "val", "test": "test"}
_HOMEPAGE = "https://github.com/cardiffnlp/tweeteval"
_NO_LICENCE = "none stated; the platform's terms apply to the tweets"
#: Texts and labels of each split in turn.
_FILES = (
    *(("train_text.txt", "", 0), ("train_labels.txt", "", 0)),
    *(("val_text.txt", "", 0), ("val_labels.txt", "", 0)),
    *(("test_text.txt", "", 0), ("test_labels.txt", "", 0)),
)

IRONY = CorpusCard(
    name="tweeteval-irony",
    title="TweetEval irony (SemEval-2018 task 3 A)",
    rows={"train": 2_862, "dev": 955, "test": 784},
    labels="label: 0 not ironic, 1 ironic",
    licence=_NO_LICENCE,
    citation="Barbieri et al., Findings of EMNLP 2020; Van Hee, Lefever and Hoste, SemEval 2018",
    homepage=_HOMEPAGE,
    sources=sources("tweeteval/datasets/irony/", None, *_FILES),
    aliases=(
        *("tweet-eval-irony", "semeval2018-task3", "semeval-2018-task-3", "semeval2018-task3a"),
        "semeval-2018-irony",
    ),
    notes="The hashtags that the tweets were collected by (#irony, #sarcasm, #not) were removed by the task's authors.",
)

SENTIMENT = CorpusCard(
    name="tweeteval-sentiment",
    title="TweetEval sentiment (SemEval-2017 task 4 A)",
    rows={"train": 45_615, "dev": 2_000, "test": 12_284},
    labels="label: 0 negative, 1 neutral, 2 positive",
    licence=_NO_LICENCE,
    citation="Barbieri et al., Findings of EMNLP 2020; Rosenthal, Farra and Nakov, SemEval 2017",
    homepage=_HOMEPAGE,
    sources=sources("tweeteval/datasets/sentiment/", None, *_FILES),
    notes="Users are masked as @user; the test part is that of SemEval-2017, training and development are cut anew.",
)


@dataclass(frozen=True)
class TweetEval:
    """One part of TweetEval."""

    card: CorpusCard
    """Its sources are texts and labels of each split in turn."""
    classes: tuple[str, ...]
    """Names of the labels."""

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` (TweetEval's `val`) or `test`."""
        first = 2 * list(_SPLITS).index(split)
        texts, labels = (read_lines(files.path(source)) for source in self.card.sources[first : first + 2])
        return Examples(
            texts=tuple(text.strip() for text in texts),
            ids=row_ids(split, len(texts)),
            labels={"label": _labels(labels, len(self.classes))},
            classes=self.classes,
        )


def _labels(words: list[str], classes: int) -> NDArray[np.int64]:
    known = list(map(str, range(classes)))
    return np.array([known.index(word.strip()) for word in words], dtype=np.int64)


_CATEGORIES = ("sarcasm", "irony", "satire", "understatement", "overstatement", "rhetorical_question")
#: File, its header, and the columns of text and label.
_SARCASM = {
    "train": (
        Source(path="isarcasmeval/train/train.En.csv"),
        ("", "tweet", "sarcastic", "rephrase", *_CATEGORIES),
        *(1, 2),
    ),
    "test": (Source(path="isarcasmeval/test/task_A_En_test.csv"), ("text", "sarcastic"), 0, 1),
}

SARCASM = CorpusCard(
    name="isarcasmeval",
    title="iSarcasmEval, English",
    rows={"train": 3_468, "test": 1_400},
    labels="label: 0 not sarcastic, 1 sarcastic; by the author of the tweet",
    licence=_NO_LICENCE,
    citation="Abu Farha, Oprea, Wilson and Magdy, SemEval 2022",
    homepage="https://github.com/iabufarha/iSarcasmEval",
    sources=(_SARCASM["train"][0], _SARCASM["test"][0]),
    aliases=("isarcasm-eval", "isarcasm", "semeval2022-task6", "semeval-2022-task-6"),
    notes=(
        "One training tweet is empty; it stays. The layout is that of the authors' repository, below isarcasmeval/. "
        "The files' checksums are not known here: rows and labels are checked."
    ),
)


class ISarcasmEval:
    """The authors' two CSV files; texts may hold line feeds."""

    card = SARCASM

    def read(self, split: str, files: Files) -> Examples:
        """Read `train` or `test`."""
        source, header, text, label = _SARCASM[split]
        rows = list(read_records(files.path(source), header))
        return Examples(
            texts=tuple(row[text] for row in rows),
            ids=row_ids(split, len(rows)),
            labels={"label": _labels([row[label] for row in rows], 2)},
            classes=("not sarcastic", "sarcastic"),
        )


CORPORA = (
    TweetEval(IRONY, ("not ironic", "ironic")),
    TweetEval(SENTIMENT, ("negative", "neutral", "positive")),
    ISarcasmEval(),
)
