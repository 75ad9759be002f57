"""Ridge paths equal scikit-learn's Ridge at each penalty."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold

from harness.probes.ridge import ridge_cross_fit, ridge_path

PENALTIES = (1e-3, 1.0, 100.0)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(4, 40), d=st.integers(1, 40), k=st.integers(2, 4), seed=st.integers(0, 999))
def test_paths_and_left_out_predictions_equal_scikit_learn(n, d, k, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 5
    X[:, 0] = 2.0
    Y = rng.normal(size=(n, 2))
    path = ridge_path(X, Y, PENALTIES)
    folds = [test for _, test in KFold(k, shuffle=True, random_state=0).split(X)]
    crossed = ridge_cross_fit(X, Y, PENALTIES, folds)
    for number, penalty in enumerate(PENALTIES):
        theirs = Ridge(alpha=penalty, solver="svd").fit(X, Y)
        np.testing.assert_allclose(path.weights[number], theirs.coef_.T, atol=1e-6)
        np.testing.assert_allclose(path.intercepts[number], theirs.intercept_, atol=1e-5)
        for rows in folds:
            refit = Ridge(alpha=penalty, solver="svd").fit(np.delete(X, rows, 0), np.delete(Y, rows, 0))
            np.testing.assert_allclose(crossed[number, rows], refit.predict(X[rows]), atol=1e-5)


def test_a_vanishing_penalty_is_refitted_where_the_shortcut_would_divide_by_zero():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(12, 30)), rng.normal(size=12)
    folds = [np.arange(6), np.arange(6, 12)]
    crossed = ridge_cross_fit(X, Y, [1e-11], folds)
    refit = Ridge(alpha=1e-11, solver="svd").fit(X[6:], Y[6:])
    np.testing.assert_allclose(crossed[0, :6, 0], refit.predict(X[:6]), atol=1e-6)


@pytest.mark.parametrize("penalty", [0.0, -1.0, np.inf, np.nan])
def test_a_penalty_must_be_positive(penalty):
    with pytest.raises(ValueError, match="positive"):
        ridge_path(np.eye(3), np.ones(3), [penalty])
