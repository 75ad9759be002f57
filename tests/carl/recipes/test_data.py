"""What recipes are fed with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from carl.backbone import Start
from carl.recipes.data import Shelf, drawn
from carl.recipes.marks import (
    NEGATIVE,
    POSITIVE,
    Lexicon,
    Marks,
    is_emoticon,
    is_first,
    part_of,
    polarity_of,
    read_vader,
    vocabulary_polarity,
)
from carl.recipes.parts import ADJECTIVE, NOUN, OTHER, VERB, Parts
from carl.recipes.phrases import phrases, read_trees
from harness.errors import DataInvalid, DataMissing, UsageError

from .conftest import TREES, made_up_pool

Shelves = Callable[[Start], Shelf]


def test_every_kind_has_the_same_number_of_texts(shelf: Shelves, bert: Start) -> None:
    made = shelf(bert)
    for kind in ("pool", "reviews", "emotions", "trees", "emotions-and-pool", "reviews-and-questions"):
        data = made.read(kind, 32, 24, 0)
        assert len(data) == len(data.marks) == len(data.valence) == len(data.emotion) == len(data.phrases) == 32
        assert sum(map(len, data.sources)) == 32
        assert all(len(item) == len(mark) for item, mark in zip(data.items, data.marks, strict=True))
        assert (data.emotion >= 0).sum() == {"emotions": 32, "emotions-and-pool": 16}.get(kind, 0)
        assert np.isfinite(data.valence).sum() == {
            **{"emotions": 0, "trees": 0},
            **dict.fromkeys(("emotions-and-pool", "reviews-and-questions"), 16),
        }.get(kind, 32)
        assert sum(answer is not None for answer in data.answers) == (16 if kind == "reviews-and-questions" else 0)
        assert (data.phrases != [None] * 32) == (kind == "trees")


def test_too_few_texts_are_no_budget(shelf: Shelves, bert: Start) -> None:
    made = shelf(bert)
    for kind, texts in (("pool", 101), ("trees", 41), ("emotions", 90)):
        with pytest.raises(UsageError, match="--budget"):
            made.read(kind, texts, 24, 0)


def test_draws_take_each_text_once() -> None:
    sources = [made_up_pool(30, "one"), made_up_pool(50, "two")]
    parts = drawn(sources, 20, 0)
    texts = [text for part in parts for text in part.texts]
    assert len(texts) == 20
    assert all(set(part.texts) <= set(source.texts) for part, source in zip(parts, sources, strict=True))
    assert drawn(sources, 20, 0)[0].texts == parts[0].texts
    assert drawn(sources, 20, 1)[0].texts != parts[0].texts


def test_comments_of_several_emotions_and_neutral_ones_are_left_out(shelf: Shelves, bert: Start) -> None:
    data = shelf(bert).read("emotions", 80, 24, 0)
    assert data.classes[-1] == "neutral"
    assert data.emotion.max() < 27
    assert not any(f"comment {row}:" in text for row in (0, 1, 2) for text in data.sources[0].texts)
    assert data.sources[0].left_out == 10


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_marks_lie_on_the_tokens_of_their_words(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    start: Start = request.getfixturevalue(kind)
    lexicon = Lexicon({"glad": POSITIVE, "unkind": NEGATIVE, ":(": NEGATIVE})
    text = "We are glad, so unkind :( and the rain"
    (marks,) = Marks(lexicon, Parts()).of(start.tokenizer, [text], 64)
    row = start.tokenizer.encode(text)
    assert len(marks) == len(row.ids)

    def marked(word: str) -> list[int]:
        begin = text.index(word)
        return [
            mark
            for mark, (first, last), special in zip(marks.tolist(), row.offsets, row.special_tokens_mask, strict=True)
            if not special and first < begin + len(word) and last > begin and text[first:last].strip()
        ]

    assert set(map(polarity_of, marked("glad"))) == {POSITIVE}
    assert set(map(polarity_of, marked("unkind"))) == {NEGATIVE}
    assert [is_first(mark) for mark in marked("unkind")] == [1] + [0] * (len(marked("unkind")) - 1)
    assert all(is_emoticon(mark) and polarity_of(mark) == NEGATIVE for mark in marked(":("))
    assert {polarity_of(mark) for word in ("We", "rain", "so") for mark in marked(word)} == {0}
    assert {part_of(mark) for mark in marked("the")} == {OTHER}
    assert {part_of(mark) for mark in marked("rain")} == {NOUN}
    assert marks[0] == marks[-1] == 0


def test_marks_are_cut_as_texts_are(bert: Start, shelf: Shelves) -> None:
    marks = Marks(Lexicon({}), Parts())
    (whole,), (cut,) = (marks.of(bert.tokenizer, ["the rain was glad and warm " * 4], n) for n in (512, 10))
    assert cut.tolist() == [*whole[:9].tolist(), 0]


def test_vader(tmp_path: Path) -> None:
    path = tmp_path / "vader_lexicon.txt"
    with pytest.raises(DataMissing, match="vaderSentiment"):
        read_vader(path)
    path.write_text("Good\t1.9\t0.9\t[1]\nbad\t-2.5\nso-so\t0\n", "utf-8")
    assert read_vader(path).polarity == {"good": POSITIVE, "bad": NEGATIVE}
    path.write_text("good\tvery\n", "utf-8")
    with pytest.raises(DataInvalid, match="line 1"):
        read_vader(path)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_entries_that_are_words_have_a_polarity(kind: str, request: pytest.FixtureRequest) -> None:
    tokenizer = request.getfixturevalue(kind).tokenizer
    words = [entry.lstrip("Ġ") for entry in tokenizer.get_vocab() if entry.lstrip("Ġ").isalpha()]
    word = next(word for word in words if f"Ġ{word}" in tokenizer.get_vocab() or kind == "bert")
    found = vocabulary_polarity(tokenizer, Lexicon({word.lower(): NEGATIVE}))
    assert np.flatnonzero(found).tolist()
    assert {tokenizer.id_to_token(int(index)).lstrip("Ġ").lower() for index in np.flatnonzero(found)} == {word.lower()}


def test_parts_of_speech_come_from_the_most_senses(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.txt"
    path.write_text(
        "a\t\t0\t0\tkind#1\t\nn\t\t0\t0\tkind#1 rain#1\t\nn\t\t0\t0\tkind#2\t\nv\t\t0\t0\train#1\t\n", "utf-8"
    )
    parts = Parts(path)
    assert [parts.of(word) for word in ("kind", "rain", "rains", "hopeful")] == [NOUN, VERB, VERB, ADJECTIVE]


def test_trees_and_their_phrases(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    with pytest.raises(DataMissing, match="sentiment"):
        read_trees(path)
    path.write_text(f"{TREES}\n(2 alone)\n", "utf-8")
    trees = read_trees(path)
    assert [tree.text for tree in trees][:1] == ["it was glad"]
    assert [tree.labels for tree in trees] == [(4, 4), (0, 0), (3, 3), (1, 1)]
    whole = phrases(trees[0], [[11], [12, 13], [14]], 6)
    assert whole is not None
    assert whole.spans.pieces == ((1, 2, 3, 4), (2, 3, 4))
    assert whole.labels == (4, 4)
    # With one token less the root's last piece is cut off, and so is the phrase.
    assert phrases(trees[0], [[11], [12, 13], [14]], 5) is None
    path.write_text("(3 (2 a) (2 b) (2 c))\n", "utf-8")
    with pytest.raises(DataInvalid, match="line 1"):
        read_trees(path)
