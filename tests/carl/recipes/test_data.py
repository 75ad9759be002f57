"""What recipes are fed with."""

from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer

from carl.recipes.catalogue import RecipeConfig
from carl.recipes.data import Folders, drawn, read_data, read_trees
from carl.recipes.words import (
    ADJECTIVE,
    NEGATIVE,
    NOUN,
    OTHER,
    POSITIVE,
    VERB,
    Lexicons,
    is_emoticon,
    is_first,
    part_of,
    polarity_of,
    read_lexicons,
)
from harness.errors import DataInvalid, DataMissing

from .conftest import TREES, made_up_pool

CONFIG = RecipeConfig(recipe="mlm", texts=32, batch=8, max_length=24)


def test_every_kind_has_the_same_number_of_texts(folders: Folders, checkpoints: dict[str, Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(checkpoints["bert"])
    for kind in ("pool", "reviews", "emotions", "trees", "emotions-and-pool"):
        data = read_data(kind, CONFIG, folders, tokenizer)
        assert len(data) == len(data.marks) == len(data.valence) == len(data.emotion) == len(data.phrases) == 32
        assert sum(map(len, data.sources)) == 32
        assert all(len(item) == len(mark) for item, mark in zip(data.items, data.marks, strict=True))
        assert (data.emotion >= 0).sum() == {"emotions": 32, "emotions-and-pool": 16}.get(kind, 0)
        valued = {"emotions": 0, "trees": 0, "emotions-and-pool": 16}.get(kind, 32)
        assert np.isfinite(data.valence).sum() == valued
        assert (data.phrases != [None] * 32) == (kind == "trees")
        if kind == "emotions":  # neutral comments and those of several emotions are left out
            assert data.emotion.max() < 27
            assert not any(f"comment {row}:" in text for row in (0, 1, 2) for text in data.sources[0].texts)


def test_draws_take_each_text_once() -> None:
    sources = [made_up_pool(30, "one"), made_up_pool(50, "two")]
    parts = drawn(sources, 20, 0)
    assert sum(map(len, parts)) == 20
    assert all(set(part.texts) <= set(source.texts) for part, source in zip(parts, sources, strict=True))
    assert drawn(sources, 20, 0)[0].texts == parts[0].texts
    assert drawn(sources, 20, 1)[0].texts != parts[0].texts


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_marks_lie_on_the_tokens_of_their_words(kind: str, checkpoints: dict[str, Path]) -> None:
    lexicons = Lexicons({"glad": POSITIVE, "unkind": NEGATIVE, ":(": NEGATIVE}, {})
    text = "We are glad, so unkind :( and the rain"
    row = AutoTokenizer.from_pretrained(checkpoints[kind])(text, return_offsets_mapping=True)
    marks = lexicons.marks(text, row["offset_mapping"])

    def marked(word: str) -> list[int]:
        begin = text.index(word)
        pairs = zip(marks.tolist(), row["offset_mapping"], strict=True)
        return [m for m, (a, b) in pairs if a < begin + len(word) and b > begin and text[a:b].strip()]

    assert set(map(polarity_of, marked("glad"))) == {POSITIVE}
    assert set(map(polarity_of, marked("unkind"))) == {NEGATIVE}
    assert [is_first(mark) for mark in marked("unkind")] == [1] + [0] * (len(marked("unkind")) - 1)
    assert all(is_emoticon(mark) and polarity_of(mark) == NEGATIVE for mark in marked(":("))
    assert {polarity_of(mark) for word in ("We", "rain", "so") for mark in marked(word)} == {0}
    assert {part_of(mark) for mark in marked("the")} == {OTHER}
    assert {part_of(mark) for mark in marked("rain")} == {NOUN}
    assert marks[0] == marks[-1] == 0


def test_lexicons(folders: Folders, tmp_path: Path) -> None:
    found = folders.lexicons()
    assert found.polarity["glad"] == POSITIVE
    assert found.polarity[":("] == NEGATIVE
    assert [found.part(word) for word in ("kind", "rain", "rains", "hopeful", "walked")] == [
        *(ADJECTIVE, NOUN, NOUN, ADJECTIVE, VERB),
    ]
    with pytest.raises(DataMissing, match="vaderSentiment"):
        read_lexicons(tmp_path / "nowhere", tmp_path / "nowhere")
    (tmp_path / "vader.txt").write_text("good\tvery\n", "utf-8")
    with pytest.raises(DataInvalid):
        read_lexicons(tmp_path / "vader.txt", tmp_path / "nowhere")


def test_trees_and_their_phrases(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text(f"{TREES}\n(2 alone)\n", "utf-8")
    trees = read_trees(path)
    assert [tree.tree.text for tree in trees][:1] == ["it was glad"]
    assert [tree.labels for tree in trees] == [(4, 4), (0, 0), (3, 3), (1, 1)]
    whole = trees[0].phrases([[11], [12, 13], [14]], 6)
    assert whole is not None
    assert whole.spans.pieces == ((1, 2, 3, 4), (2, 3, 4))
    assert whole.labels == (4, 4)
    # With one token less the root's last piece is cut off, and so is the phrase.
    assert trees[0].phrases([[11], [12, 13], [14]], 5) is None
    path.write_text("(3 (2 a) (2 b) (2 c))\n", "utf-8")
    with pytest.raises(DataInvalid, match="line 1"):
        read_trees(path)
