"""Draws are balanced, nested and repeatable; the curve's probes are scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from harness.probes.few_shot import draw_rows, learning_curve


def test_a_draw_holds_as_many_rows_of_each_class_at_every_size():
    y = np.random.default_rng(0).integers(3, size=100)
    rows = draw_rows(y, 8, np.random.default_rng(1))
    assert len(set(rows.tolist())) == 24
    for size in (1, 4, 8):
        assert np.bincount(y[rows[: 3 * size]]).tolist() == [size] * 3
    np.testing.assert_array_equal(rows, draw_rows(y, 8, np.random.default_rng(1)))
    assert not np.array_equal(rows, draw_rows(y, 8, np.random.default_rng(2)))


def test_a_class_with_too_few_rows_is_named():
    with pytest.raises(ValueError, match="class 1 has 2 rows, fewer than 3"):
        draw_rows(np.array([0, 0, 0, 1, 1]), 3, np.random.default_rng(0))


def test_the_curve_is_scikit_learn_s():
    rng = np.random.default_rng(2)
    y = rng.integers(3, size=200)
    X = np.eye(3)[y] @ rng.normal(size=(3, 6)) + rng.normal(size=(200, 6))
    asked = rng.normal(size=(50, 6))
    draws = [draw_rows(y, 16, np.random.default_rng(seed)) for seed in range(3)]
    predicted = learning_curve(X, y, asked, [4, 16], draws)
    assert predicted.shape == (2, 3, 50)
    for row, size in enumerate((4, 16)):
        for column, rows in enumerate(draws):
            few = rows[: 3 * size]
            model = LogisticRegression(C=1.0, tol=1e-9, max_iter=10_000).fit(X[few], y[few])
            np.testing.assert_array_equal(predicted[row, column], model.predict(asked))
