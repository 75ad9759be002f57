"""The basis from products is as orthonormal as one from reflections, whatever the matrix."""

import numpy as np
import pytest
import torch

from harness.probes.orthonormal import orthonormal


def matrix(n, d, condition, seed=0):
    """Singular values from 1 down to 1 / condition, in directions that are no columns."""
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.normal(size=(n, d)))[0]
    right = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return torch.from_numpy(left * np.logspace(0, -np.log10(condition), d) @ right)


@pytest.mark.parametrize("condition", [1, 1e3, 1e6, 1e7, 1e8, 1e10, 1e13, 1e16])
def test_any_condition_gives_an_orthonormal_basis_of_the_matrix(condition):
    X = matrix(300, 40, condition)
    Q, R = orthonormal(X, 1e-300)
    assert float((Q.T @ Q - torch.eye(40, dtype=torch.float64)).norm()) < 1e-13
    assert float((Q @ R - X).norm()) < 1e-14


def test_the_singular_values_are_those_of_reflections():
    X = matrix(2000, 100, 1e5) * torch.logspace(0, -9, 100, dtype=torch.float64)
    ours = torch.linalg.svdvals(orthonormal(X, 0.0)[1])
    theirs = torch.linalg.svdvals(torch.linalg.qr(X).R)
    torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-15)


@pytest.mark.parametrize("absent", [[0], [7], [3, 9], list(range(10))])
def test_columns_of_nothing_are_left_out_and_the_rest_is_whole(absent):
    X = matrix(200, 10, 10)
    X[:, absent] *= 1e-32
    Q, R = orthonormal(X, 1e-8)
    assert float((Q @ R - X).abs().max()) < 1e-14
    assert float((Q.T @ Q - torch.eye(Q.shape[1], dtype=torch.float64)).norm()) < 1e-13


def test_a_wide_matrix_and_one_that_repeats_a_column():
    for X in (matrix(20, 15, 10), torch.cat([matrix(100, 5, 10)] * 2, dim=1)):
        Q, R = orthonormal(X, 1e-12)
        assert float((Q @ R - X).abs().max()) < 1e-14
        assert float((Q.T @ Q - torch.eye(Q.shape[1], dtype=torch.float64)).norm()) < 1e-13
