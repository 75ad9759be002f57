"""Retrieval equals a plain loop over all pairs, in blocks of any size, and knows no order of the corpus."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from harness.probes import retrieval
from harness.probes.retrieval import retrieve


def plain(X, labels):
    """Reciprocal rank, precision at 1 and MAP@R of each row, one by one."""
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    found = []
    for i in range(len(X)):
        others = np.delete(np.arange(len(X)), i)
        relevant = int((labels[others] == labels[i]).sum())
        if not relevant:
            continue
        ranked = others[np.argsort(-(unit[others] @ unit[i]), kind="stable")]
        hits = labels[ranked] == labels[i]
        at_r = sum(hits[: k + 1].mean() for k in range(relevant) if hits[k]) / relevant
        found.append((1 / (1 + hits.argmax()), float(hits[0]), at_r))
    return np.array(found).T


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(5, 40), st.integers(1, 100))
def test_equals_the_plain_loop_in_blocks_of_any_size(seed, classes, n, block):
    rng = np.random.default_rng(seed)
    X, labels = rng.normal(size=(n, 5)), rng.integers(classes, size=n)
    if not (np.bincount(labels) > 1).any():
        labels[:2] = 0
    before, retrieval.BLOCK = retrieval.BLOCK, block
    try:
        found = retrieve(X, labels)
    finally:
        retrieval.BLOCK = before
    expected = plain(X, labels)
    np.testing.assert_allclose(found.reciprocal_rank, expected[0])
    np.testing.assert_allclose(found.precision_at_1, expected[1])
    np.testing.assert_allclose(found.map_at_r, expected[2])


def test_classes_apart_are_found_perfectly_and_map_at_r_is_below_average_precision():
    labels = np.repeat([0, 1, 2], [5, 3, 4])
    perfect = retrieve(np.eye(3)[labels], labels)
    assert perfect.map_at_r.tolist() == perfect.reciprocal_rank.tolist() == [1.0] * 12
    rng = np.random.default_rng(1)
    X = rng.normal(size=(12, 4))
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    found = retrieve(X, labels)
    for i in range(12):
        others = np.delete(np.arange(12), i)
        whole = average_precision_score(labels[others] == labels[i], unit[others] @ unit[i])
        assert found.map_at_r[i] <= whole + 1e-12


def test_a_row_alone_in_its_class_does_not_ask_but_is_searched():
    X = np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 0.05]])
    found = retrieve(X, np.array([0, 0, 1]))
    assert found.queries.tolist() == [0, 1]
    assert found.reciprocal_rank.tolist() == [0.5, 0.5]
    assert found.map_at_r.tolist() == [0.0, 0.0]


def test_equal_vectors_are_ranked_by_chance_and_not_by_the_corpus():
    labels = np.repeat([0, 1], 200)
    found = [retrieve(np.ones((400, 3)), labels, seed=seed) for seed in range(3)]
    first = np.concatenate([part.precision_at_1 for part in found])
    again = retrieve(np.ones((400, 3)), labels, seed=0)
    np.testing.assert_array_equal(again.map_at_r, found[0].map_at_r)
    assert {float(part.precision_at_1.mean()) for part in found} <= {0.5, 199 / 400, 201 / 400}
    assert 0.4 < first.mean() < 0.6


def test_nothing_to_find_is_said():
    with pytest.raises(ValueError, match="no two rows share a class"):
        retrieve(np.eye(3), np.arange(3))
    with pytest.raises(ValueError, match="3 rows but there are 2 classes"):
        retrieve(np.eye(3), np.arange(2))
