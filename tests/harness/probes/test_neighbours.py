"""Neighbours and retrieval equal plain loops and scikit-learn, and do not depend on the order of the corpus."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier

from harness.probes import neighbours
from harness.probes.neighbours import clusters, decide, neighbour_votes, retrieve


def plain(X, labels):
    """Reciprocal rank, precision at 1 and MAP@R of each row, one by one."""
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    found = []
    for i in range(len(X)):
        others = np.delete(np.arange(len(X)), i)
        relevant = int((labels[others] == labels[i]).sum())
        if relevant:
            ranked = others[np.argsort(-(unit[others] @ unit[i]), kind="stable")]
            hits = labels[ranked] == labels[i]
            at_r = sum(hits[: k + 1].mean() for k in range(relevant) if hits[k]) / relevant
            found.append((1 / (1 + hits.argmax()), float(hits[0]), at_r))
    return np.array(found).T


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(5, 40), st.integers(1, 100))
def test_retrieval_equals_the_plain_loop_in_blocks_of_any_size(seed, classes, n, block):
    rng = np.random.default_rng(seed)
    X, labels = rng.normal(size=(n, 5)), rng.integers(classes, size=n)
    labels[:2] = 0
    before, neighbours._BLOCK = neighbours._BLOCK, block
    try:
        found = retrieve(X, labels)
    finally:
        neighbours._BLOCK = before
    expected = plain(X, labels)
    for ours, theirs in zip((found.reciprocal_rank, found.precision_at_1, found.map_at_r), expected, strict=True):
        np.testing.assert_allclose(ours, theirs)


def test_equal_vectors_are_ranked_by_chance_and_not_by_the_corpus():
    labels = np.repeat([0, 1], 200)
    found = [retrieve(np.ones((400, 3)), labels, seed=seed) for seed in range(3)]
    np.testing.assert_array_equal(retrieve(np.ones((400, 3)), labels, seed=0).map_at_r, found[0].map_at_r)
    assert 0.4 < np.concatenate([part.precision_at_1 for part in found]).mean() < 0.6


def test_a_row_alone_in_its_class_does_not_ask_but_is_searched():
    found = retrieve(np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 0.05]]), np.array([0, 0, 1]))
    assert found.queries.tolist() == [0, 1]
    assert found.reciprocal_rank.tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="no two rows share a class"):
        retrieve(np.eye(3), np.arange(3))


def test_votes_equal_scikit_learn_s():
    rng = np.random.default_rng(0)
    X, y, asked = rng.normal(size=(90, 6)), rng.integers(3, size=90), rng.normal(size=(40, 6))
    votes = neighbour_votes(X, y, 3, asked, [1, 5, 90])
    for row, size in enumerate((1, 5, 90)):
        theirs = KNeighborsClassifier(size, metric="cosine", algorithm="brute").fit(X, y).predict_proba(asked)
        np.testing.assert_allclose(votes[row] / size, theirs, atol=1e-12)


def test_equally_near_rows_share_the_votes_and_the_frequent_class_wins_ties():
    X, y = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]]), np.array([0, 1, 1, 0])
    votes = neighbour_votes(X, y, 2, np.array([[2.0, 0]]), [1])
    np.testing.assert_allclose(votes[0], [[1 / 3, 2 / 3]])
    assert decide(np.array([[1.0, 1.0]]), np.array([0, 1, 1])).tolist() == [1]


def test_clusters_are_by_direction():
    rng = np.random.default_rng(0)
    gold = np.arange(60) % 3
    X = np.eye(3)[gold] * rng.uniform(0.1, 9, size=(60, 1)) + 0.01 * rng.normal(size=(60, 3))
    parts = clusters(X, 3, 0)
    assert all(len(set(parts[gold == one])) == 1 for one in range(3))
    assert len(set(clusters(np.ones((10, 2)), 3, 0))) == 1
