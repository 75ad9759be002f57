"""Excerpts end with sentences, fit, and lose nothing when all are taken."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from carl.excerpts import excerpts

SENTENCES = st.lists(st.from_regex(r"[a-z]{1,12}( [a-z]{1,9}){0,6}[.!?]", fullmatch=True), min_size=1, max_size=12)


@given(SENTENCES, st.integers(1, 5), st.integers(1, 120), st.integers(0, 3))
def test_pieces_are_of_the_text_and_fit(sentences, count, size, seed):
    text = " ".join(sentences)
    pieces = excerpts(text, count, size, np.random.default_rng(seed))
    assert 1 <= len(pieces) <= max(count, 1)
    for piece in pieces:
        assert piece in text
        assert len(piece) <= size or piece in sentences or piece == text
    whole = excerpts(text, len(sentences), size, np.random.default_rng(seed))
    assert " ".join(whole) == text


def test_a_draw_is_repeatable_and_depends_on_the_generator():
    text = " ".join(f"Part {number}." for number in range(40))
    first, again, other = (excerpts(text, 3, 16, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first == again != other
    assert first == sorted(first, key=text.index)
