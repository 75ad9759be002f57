"""Least squares equals NumPy's and scikit-learn's, in rank-deficient and left-out cases too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict

from harness.probes.least_squares import cross_fit, least_squares


def data(n, d, targets=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(np.float32)
    Y = X @ rng.normal(size=(d, targets)) + rng.normal(size=(n, targets)) + 3
    return X, Y


def minimum_norm(X, Y):
    """The textbook: pseudo-inverse of centred features."""
    X = X.astype(np.float64)
    weights = np.linalg.pinv(X - X.mean(axis=0), rcond=1e-6) @ (Y - Y.mean(axis=0))
    return weights, Y.mean(axis=0) - X.mean(axis=0) @ weights


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 40), d=st.integers(1, 30), targets=st.integers(1, 3), seed=st.integers(0, 999))
def test_any_shape_is_the_minimum_norm_solution(n, d, targets, seed):
    X, Y = data(n, d, targets, seed)
    fit = least_squares(X, Y)
    weights, intercepts = minimum_norm(X, Y)
    size = np.abs(weights).max() + 1
    np.testing.assert_allclose(fit.weights, weights, atol=1e-5 * size)
    np.testing.assert_allclose(fit.intercepts, intercepts, atol=1e-5 * size)
    assert fit.rank == min(d, n - 1)


def test_ill_conditioned_features_lose_no_digits():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(400, 30)) * np.logspace(0, -5, 30) + 10
    Y = X @ rng.normal(size=30)
    np.testing.assert_allclose(least_squares(X, Y).predict(X)[:, 0], LinearRegression().fit(X, Y).predict(X), atol=1e-8)


def test_constant_dependent_and_rounded_columns_are_dropped():
    X, Y = data(200, 6)
    plain = least_squares(X, Y)
    thirds = X[:, :1] / np.float32(3)  # dependent up to float32's rounding
    extended = np.hstack([X, np.full((200, 1), 7, np.float32), X[:, 1:2], thirds, np.zeros((200, 1), np.float32)])
    fit = least_squares(extended, Y)
    assert fit.rank == 6
    np.testing.assert_allclose(fit.predict(extended), plain.predict(X), atol=1e-5)
    np.testing.assert_allclose(fit.weights[[6, 9]], 0, atol=1e-12)
    np.testing.assert_allclose(fit.weights[1], fit.weights[7], atol=1e-6)


def test_constant_vectors_predict_the_mean():
    Y = np.arange(10.0)
    fit = least_squares(np.full((10, 4), 2.5, np.float32), Y)
    assert fit.rank == 0
    np.testing.assert_allclose(fit.predict(np.ones((3, 4))), 4.5)
    crossed = cross_fit(np.full((10, 4), 2.5, np.float32), Y, [np.arange(5), np.arange(5, 10)])
    np.testing.assert_allclose(crossed.predictions[:, 0], [7] * 5 + [2] * 5)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(6, 60), d=st.integers(1, 50), k=st.integers(2, 6), seed=st.integers(0, 999))
def test_left_out_predictions_equal_refitting(n, d, k, seed):
    X, Y = data(n, d, 2, seed)
    folds = [test for _, test in KFold(k, shuffle=True, random_state=seed).split(X)]
    crossed = cross_fit(X, Y, folds)
    for number, rows in enumerate(folds):
        weights, intercepts = minimum_norm(np.delete(X, rows, 0), np.delete(Y, rows, 0))
        expected = X[rows] @ weights + intercepts
        np.testing.assert_allclose(crossed.predictions[rows], expected, atol=2e-4 * (1 + np.abs(expected).max()))
        if n - len(rows) - 1 < min(d, n - 1):
            assert number in crossed.deficient


def test_left_out_predictions_equal_scikit_learn_closely():
    X, Y = data(500, 40)
    folds = KFold(10, shuffle=True, random_state=1111)
    theirs = cross_val_predict(LinearRegression(), X.astype(np.float64), Y, cv=folds)
    crossed = cross_fit(X, Y, [test for _, test in folds.split(X)])
    np.testing.assert_allclose(crossed.predictions, theirs, atol=1e-10)
    assert crossed.deficient == ()
    assert crossed.rank == 40


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"3 rows but y has shape \(2, 1\)"):
        least_squares(np.eye(3), np.ones(2))
    with pytest.raises(ValueError, match="y holds NaN"):
        least_squares(np.eye(3), np.array([1, 2, np.inf]))
