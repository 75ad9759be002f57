"""Geometry against the authors' formulas on all pairs, written out."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.probes.geometry import effective_rank, geometry, uniformity


def unit(X):
    length = np.linalg.norm(X, axis=1, keepdims=True)
    return np.divide(X, length, out=np.zeros_like(X), where=length > 0)


def pairs(X):
    i, j = np.triu_indices(len(X), 1)
    return i, j, ((X[i] - X[j]) ** 2).sum(axis=1)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(3, 60), d=st.integers(1, 12), seed=st.integers(0, 999), shift=st.floats(0, 50), zero=st.booleans())
def test_all_numbers_equal_the_sums_over_pairs(n, d, seed, shift, zero):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + shift
    if zero:
        X[0] = 0
    classes = rng.integers(0, 2, size=n)
    classes[:2] = 5
    found = geometry(X.astype(np.float32), classes)
    i, j, squares = pairs(unit(X.astype(np.float32).astype(np.float64)))
    same = classes[i] == classes[j]
    assert found.alignment == pytest.approx(squares[same].mean(), rel=1e-9, abs=1e-12)
    assert found.uniformity == pytest.approx(np.log(np.exp(-2 * squares).mean()), rel=1e-5, abs=2e-7)
    if squares.mean() > 1e-9:
        assert found.separation == pytest.approx(1 - squares[same].mean() / squares.mean(), abs=1e-9)
    assert found.zero_rows == int(zero)
    p = np.linalg.svd(unit(X.astype(np.float32).astype(np.float64)), compute_uv=False)
    p = p[p > 1e-12 * p[0]] / p.sum()
    assert found.effective_rank == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-6)


def test_blocks_equal_pdist():
    X = torch.randn(1300, 16, generator=torch.Generator().manual_seed(0))
    X[3] = 0
    normal = torch.nn.functional.normalize(X.double())
    expected = torch.pdist(normal).pow(2).mul(-2).exp().mean().log().item()
    assert uniformity(X) == pytest.approx(expected, abs=1e-6)
    assert uniformity(X, t=5.0) == pytest.approx(torch.pdist(normal).pow(2).mul(-5).exp().mean().log().item(), abs=1e-6)


def test_known_places():
    corners = np.array([[1.0, 0], [1, 0], [-1, 0], [-1, 0]])
    found = geometry(corners, np.array([0, 0, 1, 1]))
    assert found.alignment == 0
    assert found.separation == pytest.approx(1)
    assert found.uniformity == pytest.approx(np.log((2 + 4 * np.exp(-8)) / 6), abs=1e-6)
    assert found.effective_rank == pytest.approx(1)
    assert effective_rank(np.eye(5)) == pytest.approx(5)
    assert geometry(np.eye(4), np.zeros(4)).alignment == pytest.approx(2)


def test_vectors_that_coincide_are_one_point():
    found = geometry(np.full((20, 8), 0.3, np.float32), np.arange(20) % 2)
    assert found.alignment == pytest.approx(0, abs=1e-25)
    assert found.separation == 0
    assert found.uniformity == pytest.approx(0, abs=1e-12)
    assert found.effective_rank == pytest.approx(1)


def test_nearly_coinciding_vectors_keep_their_digits():
    rng = np.random.default_rng(0)
    X = 1 + 1e-6 * rng.normal(size=(200, 10))
    classes = np.arange(200) % 4
    i, j, squares = pairs(unit(X))
    found = geometry(X, classes)
    assert found.alignment == pytest.approx(squares[classes[i] == classes[j]].mean(), rel=1e-6)
    assert found.separation == pytest.approx(1 - squares[classes[i] == classes[j]].mean() / squares.mean(), abs=1e-6)
