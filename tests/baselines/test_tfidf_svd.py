"""The tf-idf encoder: its features, weights and projection, and the encoder contract."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines import tfidf_svd
from baselines.tfidf_svd import DIMENSIONS, TfidfSvd, features, fitting_texts, frequencies, vectors
from harness.corpora.sample import Sample
from harness.encoder import Encoder
from harness.errors import UsageError
from harness.testing import check_encoder

ODD = [
    "",
    " ",
    "calm " * 10_000,
    "so 😀 then 👩‍👩‍👧",
    "a\x00b\x1b[31m\u200b",
    "half \ud83d",
    "x" * 5000,
    "שלום",
    "!!!",
    ":(",
]


def of_kind(text: str, kind: int) -> dict[int, float]:
    found = features([text])
    chosen = found.kind == kind
    return dict(zip(found.hash[chosen].tolist(), found.number[chosen].tolist(), strict=True))


def cosine(one: str, other: str) -> float:
    x, y = TfidfSvd().encode([one, other]).astype(np.float64)
    return float(x @ y)


def test_word_features_are_tokens_and_neighbours():
    # the, dog, saw; the dog, dog saw, saw the
    assert len(of_kind("the dog saw the dog", 0)) == 6
    assert sorted(of_kind("the dog saw the dog", 0).values()) == [1, 1, 1, 2, 2, 2]


def test_pairs_are_ordered():
    assert of_kind("dog bites man", 0).keys() != of_kind("man bites dog", 0).keys()
    assert len(of_kind("dog bites man", 0).keys() & of_kind("man bites dog", 0).keys()) == 3


def test_case_does_not_matter():
    assert of_kind("The DOG", 0) == of_kind("the dog", 0)


def test_character_features_stay_within_words():
    # " ab ": " ab", "ab ", " ab "
    assert len(of_kind("ab", 1)) == 3
    assert set(of_kind("ab cd", 1)) == set(of_kind("ab", 1)) | set(of_kind("cd", 1))
    assert set(of_kind("cd ab", 1)) == set(of_kind("ab cd", 1))


@pytest.mark.parametrize(("word", "number"), [("a", 1), ("abc", 6), ("abcd", 9), ("abcde", 12)])
def test_number_of_character_features(word, number):
    padded = f" {word} "
    expected = sum(len(padded) - size + 1 for size in (3, 4, 5) if len(padded) >= size)
    assert sum(of_kind(word, 1).values()) == number == expected


def test_features_do_not_reach_into_the_next_text():
    found = features(["ab", "", "cd ef"])
    assert set(found.hash[found.text == 0].tolist()) == set(features(["ab"]).hash.tolist())
    assert set(found.hash[found.text == 2].tolist()) == set(features(["cd ef"]).hash.tolist())
    assert 1 not in found.text


def test_idf_is_fitted_on_the_training_sentences_of_the_sample_alone():
    assert fitting_texts() == Sample().read("train").texts
    known, idf, most = frequencies()
    assert np.all(np.diff(known.astype(object)) > 0)
    assert idf.max() < most
    assert idf.min() >= 1.0
    n = len(fitting_texts())
    having = sum("delicious" in text.lower() for text in fitting_texts())
    place = np.searchsorted(known, features(["delicious"]).hash[0])
    assert having > 0
    assert known[place] == features(["delicious"]).hash[0]
    assert idf[place] == pytest.approx(1 + np.log((1 + n) / (1 + having)))
    assert most == pytest.approx(1 + np.log(1 + n))


def test_rare_words_weigh_more_than_common_ones():
    assert cosine("the zebra", "zebra") > cosine("the zebra", "the")


def test_the_projection_keeps_cosines():
    texts = list(Sample().read("test").texts[:80])
    found = features(texts)
    known, idf, most = frequencies()
    place = np.minimum(np.searchsorted(known, found.hash), len(known) - 1)
    weight = (1 + np.log(found.number)) * np.where(known[place] == found.hash, idf[place], most)
    columns = {h: i for i, h in enumerate(sorted(set(found.hash.tolist())))}
    exact = np.zeros((2, len(texts), len(columns)))
    for t, h, k, w in zip(found.text, found.hash.tolist(), found.kind, weight, strict=True):
        exact[k, t, columns[h]] = w
    exact /= np.linalg.norm(exact, axis=2, keepdims=True)
    both = exact.sum(axis=0) / np.sqrt(2)
    got = vectors(texts, DIMENSIONS).astype(np.float64)
    error = got @ got.T - both @ both.T
    assert np.sqrt((error**2).mean()) < 1.2 / np.sqrt(DIMENSIONS)
    assert abs(error.mean()) < 0.01


def test_like_texts_are_near_and_others_far():
    assert cosine("a very fine day", "a very fine night") > 0.5
    assert abs(cosine("a very fine day", "rust")) < 0.3
    assert cosine("organise", "organised") > 0.4


def test_rows_have_length_one_or_zero():
    norms = np.linalg.norm(TfidfSvd().encode(["one", "two words", "", "\u200b"]), axis=1)
    assert norms[:2] == pytest.approx([1, 1])
    assert norms[2] == 0


def test_it_keeps_the_contract():
    report = check_encoder(TfidfSvd())
    assert report.passed, report
    assert isinstance(TfidfSvd(), Encoder)


def test_odd_texts_are_finite_and_the_same_alone():
    encoder = TfidfSvd()
    together = encoder.encode(ODD)
    assert together.shape == (len(ODD), 256)
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    for text, vector in zip(ODD, together, strict=True):
        assert np.allclose(encoder.encode([text])[0], vector, atol=1e-6)


@settings(max_examples=60)
@given(st.lists(st.text(max_size=40) | st.sampled_from(["not good", "very bad but fine!", ""]), max_size=8))
def test_vectors_do_not_depend_on_neighbours_or_order(texts):
    encoder = TfidfSvd()
    forward, backward = encoder.encode(texts), encoder.encode(texts[::-1])
    assert np.allclose(forward, backward[::-1], atol=1e-6)
    for i, text in enumerate(texts):
        assert np.allclose(encoder.encode([text])[0], forward[i], atol=1e-6)


def test_more_texts_than_a_run_holds():
    texts = [f"word{i} good" for i in range(1300)]
    assert np.allclose(TfidfSvd().encode(texts)[1299], TfidfSvd().encode([texts[1299]])[0], atol=1e-6)


def test_vectors_are_the_pinned_ones():
    vector = TfidfSvd().encode(["A small plain sentence."])[0]
    assert np.argsort(-np.abs(vector), kind="stable")[:4].tolist() == [21, 164, 130, 241]
    assert vector[[21, 164, 130, 241]] == pytest.approx([0.19796, -0.19593, -0.16651, 0.16017], abs=1e-5)


def test_no_text_gives_no_row():
    assert TfidfSvd().encode([]).shape == (0, 256)


def test_maximum_length_counts_words():
    assert np.array_equal(TfidfSvd(max_length=2).encode(["one two three"]), TfidfSvd().encode(["one two"]))
    with pytest.raises(UsageError, match="tfidf-svd: the maximum length is 0"):
        TfidfSvd(max_length=0)


def test_the_fingerprint_names_the_fitting_texts_and_the_options(monkeypatch):
    pinned = "3638695087dc1825ca042aed7ab20b8d"
    assert TfidfSvd().fingerprint == pinned
    assert TfidfSvd(max_length=5).fingerprint != pinned
    monkeypatch.setattr(tfidf_svd, "fitting_texts", lambda: ("other",))
    assert TfidfSvd().fingerprint != pinned


def test_it_describes_itself():
    assert TfidfSvd().describe() == {"max_length": None, "backend": "numpy", "dtype": "float32"}
    card = TfidfSvd.card
    assert (card.name, card.family, card.pooling, card.dimensions) == ("tfidf-svd", "floor", None, 256)
    assert "never fitted on what is evaluated" in card.notes
    assert card.training_data == ("sample:train",)


def test_importing_it_is_light():
    code = (
        "import sys, baselines.tfidf_svd; heavy = ('numpy', 'scipy', 'sklearn', 'torch', 'pandas', 'transformers'); "
        "print([n for n in heavy if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
