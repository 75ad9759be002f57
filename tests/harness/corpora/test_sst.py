from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.corpora.shelves import Library
from harness.corpora.sst import SST2, SST5
from harness.errors import DataInvalid

FINE = "senteval/downstream/SST/fine/sentiment-dev"
BINARY = "senteval/downstream/SST/binary/sentiment-train"


@pytest.fixture
def fine(tiny: Callable[..., Any]) -> Any:
    content = "4 a quietly moving film .\n0 nearly 2\xa01\\/2 hours of crème .\n2 so  so\n".encode()
    return tiny(SST5, {FINE: content}, {"dev": (3,)})


@pytest.fixture
def binary(tiny: Callable[..., Any]) -> Any:
    return tiny(SST2, {BINARY: "a lovely façade \t1\nflat \t0\n".encode()}, {"train": (2,)})


def test_five_classes(fine: Any) -> None:
    examples = fine.read("dev")
    assert examples.labels["label"].tolist() == [4, 0, 2]
    assert examples.texts == ("a quietly moving film .", "nearly 2 1\\/2 hours of crème .", "so so")
    assert len(examples.classes) == 5


def test_two_classes(binary: Any) -> None:
    examples = binary.read("train")
    assert examples.texts == ("a lovely façade", "flat")
    assert examples.labels["label"].tolist() == [1, 0]
    assert examples.ids == ("train-0", "train-1")


@pytest.mark.parametrize("first", [b"5 a", b"a 4", b"4a", b"", b"-1 a"])
def test_faults_in_the_fine_file_are_named(fine: Any, first: bytes) -> None:
    fine.edit(FINE, lambda raw: raw.replace(b"4 a", first, 1) if first else b"\n" + raw)
    with pytest.raises(DataInvalid, match="line 1, column 1: expected a label 0-4 and a blank"):
        fine.read("dev")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"flat \t0", b"flat 0", r"line 2, column 7: expected a tab and a label 0 or 1 after the text, found ''"),
        (b"\t0", b"\t2", "line 2, column 6: .*found '2'"),
        (b"\t0", b"\t1", "edited"),
        (b"flat \t0\n", b"", "expected 2 rows of sst2/train, found 1"),
        ("ç".encode(), "ç".encode("latin-1"), "line 1, column 12: byte 0xe7 is not UTF-8"),
    ],
)
def test_faults_in_the_binary_file_are_named(binary: Any, old: bytes, new: bytes, message: str) -> None:
    binary.edit(BINARY, lambda raw: raw.replace(old, new))
    with pytest.raises(DataInvalid, match=message):
        binary.read("train")


def test_published_five_classes(published: Library) -> None:
    splits = {split: published.load("sst5", split) for split in ("train", "dev", "test")}
    assert [len(examples) for examples in splits.values()] == [8_544, 1_101, 2_210]
    assert np.bincount(splits["test"].labels["label"]).tolist() == [279, 633, 389, 510, 399]
    assert all("\xa0" not in text for text in splits["train"].texts)


def test_published_two_classes(published: Library) -> None:
    splits = {split: published.load("sst2", split) for split in ("train", "dev", "test")}
    assert [len(examples) for examples in splits.values()] == [67_349, 872, 1_821]
    for examples in splits.values():
        assert set(np.unique(examples.labels["label"])) == {0, 1}


def test_published_overlap_with_mr(published: Library) -> None:
    """Of 2,210 SST test sentences 1,454 are MR sentences word by word."""
    mr = {text.lower() for text in published.load("mr", "all").texts}
    assert sum(text.lower() in mr for text in published.load("sst5", "test").texts) == 1_454
