"""Multinomial fits equal scikit-learn's at its tightest tolerance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from harness.probes.logistic import multinomial

STRENGTHS = [2.0**power for power in (-4, -1, 2, 6)]


def task(n, d, classes, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / d**0.5 + rng.normal(size=d)
    logits = X @ rng.normal(size=(d, classes)) + rng.gumbel(size=(n, classes)) * 2 - np.arange(classes)
    y = logits.argmax(axis=1)
    y[:classes] = np.arange(classes)
    return X.astype(np.float32), y


@pytest.mark.parametrize(("n", "d", "classes"), [(300, 10, 5), (120, 60, 3), (60, 80, 7)])
def test_fits_equal_scikit_learn(n, d, classes):
    X, y = task(n, d, classes)
    X[:, 0] = 1.5
    fits = multinomial(X, y, classes, STRENGTHS)
    assert fits.convergence.worst <= fits.convergence.tolerance
    wide = X.astype(np.float64)
    for k, strength in enumerate(STRENGTHS):
        theirs = LogisticRegression(C=strength, solver="newton-cg", tol=1e-10, max_iter=5000).fit(wide, y)
        logits = fits.decide(X, k)
        expected = theirs.decision_function(wide)
        np.testing.assert_allclose(logits - logits.mean(1, keepdims=True), expected, atol=2e-4)
        np.testing.assert_array_equal(logits.argmax(axis=1), theirs.predict(wide))


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(8, 50),
    d=st.integers(1, 20),
    classes=st.integers(2, 6),
    scale=st.floats(-2, 2),
    seed=st.integers(0, 10_000),
)
def test_any_shape_ends_where_the_gradient_vanishes(n, d, classes, scale, seed):
    X, y = task(n, d, classes, seed)
    X = (X * 10**scale).astype(np.float32)
    fits = multinomial(X, y, classes, STRENGTHS)
    wide = X.astype(np.float64)
    for k, strength in enumerate(STRENGTHS):
        z = wide @ fits.weights[k].T + fits.intercepts[k]
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        residual = p - np.eye(classes)[y]
        gradient = strength * (wide - wide.mean(axis=0)).T @ residual + fits.weights[k].T
        assert np.abs(gradient).max() <= 1e-4 * max(1.0, strength * np.abs(wide).max() * n)
        assert np.abs(strength * residual.sum(axis=0)).max() <= 1e-3 * max(1.0, strength)


def test_a_class_without_rows_is_never_predicted():
    X, y = task(80, 4, 3)
    three = multinomial(X, y, 3, [1.0])
    four = multinomial(X, np.where(y == 2, 3, y), 4, [1.0])
    logits = four.decide(X, 0)
    assert (logits[:, 2] == -np.inf).all()
    np.testing.assert_allclose(logits[:, [0, 1, 3]], three.decide(X, 0), atol=1e-4)


def test_constant_vectors_give_the_class_frequencies():
    y = np.repeat([0, 1, 2], [10, 20, 30])
    fits = multinomial(np.zeros((60, 3), dtype=np.float32), y, 3, [1.0])
    p = np.exp(fits.intercepts[0])
    np.testing.assert_allclose(p / p.sum(), [1 / 6, 1 / 3, 1 / 2], atol=1e-6)


@pytest.mark.parametrize(
    ("y", "message"),
    [([0, 1, 3], "classes 0 to 2"), ([0, -1, 1], "classes 0 to 2"), ([1, 1, 1], "at least two"), ([0, 1], "3 rows")],
)
def test_wrong_labels_are_named(y, message):
    with pytest.raises(ValueError, match=message):
        multinomial(np.eye(3), np.array(y), 3, [1.0])
