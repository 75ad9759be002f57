"""The mean lengths that estimates use are those of the published files."""

from __future__ import annotations

import pytest

from harness.corpora.lengths import CHARACTERS, mean_characters


@pytest.mark.parametrize("name", CHARACTERS)
def test_mean_lengths_are_those_of_the_published_texts(published, name):
    if name.startswith("ratings-"):
        pytest.skip("not below the data directory")
    examples = [published.load(name, split) for split in published.card(name).rows]
    characters = sum(len(text) for part in examples for text in part.texts)
    assert mean_characters(name) == pytest.approx(characters / sum(map(len, examples)), abs=1)
