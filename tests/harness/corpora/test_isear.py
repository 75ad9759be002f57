from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.corpora.isear import CLASSES, Isear
from harness.corpora.shelves import Library
from harness.errors import DataInvalid

NAME = "isear/isear.csv"
NAMES = [f"c{i}" for i in range(43)]
NAMES[36], NAMES[40], NAMES[41], NAMES[42] = "Field1", "SIT", "STATE", ""


def line(emotion: str, text: str) -> str:
    fields = ["1"] * 40
    fields[36] = emotion
    return "|".join([*fields, text, "1", ""])


CONTENT = "\n".join(
    [
        "|".join(NAMES),
        line("joy", "The  letter came and á we all danced."),
        line("guilt", 'I said \\"no\\" and|walked off.'),
        line("shame", "[ No response.]"),
        "",
    ]
).encode()


@pytest.fixture
def corpus(tiny: Callable[..., Any]) -> Any:
    return tiny(Isear, {NAME: CONTENT}, {"all": (3,)})


def test_broken_lines_separators_and_quotes_are_mended(corpus: Any) -> None:
    examples = corpus.read("all")
    assert examples.texts == (
        "The letter came and we all danced.",
        'I said "no" and walked off.',
        "[ No response.]",
    )
    assert [CLASSES[i] for i in examples.labels["label"]] == ["joy", "guilt", "shame"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"|guilt|", b"|envy|", "line 3, column Field1: expected an emotion, found 'envy'"),
        (b"Field1", b"Emotion", "line 1: expected 43 names"),
        (line("shame", "[ No response.]").encode(), b"a|b", "line 4: expected at least 43 fields, found 2"),
    ],
)
def test_faults_are_named(corpus: Any, old: bytes, new: bytes, message: str) -> None:
    corpus.edit(NAME, lambda raw: raw.replace(old, new))
    with pytest.raises(DataInvalid, match=message):
        corpus.read("all")


def test_published(published: Library) -> None:
    examples = published.load("isear", "all")
    counts = np.bincount(examples.labels["label"])
    assert dict(zip(CLASSES, counts.tolist(), strict=True)) == {
        "joy": 1094, "fear": 1095, "anger": 1096, "sadness": 1096, "disgust": 1096, "shame": 1096, "guilt": 1093,
    }  # fmt: skip
    assert not any(" á " in text for text in examples.texts)
