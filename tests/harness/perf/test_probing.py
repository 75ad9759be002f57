"""The measured peer is the official protocol: solved tightly it decides as ours does, row by row."""

from itertools import chain

import numpy as np
import pytest

from harness.perf.probing import STRENGTHS, Folds, _decided, _ours, official


@pytest.fixture
def labelled():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 12)).astype(np.float32)
    return X, (X[:, :3].sum(axis=1) + 2 * rng.normal(size=150) > 0).astype(np.int64)


def test_folds_are_those_of_the_task(labelled):
    from harness.tasks.senteval import nested_folds

    _, y = labelled
    folds = Folds.of(y, 10)
    outer, inner = nested_folds(y)
    for ours, theirs in zip(chain(folds.outer, *folds.inner), chain(outer, *inner), strict=True):
        assert np.array_equal(ours, theirs)


def test_the_grid_is_that_of_the_task():
    from harness.tasks.senteval import STRENGTHS as OURS

    assert STRENGTHS == OURS


def test_every_prediction_is_scikit_learn_s_at_a_tight_tolerance(labelled):
    X, y = labelled
    folds = Folds.of(y, 3)
    assert np.array_equal(_decided(_ours(X, y, folds)), official(X, y, folds, tolerance=1e-8))


def test_at_its_defaults_it_is_the_loop_of_the_toolkit(labelled):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    X, y = labelled
    splitter = StratifiedKFold(3, shuffle=True, random_state=1111)
    expected = np.empty_like(y)
    for train, test in splitter.split(X, y):
        means = []
        for strength in STRENGTHS:
            scores = [
                LogisticRegression(C=strength).fit(X[train[a]], y[train[a]]).score(X[train[b]], y[train[b]])
                for a, b in splitter.split(X[train], y[train])
            ]
            means.append(round(100 * np.mean(scores), 2))
        best = STRENGTHS[int(np.argmax(means))]
        expected[test] = LogisticRegression(C=best).fit(X[train], y[train]).predict(X[test])
    assert np.array_equal(official(X, y, Folds.of(y, 3)), expected)
