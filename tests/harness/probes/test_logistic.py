"""The batched solver finds the optimum of every fold and C that scikit-learn finds one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from harness.errors import NotConverged
from harness.probes import logistic as module
from harness.probes.logistic import REFUSED, TOLERANCE, cross_validate, logistic, nested_cross_validation

C_GRID = [0.25, 1.0, 8.0]


def task(n, d, classes=2, seed=0, noise=1.0):
    """Correlated features, one of them constant and one far from zero, as encoders have them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / d**0.5
    logits = X @ rng.normal(size=(d, classes)) + noise * rng.gumbel(size=(n, classes)) - np.arange(classes) / 2
    y = logits.argmax(axis=1)
    y[: 2 * classes] = np.repeat(np.arange(classes), 2)
    if d > 3:
        X[:, 1] = 0.7
        X[:, 2] += 40
    return X.astype(np.float32), y


def reference(X, y, C):
    return LogisticRegression(C=C, solver="newton-cholesky", tol=1e-10, max_iter=1000).fit(X.astype(float), y)


def splits(y, k):
    """The toolkit's folds: (train rows, held-out rows)."""
    folds = StratifiedKFold(k, shuffle=True, random_state=1111)
    outer = list(folds.split(y, y))
    return outer, [list(folds.split(train, y[train])) for train, _ in outer]


@pytest.mark.parametrize(("n", "d", "classes"), [(150, 12, 2), (60, 80, 2), (300, 10, 5), (60, 80, 7)])
def test_fits_equal_scikit_learn_s(n, d, classes):
    X, y = task(n, d, classes)
    fits = logistic(X, y, classes, C_GRID)
    assert fits.convergence.worst <= fits.convergence.tolerance == TOLERANCE
    for place, C in enumerate(C_GRID):
        theirs = reference(X, y, C)
        logits = fits.decide(X, place)
        ours = logits[:, 1] if classes == 2 else logits - logits.mean(1, keepdims=True)
        np.testing.assert_allclose(ours, theirs.decision_function(X.astype(float)), atol=1e-3)
        np.testing.assert_array_equal(logits.argmax(axis=1), theirs.predict(X.astype(float)))


def test_two_weight_vectors_have_half_the_penalty_of_one():
    X, y = task(100, 6)
    np.testing.assert_allclose(
        np.diff(logistic(X, y, 2, [1.0], softmax=True).decide(X, 0), axis=1),
        np.diff(logistic(X, y, 2, [2.0]).decide(X, 0), axis=1),
        atol=1e-5,
    )


@pytest.mark.parametrize(("n", "d", "classes"), [(150, 12, 2), (90, 40, 2), (120, 10, 4)])
def test_nested_cross_validation_equals_the_loop_over_scikit_learn(n, d, classes):
    X, y = task(n, d, classes, seed=1)
    outer, inner = splits(y, 3)
    ours = nested_cross_validation(
        X, y, classes, C_GRID, [test for _, test in outer], [[held for _, held in folds] for folds in inner]
    )
    for number, ((train, test), folds) in enumerate(zip(outer, inner, strict=True)):
        means = [
            np.mean(
                [reference(X[train][a], y[train][a], C).score(X[train][b].astype(float), y[train][b]) for a, b in folds]
            )
            for C in C_GRID
        ]
        best = C_GRID[int(np.argmax([round(100 * mean, 2) for mean in means]))]
        assert ours.C[number] == best
        expected = reference(X[train], y[train], best).predict(X[test].astype(float))
        np.testing.assert_array_equal(ours.predicted[test], expected)
    assert ours.convergence.fits == 3 * 4 * len(C_GRID)
    assert ours.convergence.worst <= TOLERANCE


def test_held_out_predictions_of_simple_cross_validation(monkeypatch):
    X, y = task(120, 8, 2, seed=5)
    folds = [test for _, test in splits(y, 5)[0]]
    crossed = cross_validate(X, y, 2, C_GRID, folds)
    for place, C in enumerate(C_GRID):
        for rows in folds:
            expected = reference(np.delete(X, rows, 0), np.delete(y, rows), C).predict(X[rows].astype(float))
            np.testing.assert_array_equal(crossed[place, rows], expected)
    monkeypatch.setattr(module, "_BATCH", 1)
    np.testing.assert_array_equal(cross_validate(X, y, 2, C_GRID, folds), crossed)


@settings(max_examples=12, deadline=None)
@given(
    n=st.integers(12, 60),
    d=st.integers(1, 40),
    classes=st.integers(2, 5),
    scale=st.floats(-3, 2),
    offset=st.floats(-100, 100),
    seed=st.integers(0, 10_000),
)
def test_any_shape_and_scale_ends_where_the_gradient_vanishes(n, d, classes, scale, offset, seed):
    X, y = task(n, d, classes, seed)
    X = ((X + offset) * 10**scale).astype(np.float64)
    fits = logistic(X, y, classes, C_GRID, softmax=True)
    for place, C in enumerate(C_GRID):
        z = fits.decide(X, place)
        p = np.exp(z - z.max(axis=1, keepdims=True))
        residual = p / p.sum(axis=1, keepdims=True) - np.eye(classes)[y]
        gradient = C * (X - X.mean(axis=0)).T @ residual + fits.weights[place].T
        assert np.abs(gradient).max() <= 1e-4 * max(1.0, C * np.abs(X).max() * n)


# One row or many out of scale, as outlier encoders give them: solved, or refused with the cause, in bounded time.
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("rows", ["one", "many"])
def test_rows_out_of_scale_are_solved_or_refused(rows, classes):
    X, y = task(80, 12, classes)
    factors = 10.0 ** (2 * np.random.default_rng(0).standard_t(1.5, size=80).clip(-5, 5))
    if rows == "one":
        factors[:] = np.eye(80)[7] * 1e8 + 1
    X = (X * factors[:, None]).astype(np.float32)
    try:
        fits = logistic(X, y, classes, [1.0])
    except NotConverged as error:
        assert "did not converge at C = 1" in str(error)
        assert "times the median length" in str(error)
        return
    assert fits.convergence.worst <= REFUSED
    assert fits.convergence.missed == (fits.convergence.worst > TOLERANCE)
    assert np.isfinite(fits.weights).all()


def test_a_fit_that_misses_the_tolerance_is_refused(monkeypatch):
    X, y = task(100, 10)
    monkeypatch.setattr(module, "_ITERATIONS", 1)
    monkeypatch.setattr(module, "_ROUNDS", 1)
    monkeypatch.setattr(module._Path, "without", None)  # no fold is tried after that
    with pytest.raises(NotConverged, match="Newton decrement"):
        cross_validate(X, y, 2, C_GRID, [np.arange(10)])
    with pytest.raises(NotConverged, match="Newton decrement"):
        logistic(X, y, 2, C_GRID)


def test_a_class_without_rows_is_never_predicted_and_constant_vectors_give_the_frequencies():
    X, y = task(80, 4, 3)
    logits = logistic(X, np.where(y == 2, 3, y), 4, [1.0]).decide(X, 0)
    assert (logits[:, 2] == -np.inf).all()
    np.testing.assert_allclose(
        np.diff(logits[:, [0, 1, 3]], axis=1), np.diff(logistic(X, y, 3, [1.0]).decide(X, 0), axis=1), atol=1e-4
    )
    p = np.exp(logistic(np.zeros((60, 3), np.float32), np.repeat([0, 1, 2], [10, 20, 30]), 3, [1.0]).intercepts[0])
    np.testing.assert_allclose(p / p.sum(), [1 / 6, 1 / 3, 1 / 2], atol=1e-6)
