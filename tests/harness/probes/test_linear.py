"""Least squares and ridge equal NumPy's and scikit-learn's, in rank-deficient and left-out cases too."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold, cross_val_predict

from harness.probes.linear import cross_predict, fit

PENALTIES = (1e-3, 1.0, 100.0)


def data(n, d, targets=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(np.float32)
    return X, X @ rng.normal(size=(d, targets)) + rng.normal(size=(n, targets)) + 3


def minimum_norm(X, Y):
    """The textbook: pseudo-inverse of centred features."""
    X = X.astype(np.float64)
    weights = np.linalg.pinv(X - X.mean(axis=0), rcond=1e-6) @ (Y - Y.mean(axis=0))
    return weights, Y.mean(axis=0) - X.mean(axis=0) @ weights


@settings(max_examples=30, deadline=None)
@given(n=st.integers(6, 60), d=st.integers(1, 50), k=st.integers(2, 6), seed=st.integers(0, 999))
def test_any_shape_is_the_minimum_norm_solution_left_out_rows_too(n, d, k, seed):
    X, Y = data(n, d, 2, seed)
    (ours,) = fit(X, Y)
    weights, intercepts = minimum_norm(X, Y)
    size = np.abs(weights).max() + 1
    np.testing.assert_allclose(ours.weights, weights, atol=1e-5 * size)
    np.testing.assert_allclose(ours.intercepts, intercepts, atol=1e-5 * size)
    assert ours.rank == min(d, n - 1)
    folds = [test for _, test in KFold(k, shuffle=True, random_state=seed).split(X)]
    crossed = cross_predict(X, Y, folds)[0]
    for rows in folds:
        weights, intercepts = minimum_norm(np.delete(X, rows, 0), np.delete(Y, rows, 0))
        expected = X[rows] @ weights + intercepts
        np.testing.assert_allclose(crossed[rows], expected, atol=2e-4 * (1 + np.abs(expected).max()))


def test_left_out_predictions_equal_scikit_learn_closely():
    X, Y = data(500, 40)
    folds = KFold(10, shuffle=True, random_state=1111)
    theirs = cross_val_predict(LinearRegression(), X.astype(np.float64), Y, cv=folds)
    np.testing.assert_allclose(cross_predict(X, Y, [test for _, test in folds.split(X)])[0], theirs, atol=1e-10)


def test_ill_conditioned_features_lose_no_digits():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(400, 30)) * np.logspace(0, -5, 30) + 10
    Y = X @ rng.normal(size=30)
    np.testing.assert_allclose(fit(X, Y)[0].predict(X)[:, 0], LinearRegression().fit(X, Y).predict(X), atol=1e-8)


def test_constant_dependent_and_rounded_columns_are_dropped():
    X, Y = data(200, 6)
    thirds = X[:, :1] / np.float32(3)  # dependent up to float32's rounding
    extended = np.hstack([X, np.full((200, 1), 7, np.float32), X[:, 1:2], thirds, np.zeros((200, 1), np.float32)])
    (ours,) = fit(extended, Y)
    assert ours.rank == 6
    np.testing.assert_allclose(ours.predict(extended), fit(X, Y)[0].predict(X), atol=1e-5)
    np.testing.assert_allclose(ours.weights[[6, 9]], 0, atol=1e-12)


def test_constant_vectors_predict_the_mean():
    X, Y = np.full((10, 4), 2.5, np.float32), np.arange(10.0)
    assert fit(X, Y)[0].rank == 0
    np.testing.assert_allclose(fit(X, Y)[0].predict(np.ones((3, 4))), 4.5)
    crossed = cross_predict(X, Y, [np.arange(5), np.arange(5, 10)], [0.0, 1.0])[..., 0]
    np.testing.assert_allclose(crossed, [[7] * 5 + [2] * 5] * 2)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(4, 40), d=st.integers(1, 40), k=st.integers(2, 4), seed=st.integers(0, 999))
def test_ridge_equals_scikit_learn_left_out_rows_too(n, d, k, seed):
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(n, d)) + 5, rng.normal(size=(n, 2))
    X[:, 0] = 2.0
    folds = [test for _, test in KFold(k, shuffle=True, random_state=0).split(X)]
    crossed = cross_predict(X, Y, folds, PENALTIES)
    for number, (penalty, ours) in enumerate(zip(PENALTIES, fit(X, Y, PENALTIES), strict=True)):
        theirs = Ridge(alpha=penalty, solver="svd").fit(X, Y)
        np.testing.assert_allclose(ours.weights, theirs.coef_.T, atol=1e-6)
        np.testing.assert_allclose(ours.intercepts, theirs.intercept_, atol=1e-5)
        for rows in folds:
            refit = Ridge(alpha=penalty, solver="svd").fit(np.delete(X, rows, 0), np.delete(Y, rows, 0))
            np.testing.assert_allclose(crossed[number, rows], refit.predict(X[rows]), atol=1e-5)
