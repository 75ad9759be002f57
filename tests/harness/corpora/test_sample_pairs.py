"""Minimal pairs of the embedded corpus."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.corpora.sample import MinimalPair, minimal_pairs
from harness.corpora.sample_pairs import KINDS
from harness.corpora.sample_vocabulary import content_words, words_of


def of(kind: str) -> list[MinimalPair]:
    return [pair for pair in minimal_pairs() if pair.kind == kind]


def test_every_kind_has_sixty_different_pairs():
    assert Counter(pair.kind for pair in minimal_pairs()) == dict.fromkeys(KINDS, 60)
    assert len({(pair.base, pair.edited) for pair in minimal_pairs()}) == 240
    assert all(pair.base != pair.edited for pair in minimal_pairs())


@pytest.mark.parametrize("kind", ["negation", "intensity", "contrast"])
def test_directions_are_balanced(kind):
    counts = Counter(pair.direction for pair in of(kind))
    assert set(counts) == {1, -1}
    assert min(counts.values()) >= 20


def test_irrelevant_edits_change_nothing():
    assert {pair.direction for pair in of("irrelevant")} == {0}


def test_negation_adds_a_negator():
    for pair in of("negation"):
        assert "not" in words_of(pair.edited)
        assert "not" not in words_of(pair.base)


def test_intensity_adds_a_degree_word():
    for pair in of("intensity"):
        assert not Counter(words_of(pair.base)) - Counter(words_of(pair.edited))
        assert len(words_of(pair.edited)) > len(words_of(pair.base))


def test_contrast_exchanges_the_clauses():
    for pair in of("contrast"):
        first, second = pair.base.lower().rstrip(".").split(", but ")
        assert pair.edited.lower() == f"{second}, but {first}."


def test_only_test_words_are_used():
    foreign = content_words("train") | content_words("dev")
    for pair in minimal_pairs():
        assert not foreign & set(words_of(f"{pair.base} {pair.edited}")), pair


def test_pairs_repeat():
    minimal_pairs.cache_clear()
    assert minimal_pairs()[:2] == (
        MinimalPair("The mechanic was witty.", "The mechanic was not witty.", "negation", -1),
        minimal_pairs()[1],
    )
