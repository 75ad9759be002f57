"""What figures compute, against independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.metrics import confusion_matrix

from harness.figures.confusion import shares
from harness.figures.critical_difference import cliques, critical_difference, mean_ranks
from harness.figures.planes import project


@pytest.mark.parametrize(
    # Demšar 2006, table 5(a): critical values q of the two-tailed Nemenyi test at 0.05.
    ("models", "q"),
    [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (8, 3.031), (9, 3.102), (10, 3.164)],
)
def test_critical_values_are_those_of_the_paper(models: int, q: float) -> None:
    for tasks in (5, 14, 30):
        assert critical_difference(models, tasks) == pytest.approx(
            q * np.sqrt(models * (models + 1) / (6 * tasks)), rel=3e-4
        )


def test_mean_ranks() -> None:
    scores = np.array([[0.9, 0.8, 0.7], [0.5, 0.5, 0.4], [0.1, 0.2, 0.3]])
    assert mean_ranks(scores).tolist() == pytest.approx([(1 + 1.5 + 3) / 3, (2 + 1.5 + 2) / 3, (3 + 3 + 1) / 3])


@given(st.lists(st.floats(1, 10), min_size=1, max_size=12), st.floats(0, 5))
def test_bars_join_exactly_the_neighbours_within_the_distance(values: list[float], distance: float) -> None:
    ranks = sorted(values)
    bars = cliques(ranks, distance)
    for first, last in bars:
        assert ranks[last] - ranks[first] <= distance
    for i in range(len(ranks)):
        for j in range(i + 1, len(ranks)):
            joined = any(first <= i and j <= last for first, last in bars)
            assert joined == (ranks[j] - ranks[i] <= distance)
    assert not any(a <= c and d <= b for a, b in bars for c, d in bars if (a, b) != (c, d)), "no bar within another"


def test_projection_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 12)) * np.arange(12, 0, -1)
    points, explained = project(vectors.astype(np.float32))
    unit = vectors.astype(np.float32).astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    other = PCA(2).fit(unit)
    np.testing.assert_allclose(np.abs(points), np.abs(other.transform(unit)), atol=1e-8)
    np.testing.assert_allclose(explained, other.explained_variance_ratio_, rtol=1e-8)
    assert ((points**3).sum(axis=0) > 0).all()


@pytest.mark.parametrize("vectors", [np.zeros((5, 3)), np.ones((4, 1)), np.arange(6.0).reshape(3, 2)])
def test_projection_of_little(vectors: np.ndarray) -> None:
    points, explained = project(vectors)
    assert points.shape == (len(vectors), 2)
    assert np.isfinite(points).all()
    assert all(0 <= share <= 1 + 1e-9 for share in explained)


def test_shares_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    gold, predicted = rng.integers(5, size=(2, 300)).astype(np.int8)
    np.testing.assert_allclose(shares(gold, predicted, 5), confusion_matrix(gold, predicted, normalize="true"))
    assert shares(np.array([0]), np.array([0]), 3)[2].tolist() == [0, 0, 0], "a class without texts"
