"""Agreement of partitions equals scikit-learn's, weighted tables included; k-means finds what is apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, fowlkes_mallows_score

from harness.metrics import confusion
from harness.probes.clustering import adjusted_mutual_information, adjusted_rand, clusters, fowlkes_mallows


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(3, 40))
def test_agreement_equals_scikit_learn_on_repeated_rows(seed, classes, n):
    rng = np.random.default_rng(seed)
    gold, parts = rng.integers(classes, size=n), rng.integers(classes, size=n)
    weights = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), size=3)]).astype(float)
    tables = confusion(weights, gold, parts, classes)
    found = zip(
        weights, adjusted_rand(tables), fowlkes_mallows(tables), adjusted_mutual_information(tables), strict=True
    )
    for row, rand, mallows, mutual in found:
        repeated = [np.repeat(labels, row.astype(int)) for labels in (gold, parts)]
        assert rand == pytest.approx(adjusted_rand_score(*repeated), abs=1e-12)
        assert mallows == pytest.approx(fowlkes_mallows_score(*repeated), abs=1e-12)
        assert mutual == pytest.approx(adjusted_mutual_info_score(*repeated), abs=1e-9)


def test_equal_partitions_under_other_names_agree_fully():
    gold = np.array([0, 0, 1, 1, 2, 2])
    tables = confusion(np.ones((1, 6)), gold, (gold + 1) % 3, 3)
    assert adjusted_rand(tables)[0] == fowlkes_mallows(tables)[0] == 1
    assert adjusted_mutual_information(tables)[0] == pytest.approx(1)


def test_directions_are_found_whatever_their_length():
    rng = np.random.default_rng(0)
    gold = np.repeat(np.arange(3), 20)
    X = np.eye(3)[gold] * rng.uniform(0.01, 100, size=(60, 1)) + 0.001 * rng.normal(size=(60, 3))
    X[40:] = np.eye(3)[2] * np.geomspace(0.1, 1000, 20)[:, None]
    parts = clusters(X[20:], 2, seed=0)
    assert adjusted_mutual_info_score(gold[20:], parts) == pytest.approx(1)
    np.testing.assert_array_equal(parts, clusters(X[20:], 2, seed=0))


def test_fewer_distinct_vectors_than_parts_is_no_fault():
    parts = clusters(np.ones((10, 2)), 3, seed=0)
    assert set(parts.tolist()) == {0}


def test_there_must_be_rows_enough():
    with pytest.raises(ValueError, match="4 clusters need as many rows, not 3"):
        clusters(np.eye(3), 4, seed=0)
