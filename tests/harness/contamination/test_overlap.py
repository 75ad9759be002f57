"""Texts are found again exactly, by letters and digits, and nearly; counts of the published corpora are reproduced."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contamination import (
    Evaluated,
    TrainingTexts,
    overlap,
    text_hash,
)
from harness.contamination.overlap import exact_form, normal_form
from harness.corpora import CorpusRegistry
from harness.errors import DataMissing
from harness.text_check import declared_texts

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
            "Why: nobody expected the bakery to open so early.",
            "!!!",
            "OK.",
        ),
    )
    found = overlap(Evaluated(SENTENCES), training)
    assert found.levels["exact"].tolist() == [True, False, False, True, False]
    assert found.levels["normal"].tolist() == [True, False, True, False, True]
    assert found.levels["near"].tolist() == [True, True, False, False, False]
    assert found.shared.tolist() == [True] * 5
    assert found.marks
    counts = {"exact": 2, "normal": 3, "sentences": 2, "near": 2, "shared": 5}
    assert found.counts("test") == {"part": "test", "rows": 5, **counts}


def test_short_texts_are_counted_and_make_no_mark():
    found = overlap(Evaluated(("Thank you", "Oh dear me no")), TrainingTexts("mine", ("thank you!",)))
    assert found.counts("all")["normal"] == 1
    assert not found.marks


def test_hashes_find_what_texts_find_by_the_normal_form():
    training = SENTENCES[:3]
    by_text = overlap(Evaluated(SENTENCES), TrainingTexts("mine", training))
    by_hash = overlap(Evaluated(SENTENCES), TrainingTexts("list", hashes=map(text_hash, training)))
    assert by_hash.levels["normal"].tolist() == by_text.levels["normal"].tolist()
    assert set(by_hash.counts("test")) == {"part", "rows", "normal", "sentences", "shared"}
    empty = TrainingTexts("list", hashes=[text_hash("?!")])
    assert not overlap(Evaluated(("...",)), empty).shared.any(), "no letters, no evidence"


@given(st.text())
def test_forms_and_hash_are_as_agreed(text):
    form = normal_form(text)
    assert set(form) <= set("abcdefghijklmnopqrstuvwxyz0123456789")
    assert normal_form(form) == form
    assert text_hash(text) == hashlib.sha256(form.encode()).hexdigest()[:16]
    assert exact_form(exact_form(text)) == exact_form(text)


def test_a_sentence_inside_a_longer_text_is_found():
    review = "I bought it in May. The harbour lay quiet under a pale morning sky! It broke in June."
    found = overlap(Evaluated(SENTENCES), TrainingTexts("mine", [review]))
    assert (found.levels["normal"].any(), found.levels["sentences"].tolist()) == (
        False,
        [True, False, False, False, False],
    )
    assert found.marks
    long = " ".join(["Seven lanterns burned in the window of the old mill."] * 3)
    found = overlap(Evaluated((f"{SENTENCES[0]} {long}",)), TrainingTexts("mine", [review]))
    assert (found.levels["sentences"].tolist(), found.marks) == ([True], False), "one sentence of many"


def test_declared_sets_are_read_where_there_is_a_reader(tmp_path):
    shelf = CorpusRegistry(None, tmp_path, offline=True)
    for name, why in (
        ("wikipedia", "not among the corpora"),
        ("mr", "the corpus mr is not on this machine"),
        ("imdb:unsup", "no part 'unlabelled'"),
    ):
        with pytest.raises(DataMissing, match=why):
            declared_texts(name, shelf)


def test_sst_test_sentences_are_mr_sentences(tmp_path):
    shelf = library(tmp_path)
    found = overlap(Evaluated(shelf.load("sst5", "test").texts), TrainingTexts("mr", shelf.load("mr", "all").texts))
    counts = found.counts("test")
    assert (counts["rows"], counts["exact"], counts["normal"]) == (2210, 1454, 1769)
    assert 1769 < counts["shared"] < 2210, "more by most of their words"


def test_emobanks_test_part_has_texts_of_its_training_part(tmp_path):
    shelf = library(tmp_path)
    found = overlap(
        Evaluated(shelf.load("emobank", "test").texts), TrainingTexts("train", shelf.load("emobank", "train").texts)
    )
    assert (found.counts("test")["exact"], found.counts("test")["normal"]) == (18, 25)
