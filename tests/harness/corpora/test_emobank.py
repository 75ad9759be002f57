from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.corpora.emobank import EmoBank, document
from harness.corpora.shelves import Library
from harness.errors import DataInvalid, DataMissing, UsageError

NAME = "emobank/emobank.csv"
CONTENT = """id,split,V,A,D,text
doc_a_0_10,train,3.0,2.5,3.2,"She said ""hello"" — twice."
doc_a_11_20,test,1.2,4.4,4.2,None
doc_b_0_7,train,4.6,1.8,1.78,
x_y_z_5_9,dev,3.44,3.0,3.22,NA
doc_b_8_15,train,2.0,2.0,2.0,"first line
second line"
""".encode()
ROWS = {"train": (3,), "dev": (1,), "test": (1,)}


@pytest.fixture
def corpus(tiny: Callable[..., Any]) -> Any:
    return tiny(EmoBank, {NAME: CONTENT}, ROWS)


def test_rows_labels_and_documents(corpus: Any) -> None:
    train = corpus.read("train")
    assert train.texts == ('She said "hello" — twice.', "", "first line\nsecond line")
    assert train.ids == ("doc_a_0_10", "doc_b_0_7", "doc_b_8_15")
    assert train.groups == ("doc_a", "doc_b", "doc_b")
    assert list(train.labels) == ["valence", "arousal", "dominance"]
    assert train.labels["dominance"].tolist() == [3.2, 1.78, 2.0]
    assert all(column.dtype == np.float64 for column in train.labels.values())
    assert train.scales == dict.fromkeys(("valence", "arousal", "dominance"), (1.0, 5.0))


def test_the_words_none_and_na_are_texts(corpus: Any) -> None:
    assert corpus.read("test").texts == ("None",)
    assert corpus.read("dev").texts == ("NA",)


def test_crlf_and_byte_order_mark_are_the_same_data(corpus: Any) -> None:
    corpus.edit(NAME, lambda raw: b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"))
    for split in ROWS:
        assert corpus.read(split).fingerprint == corpus.truth[split].fingerprint


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"doc_b_8_15,train,2.0", b"doc_b_8_15,train,2.1", "edited"),
        (b"3.0,2.5,3.2", b"3.0,5.5,3.2", "line 2, column A: expected a number from 1 to 5, found '5.5'"),
        (b"3.0,2.5,3.2", b"3.0,,3.2", "line 2, column A"),
        (b",dev,", b",valid,", "line 5, column split: expected train, dev, test, found 'valid'"),
        (b"id,split,V,A,D,text", b"id,V,A,D,text", "line 1: expected the header"),
        (b"x_y_z_5_9,dev,3.44,3.0,3.22,NA", b"x_y_z_5_9,dev,3.44", "line 5: expected 6 fields, found 3"),
        ("—".encode(), "—".encode("cp1252"), "line 2, column .*: byte 0x97 is not UTF-8"),
        ("—".encode(), "—".encode().decode("cp1252").encode(), "mis-encoded"),
        (b"doc_a_0_10", b"doc_a_0_11", "ids are not"),
    ],
)
def test_faults_are_named(corpus: Any, old: bytes, new: bytes, message: str) -> None:
    corpus.edit(NAME, lambda raw: raw.replace(old, new))
    with pytest.raises(DataInvalid, match=message) as error:
        corpus.read("train")
    assert "emobank.csv" in str(error.value)
    assert "https://raw.githubusercontent.com/JULIELab/EmoBank" in str(error.value)


def test_a_cut_file_and_a_reordered_one(corpus: Any) -> None:
    lines = CONTENT.splitlines(keepends=True)
    corpus.edit(NAME, lambda raw: b"".join(lines[:4]))
    with pytest.raises(DataInvalid, match="expected 3 rows of emobank/train, found 2: 1 missing"):
        corpus.read("train")
    corpus.edit(NAME, lambda raw: b"".join([lines[0], lines[3], lines[1], *lines[4:]]))
    with pytest.raises(DataInvalid, match="the right rows of train in another order"):
        corpus.read("train")


def test_missing_file_and_unknown_split(corpus: Any) -> None:
    with pytest.raises(UsageError, match="emobank has no split 'all'"):
        corpus.read("all")
    corpus.path(NAME).unlink()
    with pytest.raises(DataMissing, match=r"emobank/emobank\.csv is not in --data-dir"):
        corpus.read("train")


@pytest.mark.parametrize(
    ("identity", "expected"),
    [("110CYL068_1036_1079", "110CYL068"), ("a_b-c_12_34", "a_b-c"), ("SemEval_7_8", "SemEval")],
)
def test_document_is_the_id_without_its_offsets(identity: str, expected: str) -> None:
    assert document(identity) == expected


def test_published(published: Library) -> None:
    splits = {split: published.load("emobank", split) for split in ("train", "dev", "test")}
    assert {split: len(examples) for split, examples in splits.items()} == {
        "train": 8_062,
        "dev": 1_000,
        "test": 1_000,
    }
    dev = splits["dev"]
    row = dev.ids.index("easy_money_13624_13628")
    assert dev.texts[row] == "None"
    assert dev.labels["valence"][row] == 2.78
    assert dev.raters is not None
    panels = dev.raters["valence"]
    assert panels.shape == (1_000, 2)
    assert np.abs(panels.mean(axis=1) - dev.labels["valence"]).max() < 0.4  # the label weighs the panels by size
    documents: dict[str, set[str]] = {}
    for split, examples in splits.items():
        assert examples.groups is not None
        for group in examples.groups:
            documents.setdefault(group, set()).add(split)
    assert len(documents) == 136
    assert sum(len(where) > 1 for where in documents.values()) == 126
    pooled = {
        name: np.concatenate([np.asarray(examples.labels[name]) for examples in splits.values()])
        for name in ("valence", "arousal", "dominance")
    }
    means = {name: (round(float(v.mean()), 3), round(float(v.std(ddof=1)), 3)) for name, v in pooled.items()}
    assert means == {"valence": (2.977, 0.349), "arousal": (3.042, 0.260), "dominance": (3.063, 0.210)}
    assert {name: (v.min(), v.max()) for name, v in pooled.items()} == {
        "valence": (1.2, 4.6),
        "arousal": (1.8, 4.4),
        "dominance": (1.78, 4.2),
    }
    assert int(((pooled["valence"] == 3) & (pooled["arousal"] == 3)).sum()) == 658
    assert len({identity for examples in splits.values() for identity in examples.ids}) == 10_062
