from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.corpora.goemotions import EMOTIONS, GoEmotions
from harness.corpora.shelves import Library
from harness.errors import DataInvalid

NAME = "goemotions/dev.tsv"
CONTENT = (
    "Is it *really* you, [NAME]??\t27\teaaaaa1\n"
    " a blank before, don’t trim\t3,10\teaaaaa2\n"
    '"He said ""no"", again"\t4,27\teaaaaa3\n'
    'a quote "inside" stays\t0\teaaaaa4\n'
).encode()


@pytest.fixture
def corpus(tiny: Callable[..., Any]) -> Any:
    return tiny(GoEmotions, {NAME: CONTENT}, {"dev": (4,)})


def test_texts_ids_and_labels(corpus: Any) -> None:
    examples = corpus.read("dev")
    assert examples.texts[0] == "Is it *really* you, [NAME]??"
    assert examples.texts[1] == " a blank before, don’t trim"
    assert examples.ids == ("eaaaaa1", "eaaaaa2", "eaaaaa3", "eaaaaa4")
    emotions = examples.labels["emotions"]
    assert emotions.shape == (4, 28)
    assert emotions.dtype == np.bool_
    assert [[EMOTIONS[i] for i in np.flatnonzero(row)] for row in emotions] == [
        ["neutral"],
        ["annoyance", "disapproval"],
        ["approval", "neutral"],
        ["admiration"],
    ]
    assert examples.classes == EMOTIONS
    assert len(EMOTIONS) == 28


def test_csv_quoting_is_undone_as_the_authors_reader_does(corpus: Any) -> None:
    assert corpus.read("dev").texts[2:] == ('He said "no", again', 'a quote "inside" stays')


def test_a_copy_without_the_quoting_is_refused(corpus: Any) -> None:
    """Reading with quoting off and writing again changes texts, at equal row counts."""
    corpus.edit(NAME, lambda raw: raw.replace(b'"He said ""no"", again"', b"'He said no, again'"))
    with pytest.raises(DataInvalid, match="differs from the published one between line 1 and line 4"):
        corpus.read("dev")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"\t3,10\t", b"\t3;10\t", "line 2, column 2: expected label ids 0 to 27"),
        (b"\t3,10\t", b"\t28\t", "line 2, column 2"),
        (b"\t3,10\t", b"\t\t", "line 2, column 2"),
        (b"\t3,10\t", b"\t3\t", "edited"),
        (b"\t0\teaaaaa4", b"\t0", r"line 4: expected 3 fields, found 2 \(this is the last line"),
        (b"eaaaaa4", b"eaaaaa5", "ids are not"),
        ("’".encode(), b"'", "edited"),
        ("’".encode(), "’".encode("cp1252"), "line 2, column 21: byte 0x92 is not UTF-8"),
    ],
)
def test_faults_are_named(corpus: Any, old: bytes, new: bytes, message: str) -> None:
    corpus.edit(NAME, lambda raw: raw.replace(old, new))
    with pytest.raises(DataInvalid, match=message):
        corpus.read("dev")


def test_published(published: Library) -> None:
    splits = {split: published.load("goemotions", split) for split in ("train", "dev", "test")}
    assert [len(examples) for examples in splits.values()] == [43_410, 5_426, 5_427]
    single = [int((np.asarray(e.labels["emotions"]).sum(axis=1) == 1).sum()) for e in splits.values()]
    assert single == [36_308, 4_548, 4_590]
    assert not any(text.startswith('"') and '""' in text for e in splits.values() for text in e.texts[:2_000])
    train = {text.lower() for text in splits["train"].texts}
    for split, distinct, rows in (("dev", 46, 49), ("test", 37, 42)):
        lowered = [text.lower() for text in splits[split].texts]
        assert len(set(lowered) & train) == distinct
        assert sum(text in train for text in lowered) == rows
    assert len({identity for e in splits.values() for identity in e.ids}) == 54_263


@pytest.mark.parametrize(("split", "quoted"), [("train", 1_097), ("dev", 137), ("test", 149)])
def test_published_quoting(published: Library, split: str, quoted: int) -> None:
    assert published.data_dir is not None
    lines = (published.data_dir / "goemotions" / f"{split}.tsv").read_bytes().decode().split("\n")[:-1]
    verbatim = [line.split("\t")[0] for line in lines]
    texts = published.load("goemotions", split).texts
    assert sum(a != b for a, b in zip(verbatim, texts, strict=True)) == quoted


def test_published_names_are_the_official_ones(published: Library) -> None:
    assert published.data_dir is not None
    names = (published.data_dir / "goemotions" / "emotions.txt").read_text(encoding="utf-8").split()
    assert tuple(names) == EMOTIONS
