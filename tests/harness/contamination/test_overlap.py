"""Texts are found again exactly, by letters and digits, and nearly; counts of the published corpora are reproduced."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from harness.contamination import (
    Evaluated,
    TrainingTexts,
    declared_texts,
    exact_form,
    near,
    near_duplicates,
    normal_form,
    overlap,
    text_hash,
    training_file,
)
from harness.corpora import CorpusRegistry
from harness.errors import ExtraMissing, UsageError

DATA = Path(os.environ.get("AFFECTBENCH_DATA", Path(__file__).parents[4] / "shared" / "data"))

SENTENCES = (
    "The harbour lay quiet under a pale morning sky .",
    "Nobody expected the bakery to open so early today .",
    "A -LRB- very -RRB- long walk along the frozen river",
    "!!!",
    "ok",
)


def library(tmp_path):
    if not (DATA / "senteval").is_dir():
        pytest.skip("the published corpora are not on this machine (AFFECTBENCH_DATA)")
    return CorpusRegistry(DATA, tmp_path, offline=True)


def test_every_level_finds_its_texts_and_no_others():
    training = TrainingTexts(
        "mine",
        (
            "the  HARBOUR lay quiet under a pale morning sky .",
            "a very long walk, along the frozen river!",
            "Nobody expected the bakery to open as early today .",
            "!!!",
            "OK.",
        ),
    )
    found = overlap(Evaluated(SENTENCES), training, near=True)
    assert found.exact.tolist() == [True, False, False, True, False]
    assert found.normal.tolist() == [True, False, True, False, True]
    assert found.near.tolist() == [False, True, False, False, False]
    assert found.shared.tolist() == [True] * 5
    assert found.marks
    assert found.counts("test") == {"part": "test", "rows": 5, "exact": 2, "normal": 3, "near": 1, "shared": 5}


def test_texts_without_letters_are_equal_by_their_exact_form_alone():
    found = overlap(Evaluated(("!!!", "?", "")), TrainingTexts("mine", ("!!!", "...")), near=True)
    assert found.shared.tolist() == [True, False, False]
    assert not found.marks


def test_short_texts_are_counted_and_make_no_mark():
    found = overlap(Evaluated(("Thank you", "Oh dear me no")), TrainingTexts("mine", ("thank you!",)))
    assert found.counts("all")["normal"] == 1
    assert not found.marks
    assert found.near is None


def test_hashes_find_what_texts_find_by_the_normal_form():
    training = SENTENCES[:3]
    by_text = overlap(Evaluated(SENTENCES), TrainingTexts("mine", training))
    by_hash = overlap(Evaluated(SENTENCES), TrainingTexts("list", hashes=map(text_hash, training)), near=True)
    assert by_hash.normal.tolist() == by_text.normal.tolist()
    assert by_hash.exact is None
    assert by_hash.near is None
    assert set(by_hash.counts("test")) == {"part", "rows", "normal", "shared"}
    empty = TrainingTexts("list", hashes=[text_hash("?!")])
    assert not overlap(Evaluated(("...",)), empty).shared.any(), "no letters, no evidence"


@given(st.text())
def test_forms_and_hash_are_as_agreed(text):
    form = normal_form(text)
    assert set(form) <= set("abcdefghijklmnopqrstuvwxyz0123456789")
    assert normal_form(form) == form
    assert text_hash(text) == hashlib.sha256(form.encode()).hexdigest()[:16]
    assert exact_form(exact_form(text)) == exact_form(text)


def edited(text, rng, edits):
    letters = list(text)
    for place in rng.choice(len(letters), size=edits, replace=False):
        letters[place] = "q" if letters[place] != "q" else "x"
    return "".join(letters)


def test_near_duplicates_are_those_of_a_full_search():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklmnoprst"), size=6)) for _ in range(60)]
    training = ["".join(rng.choice(words, size=10)) for _ in range(150)]
    evaluated = [edited(text, rng, int(rng.integers(1, 12))) for text in training]
    evaluated += ["".join(rng.choice(words, size=10)) for _ in range(50)]
    similarity = cdist(evaluated, training, scorer=Levenshtein.normalized_similarity)
    truth = (similarity >= near.SIMILARITY).any(axis=1)
    found = near_duplicates(evaluated, training)
    assert not (found & ~truth).any(), "what is found is verified"
    assert 40 < truth.sum() < 150
    assert (found & truth).sum() >= 0.9 * truth.sum()


def test_near_duplicates_of_nothing_are_none(monkeypatch):
    assert near_duplicates([], ["somethingratherlong"]).tolist() == []
    assert near_duplicates(["somethingratherlong", "abc"], []).tolist() == [False, False]
    assert near_duplicates(["short" * 3], ["long" * 80]).tolist() == [False]
    monkeypatch.setattr(near, "available", lambda: False)
    with pytest.raises(ExtraMissing, match=r"pip install 'affectbench\[contamination\]'"):
        near_duplicates(["somethingratherlong"], ["somethingratherlong"])


def test_files_hold_texts_or_hashes(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("The harbour lay quiet under a pale morning sky.\n\nSecond line\n", "utf-8")
    assert overlap(Evaluated(SENTENCES), training_file(path)).normal.tolist() == [True] + [False] * 4
    path.write_text("\n".join(map(text_hash, SENTENCES[1:3])) + "\n", "utf-8")
    listed = training_file(path)
    assert listed.normal is None
    assert overlap(Evaluated(SENTENCES), listed).normal.tolist() == [False, True, True, False, False]
    for content in (b"", b"\n \n", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=r"mine\.txt"):
            training_file(path)
    with pytest.raises(UsageError, match="cannot be read"):
        training_file(tmp_path / "absent.txt")


def test_declared_sets_are_read_where_there_is_a_reader(tmp_path):
    shelf = CorpusRegistry(None, tmp_path, offline=True)
    splits = {card.name: tuple(card.rows) for card in shelf.cards()}
    whole, part = declared_texts("sample", splits, shelf), declared_texts("sample:train", splits, shelf)
    assert isinstance(whole, TrainingTexts)
    assert isinstance(part, TrainingTexts)
    assert part.part == "train"
    assert part.covers == ("sample:train",)
    assert 0 < len(part) < len(whole)
    assert declared_texts("wikipedia", splits, shelf) == "its texts are not among the corpora of this installation"
    assert declared_texts("mr", splits, shelf) == "the corpus mr is not on this machine"
    assert "no part 'unlabelled'" in declared_texts("imdb:unsup", splits, shelf)


def test_sst_test_sentences_are_mr_sentences(tmp_path):
    shelf = library(tmp_path)
    found = overlap(Evaluated(shelf.load("sst5", "test").texts), TrainingTexts("mr", shelf.load("mr", "all").texts))
    assert found.counts("test") == {"part": "test", "rows": 2210, "exact": 1454, "normal": 1769, "shared": 1769}


def test_near_duplicates_between_mr_and_sst_are_those_of_a_full_search(tmp_path):
    shelf = library(tmp_path)
    training = TrainingTexts("mr", shelf.load("mr", "all").texts[:2500])
    evaluated = Evaluated(shelf.load("sst5", "test").texts)
    found = overlap(evaluated, training, near=True)
    rest = np.flatnonzero(evaluated.telling & ~found.normal)
    similarity = cdist(
        [evaluated.normal[i] for i in rest], training.normal, scorer=Levenshtein.normalized_similarity, score_cutoff=0.9
    )
    assert found.near[rest].tolist() == (similarity > 0).any(axis=1).tolist()
    assert found.near.any()


def test_emobanks_test_part_has_texts_of_its_training_part(tmp_path):
    shelf = library(tmp_path)
    found = overlap(
        Evaluated(shelf.load("emobank", "test").texts), TrainingTexts("train", shelf.load("emobank", "train").texts)
    )
    assert (found.counts("test")["exact"], found.counts("test")["normal"]) == (18, 25)
