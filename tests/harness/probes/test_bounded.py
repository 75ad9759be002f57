"""Probes in little memory give the numbers that they give in plenty of it."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
import torch

from harness import memory
from harness.probes import base, tall
from harness.probes.base import unit_rows
from harness.probes.least_squares import cross_fit, least_squares
from harness.probes.logistic import binary, features, nested_cross_validation
from harness.probes.logistic import cross_validation as cross_validated
from harness.probes.logistic import multinomial as fit_multinomial

#: The module, whose name in its package is the function's.
multinomial = import_module("harness.probes.logistic.multinomial")

ROWS, WIDTH = 1200, 9


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    """Features with a column that others sum up to, and two targets."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, WIDTH)).astype(np.float32)
    X[:, -1] = X[:, 0] + X[:, 1] + 3
    Y = X[:, :2] @ np.array([[1.0, 0.5], [-0.5, 0.2]]) + rng.normal(size=(ROWS, 2))
    return X, Y


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """No array is small: everything is done block by block, in files where it is kept."""
    monkeypatch.setattr(memory, "_limit", memory._Limit(64 * 1024))


def folds(parts: int) -> list[np.ndarray]:
    return [part.astype(np.int64) for part in np.array_split(np.random.default_rng(1).permutation(ROWS), parts)]


def test_least_squares(data, monkeypatch):
    X, Y = data
    whole = least_squares(X, Y)
    monkeypatch.setattr(memory, "_limit", memory._Limit(64 * 1024))
    blocks = least_squares(X, Y)
    assert blocks.rank == whole.rank == WIDTH - 1
    assert blocks.cutoff == pytest.approx(whole.cutoff)
    np.testing.assert_allclose(blocks.weights, whole.weights, atol=1e-10)
    np.testing.assert_allclose(blocks.predict(X), X @ whole.weights + whole.intercepts, atol=1e-10)


def test_least_squares_takes_several_blocks(data, little):
    X, Y = data
    taken = tall.Tall(torch.from_numpy(X), torch.from_numpy(Y))
    assert len(list(taken.blocks())) > 10
    assert len(list(base.row_blocks(torch.from_numpy(X)))) > 10


def test_cross_fitting(data, monkeypatch):
    X, Y = data
    parts = folds(7)
    whole = cross_fit(X, Y, parts)
    monkeypatch.setattr(memory, "_limit", memory._Limit(64 * 1024))
    blocks = cross_fit(X, Y, parts)
    assert (blocks.rank, blocks.deficient) == (whole.rank, whole.deficient) == (WIDTH - 1, ())
    np.testing.assert_allclose(blocks.predictions, whole.predictions, atol=1e-9)


def test_cross_fitting_where_the_rest_has_a_lower_rank(data, monkeypatch):
    X, Y = data
    parts = folds(6)
    X[:, 2] = 0
    X[parts[3], 2] = 1.5
    X[parts[3][:5], 2] = 0.5
    whole = cross_fit(X, Y, parts)
    monkeypatch.setattr(memory, "_limit", memory._Limit(64 * 1024))
    blocks = cross_fit(X, Y, parts)
    assert blocks.deficient == whole.deficient == (3,)
    np.testing.assert_allclose(blocks.predictions, whole.predictions, atol=1e-9)


def test_unit_rows(data, monkeypatch):
    X, _ = data
    X[5] = 0
    whole, zeros = unit_rows(X)
    monkeypatch.setattr(memory, "_limit", memory._Limit(64 * 1024))
    blocks, again = unit_rows(X)
    assert zeros == again == 1
    assert torch.equal(whole, blocks)


def test_logistic_regression_of_several_classes(data, monkeypatch):
    X, Y = data
    classes = np.digitize(Y[:, 0], [-1, 0, 1])
    strengths = [0.25, 4.0]
    whole = fit_multinomial(X, classes, 4, strengths)
    streamed: list[type] = []
    problems = multinomial._problems
    monkeypatch.setattr(
        multinomial, "_problems", lambda *given: streamed.append(type(found := problems(*given))) or found
    )
    monkeypatch.setattr(memory, "_limit", memory._Limit(64 * 1024))
    blocks = fit_multinomial(X, classes, 4, strengths)
    assert streamed == [multinomial._Streamed]
    assert blocks.convergence.worst <= blocks.convergence.tolerance
    np.testing.assert_allclose(blocks.weights, whole.weights, atol=1e-6)
    np.testing.assert_allclose(blocks.decide(X, 1), whole.decide(X, 1), atol=1e-5)


def test_logistic_regression_of_two_classes(data, monkeypatch):
    X, Y = data
    target = (Y[:, 0] > 0).astype(np.int64)
    strengths = [0.25, 4.0]
    outer = folds(3)
    inner = [[part.astype(np.int64) for part in np.array_split(np.arange(ROWS - len(held)), 3)] for held in outer]
    whole = nested_cross_validation(X, target, strengths, outer, inner)
    fits = cross_validated(X, target, strengths, outer)
    calls: list[int] = []
    solve = binary._solve

    def counted(*given):
        calls.append(len(given[2].strengths) * len(given[4]))
        return solve(*given)

    monkeypatch.setattr(binary, "_solve", counted)
    monkeypatch.setattr(memory, "_limit", memory._Limit(64 * 1024))
    nested = nested_cross_validation(X, target, strengths, outer, inner)
    assert calls == [1] * (3 * 4 * len(strengths))
    assert nested.strengths == whole.strengths
    np.testing.assert_array_equal(nested.logits > 0, whole.logits > 0)
    np.testing.assert_array_equal(cross_validated(X, target, strengths, outer).accuracies, fits.accuracies)


def test_logistic_regression_of_two_classes_where_memory_holds_one_range_of_all_strengths(data, monkeypatch):
    X, Y = data
    target, strengths, parts = (Y[:, 0] > 0).astype(np.int64), [0.25, 1.0, 4.0], folds(3)
    whole = cross_validated(X, target, strengths, parts)
    calls: list[tuple[int, int]] = []
    solve = binary._solve
    for room, expected in ((7, [(3, 1), (3, 2), (3, 1)]), (2, [(2, 1), (1, 1)] + [(2, 1)] * 3 + [(1, 1)] * 3)):
        calls.clear()
        with monkeypatch.context() as patch:
            patch.setattr(binary, "_solve", lambda *g: (calls.append((len(g[2].strengths), len(g[4]))), solve(*g))[1])
            patch.setattr(memory, "_limit", memory._Limit(room * binary._TOGETHER * binary._COPIES * 8 * ROWS))
            found = cross_validated(X, target, strengths, parts)
        assert calls == expected
        np.testing.assert_array_equal(found.accuracies, whole.accuracies)
        np.testing.assert_allclose(found.weights, whole.weights, atol=1e-5)


def test_features_are_kept_in_files(data, little):
    X, _ = data
    kept = features.Features(torch.from_numpy(X))
    held = [chunk for _, chunk in kept.blocks(torch.float32, 100)]
    assert [len(chunk) for chunk in held] == [100] * 12
    parts = kept.take(torch.arange(0, ROWS, 2)).form(torch.arange(3))
    np.testing.assert_allclose(parts[:, :-1], X[[0, 2, 4]] - X.mean(axis=0, dtype=np.float64), atol=1e-6)
