"""The made-up sentences and pairs are the same everywhere."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from harness.corpora.sample import KINDS, Sample, minimal_pairs

FINGERPRINTS = {
    "train": "685f6679d605310fc0006b84af7f02de",
    "dev": "88baed8fb829df3f1cf794b666afb4f9",
    "test": "c40ec05c62b05e2bcac83d82b6a5e44c",
}


@pytest.mark.parametrize("split", FINGERPRINTS)
def test_sentences_are_the_published_ones(split: str) -> None:
    examples = Sample().read(split)
    assert examples.fingerprint == FINGERPRINTS[split]
    assert len(examples) == Sample.card.rows[split]
    assert len(set(examples.texts)) == len(examples)
    assert np.array_equal(examples.labels["label"], np.asarray(examples.labels["valence"]) > 0)


def test_pairs_differ_and_are_balanced() -> None:
    pairs = minimal_pairs()
    assert Counter(pair.kind for pair in pairs) == dict.fromkeys(KINDS, 60)
    assert all(pair.base != pair.edited for pair in pairs)
    assert {pair.direction for pair in pairs if pair.kind == "irrelevant"} == {0}
    known = {text for split in FINGERPRINTS for text in Sample().read(split).texts}
    assert known.isdisjoint(text for pair in pairs for text in pair[:2])
