from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.corpora.shelves import Library
from harness.corpora.trec import QuestionTypes
from harness.errors import DataInvalid

NAME = "senteval/downstream/TREC/TREC_10.label"
CONTENT = b"NUM:dist How far is the caf\xe9 ?\nLOC:city  Which city is it ?\n"


@pytest.fixture
def corpus(tiny: Callable[..., Any]) -> Any:
    return tiny(QuestionTypes, {NAME: CONTENT}, {"test": (2,)})


def test_coarse_classes_and_latin_1(corpus: Any) -> None:
    examples = corpus.read("test")
    assert examples.texts == ("How far is the café ?", "Which city is it ?")
    assert examples.labels["label"].tolist() == [5, 4]


@pytest.mark.parametrize("kind", [b"NUM", b"XYZ:dist", b""])
def test_faults_are_named(corpus: Any, kind: bytes) -> None:
    corpus.edit(NAME, lambda raw: raw.replace(b"NUM:dist", kind))
    with pytest.raises(DataInvalid, match="line 1, column 1: expected COARSE:fine"):
        corpus.read("test")


def test_published(published: Library) -> None:
    train, test = published.load("trec", "train"), published.load("trec", "test")
    assert (len(train), len(test)) == (5_452, 500)
    assert len(np.unique(train.labels["label"])) == 6
    assert sum(any(ord(c) > 127 for c in text) for text in train.texts) == 1
