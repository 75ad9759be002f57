"""The batched solver finds the optimum of every fold and strength that scikit-learn finds one by one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from harness.probes.logistic import binary, cross_validation, first_best, nested_cross_validation
from harness.probes.logistic.newton import newton

STRENGTHS = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]


def task(n, d, seed=0, noise=1.0, share=0.5):
    """Correlated features, one of them constant and one far from zero, as encoders have them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / d**0.5
    score = X @ rng.normal(size=d) / d**0.5 + noise * rng.normal(size=n)
    if d > 3:
        X[:, 1] = 0.7
        X[:, 2] += 40
    return X.astype(np.float32), (score > np.quantile(score, 1 - share)).astype(np.int64)


def reference(X, y, strength):
    model = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    return model.fit(X.astype(np.float64), y)


def decrement(fits, X, y, k):
    """√(gᵀ H⁻¹ g) of a fit, written out; columns are centred so that rounding does not drown the gradient."""
    wide = X.astype(np.float64)
    z = fits.decide(X, k)
    linear = wide @ fits.weights[k]
    np.testing.assert_allclose(z, linear + fits.intercepts[k], atol=1e-6 + 1e-9 * np.abs(linear).max())
    p = 1 / (1 + np.exp(-z))
    rows = np.c_[wide - wide.mean(axis=0), np.ones(len(y))]
    gradient = STRENGTHS[k] * rows.T @ (p - y) + np.r_[fits.weights[k], 0]
    ridge = np.diag(np.r_[np.ones(X.shape[1]), 1e-9])
    hessian = STRENGTHS[k] * (rows.T * (p * (1 - p))) @ rows + ridge
    return np.sqrt(max(gradient @ np.linalg.solve(hessian, gradient), 0))


def splits(y, k):
    """The toolkit's folds: (train rows, held-out rows)."""
    folds = StratifiedKFold(k, shuffle=True, random_state=1111)
    outer = list(folds.split(y[:, None], y))
    return outer, [list(folds.split(y[train][:, None], y[train])) for train, _ in outer]


def nested_reference(X, y, k):
    """The toolkit's loop over scikit-learn (`senteval/tools/validation.py`)."""
    outer, inner = splits(y, k)
    logits, chosen, scores = np.empty(len(y)), [], []
    for (train, test), folds in zip(outer, inner, strict=True):
        table = []
        for strength in STRENGTHS:
            accuracies = [
                reference(X[train][a], y[train][a], strength).score(X[train][b].astype(np.float64), y[train][b])
                for a, b in folds
            ]
            table.append(np.mean(accuracies))
        best = int(np.argmax([round(100 * value, 2) for value in table]))
        chosen.append(STRENGTHS[best])
        scores.append(table)
        logits[test] = reference(X[train], y[train], STRENGTHS[best]).decision_function(X[test].astype(np.float64))
    return logits, tuple(chosen), np.array(scores)


def nested(X, y, k):
    outer, inner = splits(y, k)
    return nested_cross_validation(
        X, y, STRENGTHS, [test for _, test in outer], [[held for _, held in folds] for folds in inner]
    )


@pytest.mark.parametrize(
    ("n", "d", "seed", "share"), [(150, 12, 0, 0.5), (90, 40, 1, 0.5), (60, 80, 2, 0.5), (160, 10, 3, 0.1)]
)
def test_nested_cross_validation_equals_the_loop_over_scikit_learn(n, d, seed, share):
    X, y = task(n, d, seed, share=share)
    ours = nested(X, y, 4)
    logits, chosen, scores = nested_reference(X, y, 4)
    np.testing.assert_allclose(ours.inner, scores, atol=1e-12)
    assert ours.strengths == chosen
    np.testing.assert_array_equal(ours.logits > 0, logits > 0)
    np.testing.assert_allclose(ours.logits, logits, atol=1e-3)
    assert ours.convergence.fits == 4 * 5 * len(STRENGTHS)
    assert ours.convergence.worst <= ours.convergence.tolerance == binary.TOLERANCE


def test_strengths_are_chosen_by_rounded_per_cents_first_best_first():
    assert first_best(np.array([[0.80001], [0.80004], [0.7]])) == 0
    assert first_best(np.array([[0.8000], [0.8002]])) == 1


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(12, 60),
    d=st.integers(1, 40),
    scale=st.floats(-3, 2),
    offset=st.floats(-100, 100),
    seed=st.integers(0, 10_000),
    double=st.booleans(),
)
def test_any_shape_and_scale_ends_at_the_optimum(n, d, scale, offset, seed, double):
    X, y = task(n, d, seed)
    X = ((X + offset) * 10**scale).astype(np.float64 if double else np.float32)
    fits = cross_validation(X, y, STRENGTHS)
    for k in range(len(STRENGTHS)):
        assert decrement(fits, X, y, k) <= 5 * binary.TOLERANCE


def test_held_out_accuracies_of_simple_cross_validation():
    X, y = task(120, 8, 5)
    folds = [test for _, test in splits(y, 5)[0]]
    fits = cross_validation(X, y, STRENGTHS, folds)
    expected = [
        [
            reference(np.delete(X, rows, 0), np.delete(y, rows), strength).score(X[rows].astype(np.float64), y[rows])
            for rows in folds
        ]
        for strength in STRENGTHS
    ]
    np.testing.assert_allclose(fits.accuracies, expected, atol=1e-12)


def test_a_separable_set_goes_through_newton_and_still_ends_at_the_optimum(monkeypatch):
    X, y = task(60, 90, 4)
    X = X * 1000
    calls = []
    monkeypatch.setattr(binary, "newton", lambda *args, **options: calls.append(1) or newton(*args, **options))
    fits = cross_validation(X, y, STRENGTHS, [np.arange(0, 60, 2), np.arange(1, 60, 2)])
    assert calls
    assert fits.convergence.worst <= fits.convergence.tolerance
    for k in range(len(STRENGTHS)):
        assert decrement(fits, X, y, k) <= 5 * binary.TOLERANCE


def test_doubtful_decisions_are_refined():
    X, y = task(400, 10, 6, noise=4)
    loose = 0.3
    outer, inner = splits(y, 4)
    folds = [test for _, test in outer], [[held for _, held in parts] for parts in inner]
    rough = nested_cross_validation(X, y, STRENGTHS, *folds, tolerance=loose)
    exact = nested_cross_validation(X, y, STRENGTHS, *folds, tolerance=1e-9)
    assert rough.convergence.refined > 0
    assert exact.convergence.refined == 0
    np.testing.assert_array_equal(rough.inner, exact.inner)
    np.testing.assert_array_equal(rough.logits > 0, exact.logits > 0)


def test_decisions_on_further_rows_are_certain():
    X, y = task(300, 10, 7, noise=3)
    other = task(4000, 10, 8)[0]
    certain = cross_validation(X, y, STRENGTHS, watched=other, tolerance=0.3)
    exact = cross_validation(X, y, STRENGTHS, tolerance=1e-9)
    assert certain.convergence.refined > 0
    for k in range(len(STRENGTHS)):
        np.testing.assert_array_equal(certain.decide(other, k) > 0, exact.decide(other, k) > 0)


def test_order_of_rows_and_strengths_do_not_matter():
    X, y = task(200, 10, 9)
    order = np.random.default_rng(0).permutation(200)
    one = cross_validation(X, y, STRENGTHS)
    two = cross_validation(X[order], y[order], STRENGTHS[::-1])
    np.testing.assert_allclose(one.weights, two.weights[::-1], atol=1e-4)


def test_a_large_float64_copy_is_made_in_chunks_with_the_same_result(monkeypatch):
    from harness.probes.logistic import features

    X, y = task(500, 20, 10)
    whole = cross_validation(X, y, STRENGTHS)
    monkeypatch.setattr(features, "_KEPT", 2**60)
    monkeypatch.setattr(features, "_CHUNK_ROWS", 64)
    parts = cross_validation(X, y, STRENGTHS)
    np.testing.assert_allclose(parts.weights, whole.weights, atol=1e-6)


def test_tensors_arrays_and_odd_layouts_are_the_same():
    X, y = task(100, 6, 11)
    whole = cross_validation(X, y, [1.0])
    for form in (torch.from_numpy(X), np.asfortranarray(X), X[::-1][::-1], X.astype(">f4")):
        np.testing.assert_array_equal(cross_validation(form, y, [1.0]).weights, whole.weights)
    np.testing.assert_allclose(cross_validation(X.astype(np.float64), y, [1.0]).weights, whole.weights, atol=1e-5)


def test_constant_vectors_predict_the_majority():
    y = np.array([0, 1, 1] * 20)
    result = nested(np.full((60, 5), 0.3, dtype=np.float32), y, 3)
    assert (result.logits > 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X[:-1], y), "19 rows but y has 20"),
        (lambda X, y: (X, y + 1), "labels 0 and 1"),
        (lambda X, y: (X, y * 0), "labels 0 and 1"),
        (lambda X, y: (X * np.nan, y), "NaN"),
        (lambda X, y: (X[:, :0], y), "one column"),
        (lambda X, y: (X[:, 0], y), "matrix"),
    ],
)
def test_wrong_input_is_named(change, message):
    X, y = change(np.eye(20, 3, dtype=np.float32), np.arange(20) % 2)
    with pytest.raises(ValueError, match=message):
        cross_validation(X, y, STRENGTHS)


def test_wrong_folds_are_named():
    X, y = task(30, 3)
    half = np.arange(15)
    with pytest.raises(ValueError, match="each of the 30 rows exactly once"):
        cross_validation(X, y, STRENGTHS, [half, half])
    with pytest.raises(ValueError, match="at least two folds"):
        cross_validation(X, y, STRENGTHS, [np.arange(30)])
    sorted_y = np.sort(y)
    with pytest.raises(ValueError, match="without fold 0 all rows have the same label"):
        cross_validation(X, sorted_y, STRENGTHS, [np.flatnonzero(sorted_y == 0), np.flatnonzero(sorted_y == 1)])
    with pytest.raises(ValueError, match="2 outer folds but inner folds for 1"):
        nested_cross_validation(X, y, STRENGTHS, [half, half + 15], [[half[:7], half[7:]]])
