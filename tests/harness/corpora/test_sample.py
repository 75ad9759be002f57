"""The made-up sentences are the same everywhere, and none is one of the minimal pairs."""

import pytest

from harness.corpora.sample import Sample, minimal_pairs

FINGERPRINTS = {
    "train": "685f6679d605310fc0006b84af7f02de",
    "dev": "88baed8fb829df3f1cf794b666afb4f9",
    "test": "c40ec05c62b05e2bcac83d82b6a5e44c",
}


@pytest.mark.parametrize("split", FINGERPRINTS)
def test_sentences_are_the_published_ones(split: str) -> None:
    examples = Sample().read(split)
    assert examples.fingerprint == FINGERPRINTS[split]
    assert set(examples.texts).isdisjoint(text for pair in minimal_pairs() for text in pair[:2])
