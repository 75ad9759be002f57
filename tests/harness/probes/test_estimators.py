"""The estimators keep scikit-learn's contract, by its own checks, and equal its models."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from harness.probes.least_squares import LeastSquaresProbe
from harness.probes.logistic import LogisticProbe
from harness.probes.ridge import RidgeProbe


@parametrize_with_checks([LeastSquaresProbe(), RidgeProbe(), LogisticProbe()])
def test_contract(estimator, check):
    check(estimator)


def test_regressors_equal_scikit_learn():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(50, 4)), rng.normal(size=(50, 2))
    for ours, theirs in ((LeastSquaresProbe(), LinearRegression()), (RidgeProbe(alpha=2.0), Ridge(alpha=2.0))):
        for y in (Y, Y[:, 0]):
            ours.fit(X, y)
            theirs.fit(X, y)
            np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-10)
            np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-10)


@pytest.mark.parametrize("labels", [["bad", "good"], ["anger", "fear", "joy"]])
def test_the_classifier_equals_scikit_learn(labels):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(90, 5)), np.array(labels)[rng.integers(len(labels), size=90)]
    ours = clone(LogisticProbe(C=2.0)).fit(X, y)
    theirs = LogisticRegression(C=2.0, tol=1e-10, max_iter=5000).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    assert (ours.predict(X) == theirs.predict(X)).all()
    assert ours.convergence_.tolerance == ours.tolerance
    assert ours.convergence_.worst <= ours.tolerance


@pytest.mark.parametrize("parameters", [{"C": 0.0}, {"tolerance": -1.0}])
def test_parameters_are_checked_when_fitting(parameters):
    with pytest.raises(ValueError, match="must be positive"):
        LogisticProbe(**parameters).fit(np.eye(4), [0, 1, 0, 1])
