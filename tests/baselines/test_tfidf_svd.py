"""The tf-idf encoder: its features, weights and projection, and the encoder contract."""

from __future__ import annotations

import numpy as np
import pytest

from baselines.tfidf_svd import DIMENSIONS, TfidfSvd, features, fitting_texts, frequencies, vectors
from harness.corpora.sample import Sample
from harness.encoder import Encoder
from harness.errors import UsageError
from harness.testing import check_encoder


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


def test_character_features_stay_within_words():
    # " ab ": " ab", "ab ", " ab "
    assert len(of_kind("ab", 1)) == 3
    assert set(of_kind("ab cd", 1)) == set(of_kind("ab", 1)) | set(of_kind("cd", 1))
    assert set(of_kind("cd ab", 1)) == set(of_kind("ab cd", 1))


def test_features_do_not_reach_into_the_next_text():
    found = features(["ab", "", "cd ef"])
    assert set(found.hash[found.text == 0].tolist()) == set(features(["ab"]).hash.tolist())
    assert set(found.hash[found.text == 2].tolist()) == set(features(["cd ef"]).hash.tolist())
    assert 1 not in found.text


def test_idf_is_fitted_on_the_training_sentences_of_the_sample_alone():
    texts = Sample().read("train").texts
    assert fitting_texts() == texts
    known, idf, most = frequencies()
    having = sum("delicious" in text.lower() for text in texts)
    (place,) = np.flatnonzero(known == features(["delicious"]).hash[0])
    assert idf[place] == pytest.approx(1 + np.log((1 + len(texts)) / (1 + having)))
    assert most == pytest.approx(1 + np.log(1 + len(texts)))


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


def test_it_keeps_the_contract():
    report = check_encoder(TfidfSvd())
    assert report.passed, report
    assert isinstance(TfidfSvd(), Encoder)


def test_vectors_are_the_pinned_ones():
    vector = TfidfSvd().encode(["A small plain sentence."])[0]
    assert np.argsort(-np.abs(vector), kind="stable")[:4].tolist() == [21, 164, 130, 241]
    assert vector[[21, 164, 130, 241]] == pytest.approx([0.19796, -0.19593, -0.16651, 0.16017], abs=1e-5)


def test_maximum_length_counts_words():
    assert np.array_equal(TfidfSvd(max_length=2).encode(["one two three"]), TfidfSvd().encode(["one two"]))
    with pytest.raises(UsageError, match="tfidf-svd: the maximum length is 0"):
        TfidfSvd(max_length=0)


def test_the_fingerprint_names_the_options():
    pinned = "3638695087dc1825ca042aed7ab20b8d"
    assert TfidfSvd().fingerprint == pinned != TfidfSvd(max_length=5).fingerprint
