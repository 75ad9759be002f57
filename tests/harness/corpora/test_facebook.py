from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.corpora.facebook import Facebook
from harness.corpora.shelves import Library
from harness.errors import DataInvalid, UsageError

NAME = "facebook-va/dataset-fb-valence-arousal-anon.csv"
CONTENT = (
    "Anonymized Message,Valence1,Valence2,Arousal1,Arousal2\r\n"
    "off to the <LOCATION> :),9,8,7,8\r\n"
    ",6,6,3,1\r\n"
    '"well, well… ""hm""",4,5,1,2\r\n'
).encode()


@pytest.fixture
def corpus(tiny: Callable[..., Any]) -> Any:
    return tiny(Facebook, {NAME: CONTENT}, {"all": (3,)})


def test_rater_means_and_the_empty_message(corpus: Any) -> None:
    examples = corpus.read("all")
    assert examples.texts == ("off to the <LOCATION> :)", "", 'well, well… "hm"')
    assert examples.ids == ("all-0", "all-1", "all-2")
    assert examples.labels["valence"].tolist() == [8.5, 6.0, 4.5]
    assert examples.labels["arousal"].tolist() == [7.5, 2.0, 1.5]
    assert examples.labels["valence"].dtype == np.float64
    assert examples.scales == {"valence": (1.0, 9.0), "arousal": (1.0, 9.0)}
    assert examples.groups is None
    assert {name: marks.tolist() for name, marks in examples.raters.items()} == {
        "valence": [[9, 8], [6, 6], [4, 5]],
        "arousal": [[7, 8], [3, 1], [1, 2]],
    }


def test_lf_line_ends_are_the_same_data(corpus: Any) -> None:
    corpus.edit(NAME, lambda raw: raw.replace(b"\r\n", b"\n"))
    assert corpus.read("all").fingerprint == corpus.truth["all"].fingerprint


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b",4,5,1,2", b",4,5,1,0", "line 4, column Arousal2: expected an integer from 1 to 9, found '0'"),
        (b",9,8,7,8", b",9.0,8,7,8", "line 2, column Valence1"),
        (b",9,8,7,8", b",9,8,7,", "line 2, column Arousal2"),
        (b",9,8,7,8", b",8,9,7,8", None),
        (b",9,8,7,8", b",9,9,7,8", "edited"),
        (b",6,6,3,1\r\n", b"", "expected 3 rows of facebook/all, found 2"),
    ],
)
def test_faults_are_named(corpus: Any, old: bytes, new: bytes, message: str | None) -> None:
    corpus.edit(NAME, lambda raw: raw.replace(old, new))
    if message is None:  # Two raters swapped: the mean, which is the label, is the same.
        corpus.read("all")
        return
    with pytest.raises(DataInvalid, match=message):
        corpus.read("all")


def test_unknown_split(corpus: Any) -> None:
    with pytest.raises(UsageError, match="there are all"):
        corpus.read("test")


def test_published(published: Library) -> None:
    examples = published.load("facebook", "all")
    valence, arousal = (np.asarray(examples.labels[name]) for name in ("valence", "arousal"))
    assert len(examples) == 2_895
    assert [i for i, text in enumerate(examples.texts) if not text] == [70]
    assert (valence.min(), valence.max(), arousal.min(), arousal.max()) == (1.5, 9.0, 1.0, 9.0)
    assert int(((valence == 5) & (arousal == 5)).sum()) == 31
    folded = [" ".join(text.lower().split()) for text in examples.texts]
    assert len(folded) - len(set(folded)) == 13
