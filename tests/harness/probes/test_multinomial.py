"""Multinomial fits equal scikit-learn's at its tightest tolerance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from harness import memory
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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_watched_decisions_are_those_of_the_optimum(dtype):
    X, y = task(900, 30, 6)
    X = X.astype(dtype)
    watched = task(3000, 30, 6, seed=1)[0].astype(dtype) / 3
    exact = multinomial(X, y, 6, STRENGTHS, tolerance=1e-9)
    quick = multinomial(X, y, 6, STRENGTHS, watched)
    for k in range(len(STRENGTHS)):
        np.testing.assert_array_equal(quick.decide(watched, k).argmax(1), exact.decide(watched, k).argmax(1))
    # Some of 12,000 decisions are close: where the rough fit is not enough it was taken further.
    assert 0 < quick.convergence.refined <= len(STRENGTHS)
    assert exact.convergence.worst < quick.convergence.worst <= quick.convergence.tolerance


def test_watched_decisions_do_not_depend_on_blocks(monkeypatch):
    X, y = task(400, 12, 4)
    watched = task(700, 12, 4, seed=1)[0]
    whole = multinomial(X, y, 4, STRENGTHS, watched)
    monkeypatch.setattr(memory, "_limit", memory._Limit(64 * 1024))
    blocks = multinomial(X, y, 4, STRENGTHS, watched)
    for k in range(len(STRENGTHS)):
        np.testing.assert_array_equal(blocks.decide(watched, k).argmax(1), whole.decide(watched, k).argmax(1))


def test_a_tie_that_no_precision_decides_ends():
    X, y = task(200, 5, 2)
    X[:, 0] = 0
    tied = np.zeros((1, 5), dtype=np.float32)
    fit = multinomial(np.concatenate([X, -X]), np.concatenate([y, 1 - y]), 2, [1.0], tied)
    assert fit.convergence.worst <= 1e-7
    assert abs(np.diff(fit.decide(tied, 0))).max() < 1e-6


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(8, 50),
    d=st.integers(1, 20),
    classes=st.integers(2, 6),
    scale=st.floats(-2, 2),
    seed=st.integers(0, 10_000),
)
def test_any_shape_decides_its_own_rows_as_the_optimum_does(n, d, classes, scale, seed):
    X, y = task(n, d, classes, seed)
    X = (X * 10**scale).astype(np.float32)
    exact = multinomial(X, y, classes, STRENGTHS, tolerance=1e-9)
    quick = multinomial(X, y, classes, STRENGTHS, X)
    for k in range(len(STRENGTHS)):
        logits = exact.decide(X, k)
        first, second = np.sort(logits, axis=1)[:, :-3:-1].T
        certain = first - second > 1e-6 * np.abs(logits).max()
        np.testing.assert_array_equal(quick.decide(X, k).argmax(1)[certain], logits.argmax(1)[certain])


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
