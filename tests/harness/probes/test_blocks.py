"""Probes that take rows block by block agree with those that hold all of them: ridge, and what compares rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from harness import memory
from harness.probes import base, clustering, lloyd, tall_ridge
from harness.probes.base import UnitRows, take_rows, to_matrix, unit_rows
from harness.probes.clustering import clusters
from harness.probes.geometry import alignment, geometry, uniformity
from harness.probes.neighbours import decide, neighbour_votes
from harness.probes.retrieval import retrieve
from harness.probes.ridge import penalty_unit, ridge_cross_fit, ridge_path
from harness.probes.several_classes import nested_classes

ROWS, WIDTH, CLASSES = 1200, 9, 4
PENALTIES = (1e-3, 1.0, 300.0)


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors around a centre for each class, the classes, and two targets."""
    rng = np.random.default_rng(0)
    classes = rng.integers(CLASSES, size=ROWS)
    X = (rng.normal(size=(ROWS, WIDTH)) + 2 * rng.normal(size=(CLASSES, WIDTH))[classes] + 1).astype(np.float32)
    X[5] = 0
    Y = X[:, :2] @ np.array([[1.0, 0.5], [-0.5, 0.2]]) + rng.normal(size=(ROWS, 2))
    return X, classes, Y


@pytest.fixture
def shrink(monkeypatch: pytest.MonkeyPatch):
    """Makes memory so small that no array is small: call it."""
    return lambda: monkeypatch.setattr(memory, "_limit", memory._Limit(64 * 1024))


def folds(parts: int) -> list[np.ndarray]:
    return [part.astype(np.int64) for part in np.array_split(np.random.default_rng(1).permutation(ROWS), parts)]


def test_this_memory_holds_no_block_of_all_rows(data, shrink):
    shrink()
    assert len(UnitRows(data[0]).blocks) > 10


def test_ridge_paths(data, shrink):
    X, _, Y = data
    whole, unit = ridge_path(X, Y, PENALTIES), penalty_unit(X)
    shrink()
    blocks = ridge_path(X, Y, PENALTIES)
    np.testing.assert_allclose(blocks.weights, whole.weights, rtol=1e-11)
    np.testing.assert_allclose(blocks.intercepts, whole.intercepts, rtol=1e-11)
    np.testing.assert_allclose(blocks.predict(X, 1), whole.predict(X, 1), rtol=1e-11)
    np.testing.assert_allclose(blocks.predict(X, 1), X @ whole.weights[1] + whole.intercepts[1], rtol=1e-9)
    assert penalty_unit(X) == pytest.approx(unit, rel=1e-12)


def test_ridge_cross_fitting(data, shrink):
    X, _, Y = data
    whole = ridge_cross_fit(X, Y, PENALTIES, folds(7))
    shrink()
    np.testing.assert_allclose(ridge_cross_fit(X, Y, PENALTIES, folds(7)), whole, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(ridge_cross_fit(X, Y[:, 0], PENALTIES, folds(7))[:, :, 0], whole[:, :, 0], rtol=1e-11)


def test_ridge_with_a_penalty_below_rounding_fits_the_others_by_themselves(data, shrink, monkeypatch):
    X, _, Y = data
    parts = folds(6)
    X[:, 2] = 0
    X[parts[3], 2] = 1.5
    X[parts[3][:5], 2] = 0.5
    whole = ridge_cross_fit(X, Y, [1e-9, 1.0], parts)
    refitted: list[tuple[int, ...]] = []
    refit = tall_ridge._refit
    monkeypatch.setattr(
        tall_ridge, "_refit", lambda fold, *given: refitted.append(tuple(given[-1])) or refit(fold, *given)
    )
    shrink()
    np.testing.assert_allclose(ridge_cross_fit(X, Y, [1e-9, 1.0], parts), whole, rtol=1e-10, atol=1e-10)
    assert refitted == [(0,)]


def test_retrieval(data, shrink):
    X, classes, _ = data
    X[7] = X[9]
    whole = retrieve(X, classes)
    shrink()
    blocks = retrieve(X, classes)
    for name in ("queries", "reciprocal_rank", "precision_at_1", "map_at_r"):
        np.testing.assert_array_equal(getattr(blocks, name), getattr(whole, name))


def test_neighbours(data, shrink):
    X, classes, _ = data
    X[7] = X[9]
    given = X[:1000], classes[:1000], CLASSES, X[1000:], [1, 5, 21]
    whole = neighbour_votes(*given)
    shrink()
    blocks = neighbour_votes(*given)
    np.testing.assert_allclose(blocks, whole, rtol=1e-12)
    for one, other in zip(blocks, whole, strict=True):
        np.testing.assert_array_equal(decide(one, classes[:1000]), decide(other, classes[:1000]))


def test_geometry(data, shrink):
    X, classes, _ = data
    whole = geometry(X, classes)
    shrink()
    blocks = geometry(X, classes)
    assert blocks.zero_rows == whole.zero_rows == 1
    for name in ("alignment", "separation", "effective_rank"):
        assert getattr(blocks, name) == pytest.approx(getattr(whole, name), rel=1e-12), name
    # Its pairs are float32 products.
    assert blocks.uniformity == pytest.approx(whole.uniformity, abs=1e-7)
    assert uniformity(X) == pytest.approx(whole.uniformity, abs=1e-7)
    assert alignment(X, classes) == pytest.approx(whole.alignment, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_clusters_are_those_of_scikit_learn(data, shrink, seed, monkeypatch):
    X, _, _ = data
    whole = clusters(X, 7, seed)
    shrink()
    monkeypatch.setattr(clustering, "to_numpy", None)  # what only scikit-learn's needs
    np.testing.assert_array_equal(clusters(X, 7, seed), whole)


def test_an_empty_part_is_taken_up_again(shrink):
    """From the same start as scikit-learn's, with a centre that no row is near to."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    X -= X.mean(axis=0)
    centres = np.array([X[0], X[1], [50.0, 50.0, 50.0], [60.0, 50.0, 50.0]])
    theirs = KMeans(4, init=centres, n_init=1).fit(X)
    shrink()
    vectors = lloyd._Vectors.centred(torch.from_numpy(X.copy()))
    assert len(vectors.blocks) > 1
    parts, spread = lloyd._converged(vectors, centres)
    np.testing.assert_array_equal(parts, theirs.labels_)
    assert spread == pytest.approx(theirs.inertia_, rel=1e-12)


def test_fewer_distinct_vectors_than_parts(shrink):
    shrink()
    assert set(clusters(np.ones((2000, 3)), 3, seed=0).tolist()) == {0}
    two = np.repeat(np.eye(2), 1000, axis=0)
    assert len(set(clusters(two, 3, seed=0).tolist())) == 2


def test_nested_classes(data, shrink):
    X, classes, _ = data
    outer = folds(3)
    inner = [[part.astype(np.int64) for part in np.array_split(np.arange(ROWS - len(held)), 3)] for held in outer]
    whole = nested_classes(X, classes, CLASSES, [0.25, 4.0], outer, inner)
    shrink()
    blocks = nested_classes(X, classes, CLASSES, [0.25, 4.0], outer, inner)
    assert blocks.strengths == whole.strengths
    np.testing.assert_array_equal(blocks.predicted, whole.predicted)


def test_rows_that_cannot_be_written_and_rows_that_are_taken_lie_in_files(data, shrink):
    X, _, _ = data
    X.flags.writeable = False
    shrink()
    values = to_matrix(X)
    taken = take_rows(values, np.arange(0, ROWS, 2))
    for made, expected in ((values, X), (taken, X[::2])):
        assert isinstance(base.to_numpy(made), np.ndarray)
        np.testing.assert_array_equal(base.to_numpy(made), expected)
    np.testing.assert_array_equal(
        np.concatenate([base.to_numpy(rows) for _, rows in UnitRows(X)]), base.to_numpy(unit_rows(X)[0])
    )
