"""The tweet corpora: SemEval-2017's files, TweetEval's and iSarcasmEval's layouts, with made-up tweets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.corpora import isarcasmeval, semeval2017, tweeteval
from harness.corpora.shelves import Library
from harness.corpora.sources import CorpusFiles
from harness.errors import DataInvalid, DataMissing

SEMEVAL = "semeval2017-task4A/"


@pytest.fixture
def semeval(tiny: Callable[..., Any]) -> Any:
    contents = {
        **{source.path: b"1\tneutral\tfine day\n2\tpositive\tlovely day\n" for source in semeval2017._TRAIN},
        **{source.path: b"3\tnegative\tIt\\u2019s late\\u002c again\t\n" for source in semeval2017._DEV},
        semeval2017._TEST[0].path: b"4\tnegative\tnot now\n5\tpositive\tsee you soon",
    }
    return tiny(semeval2017.Tweets, contents, {"train": (2,) * 9, "dev": (1, 1), "test": (2,)})


def test_semeval_joins_the_years_and_decodes_escapes(semeval: Any) -> None:
    assert len(semeval.read("train")) == 18
    dev = semeval.read("dev")
    assert dev.texts == ("It’s late, again", "It’s late, again")
    assert semeval.read("test").labels["label"].tolist() == [0, 2]
    assert len(set(dev.ids)) == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"negative", b"sad", "line 1, column 2: expected negative, neutral, positive"),
        (b"4\t", b"4 ", "found 2 fields"),
    ],
)
def test_semeval_faults_are_named(semeval: Any, old: bytes, new: bytes, message: str) -> None:
    semeval.edit(semeval2017._TEST[0].path, lambda raw: raw.replace(old, new, 1))
    with pytest.raises(DataInvalid, match=message):
        semeval.read("test")


def test_semeval_published(published: Library) -> None:
    test = published.load("semeval2017-task4a", "test")
    assert np.bincount(test.labels["label"]).tolist() == [3_972, 5_937, 2_375]
    train, dev = (published.load("semeval2017-task4a", split) for split in ("train", "dev"))
    assert len(train) + len(dev) == 50_334
    assert not any("\\u" in text for text in train.texts)


class Layout:
    """A corpus without pins, read from a folder."""

    def __init__(self, kind: Any, card: Any, root: Path, rows: dict[str, int]) -> None:
        self.corpus = kind(replace(card, rows=rows))
        self.files = CorpusFiles(card=self.corpus.card, data_dir=root, cache_dir=root / "none", offline=True)
        self.root = root

    def write(self, path: str, content: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode())

    def read(self, split: str) -> Any:
        return self.corpus.read(split, self.files)


@pytest.fixture
def irony(tmp_path: Path) -> Layout:
    layout = Layout(tweeteval.TweetEvalIrony, tweeteval.IRONY, tmp_path, {"train": 2, "dev": 2, "test": 2})
    for name in ("train", "val", "test"):
        layout.write(f"tweeteval/datasets/irony/{name}_text.txt", f"@user so glad 😊 {name}\nanother monday \n")
        layout.write(f"tweeteval/datasets/irony/{name}_labels.txt", "1\n0\n")
    return layout


def test_tweeteval_reads_its_pairs_of_files(irony: Layout) -> None:
    dev = irony.read("dev")
    assert dev.texts == ("@user so glad 😊 val", "another monday")
    assert dev.labels["label"].tolist() == [1, 0]
    assert dev.classes == ("not ironic", "ironic")


@pytest.mark.parametrize(
    ("labels", "message"),
    [("1\n2\n", "line 2, column 1: expected a label from 0 to 1"), ("1\n", "1 labels for 2 texts in test_text.txt")],
)
def test_tweeteval_faults_are_named(irony: Layout, labels: str, message: str) -> None:
    irony.write("tweeteval/datasets/irony/test_labels.txt", labels)
    with pytest.raises(DataInvalid, match=message):
        irony.read("test")


def test_tweeteval_is_held_to_the_published_number_of_rows(irony: Layout) -> None:
    irony.corpus = tweeteval.TweetEvalIrony()
    with pytest.raises(DataInvalid, match=r"expected 784 rows of tweeteval-irony/test, found 2"):
        irony.read("test")


def test_tweeteval_sentiment_has_three_classes(tmp_path: Path) -> None:
    layout = Layout(tweeteval.TweetEvalSentiment, tweeteval.SENTIMENT, tmp_path, {"test": 1})
    layout.write("tweeteval/datasets/sentiment/test_text.txt", "so so\n")
    layout.write("tweeteval/datasets/sentiment/test_labels.txt", "2\n")
    assert layout.read("test").labels["label"].tolist() == [2]


@pytest.fixture
def sarcasm(tmp_path: Path) -> Layout:
    layout = Layout(isarcasmeval.ISarcasmEval, isarcasmeval.CARD, tmp_path, {"train": 2, "test": 2})
    header = ",tweet,sarcastic,rephrase,sarcasm,irony,satire,understatement,overstatement,rhetorical_question"
    layout.write(
        "isarcasmeval/train/train.En.csv", f'{header}\n0,"oh, great",1,bad,1.0,0.0,0.0,0.0,0.0,0.0\n1,,0,,,,,,,\n'
    )
    layout.write("isarcasmeval/test/task_A_En_test.csv", 'text,sarcastic\n"two\n\nlines",0\nsuch fun,1\n')
    return layout


def test_isarcasmeval_reads_quoted_texts(sarcasm: Layout) -> None:
    assert sarcasm.read("train").texts == ("oh, great", "")
    test = sarcasm.read("test")
    assert test.texts == ("two\n\nlines", "such fun")
    assert test.labels["label"].tolist() == [0, 1]


def test_isarcasmeval_faults_are_named(sarcasm: Layout) -> None:
    sarcasm.write("isarcasmeval/test/task_A_En_test.csv", "text,sarcastic\na,0\nb,yes\n")
    with pytest.raises(DataInvalid, match="line 3, column sarcastic: expected 0 or 1, found 'yes'"):
        sarcasm.read("test")


def test_what_is_missing_names_its_page(tmp_path: Path) -> None:
    library = Library(tmp_path, tmp_path / "cache", offline=True)
    with pytest.raises(DataMissing, match=r"github.com/cardiffnlp/tweeteval.*tweeteval/datasets/irony/test_text.txt"):
        library.load("tweeteval-irony", "test")
    assert library.status("isarcasmeval").place == "nowhere"


def test_a_file_without_known_checksum_is_not_called_wrong(sarcasm: Layout, tmp_path: Path) -> None:
    status = Library(tmp_path, tmp_path / "cache", offline=True).status("isarcasmeval", verify=True)
    assert [file.checksum for file in status.files] == ["none", "none"]
