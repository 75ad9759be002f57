"""Votes equal scikit-learn's where nothing is tied; where something is, the order of the rows is of no account."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier

from harness.probes import neighbours
from harness.probes.neighbours import decide, neighbour_votes


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_votes_are_scikit_learn_s(seed, block):
    rng = np.random.default_rng(seed)
    X, y, asked = rng.normal(size=(30, 4)), np.r_[0, 1, 2, rng.integers(3, size=27)], rng.normal(size=(9, 4))
    before, neighbours.BLOCK = neighbours.BLOCK, block
    try:
        votes = neighbour_votes(X, y, 3, asked, [1, 4, 30])
    finally:
        neighbours.BLOCK = before
    for size, own in zip([1, 4, 30], votes, strict=True):
        model = KNeighborsClassifier(size, metric="cosine", algorithm="brute").fit(X, y)
        np.testing.assert_allclose(own / size, model.predict_proba(asked), atol=1e-12)


def test_equally_near_rows_share_the_votes_in_any_order():
    X = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 3.0], [0.0, 2.0]])
    y = np.array([0, 1, 1, 0])
    votes = neighbour_votes(X, y, 2, np.array([[0.1, 1.0]]), [1, 2, 4])
    np.testing.assert_allclose(votes[:, 0], [[1 / 3, 2 / 3], [2 / 3, 4 / 3], [2, 2]])
    order = [3, 1, 0, 2]
    np.testing.assert_allclose(neighbour_votes(X[order], y[order], 2, np.array([[0.1, 1.0]]), [1, 2, 4]), votes)


def test_equal_votes_go_to_the_frequent_class():
    votes = np.array([[1.0, 1.0, 0.0], [1.0, 1.0 + 1e-12, 0.0], [0.0, 1.0, 2.0]])
    assert decide(votes, np.array([0, 1, 1, 2])).tolist() == [1, 1, 2]
    assert decide(votes, np.array([0, 0, 1, 2])).tolist() == [0, 0, 2]


@pytest.mark.parametrize("sizes", [[], [0], [4]])
def test_sizes_must_be_there(sizes):
    with pytest.raises(ValueError, match="between 1 and 3"):
        neighbour_votes(np.eye(3), np.arange(3), 3, np.eye(3), sizes)
