"""Proper scores equal scikit-learn's; the calibration error is 0 for honest and large for boastful probabilities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from harness.probes.calibration import (
    brier_scores,
    expected_calibration_error,
    log_losses,
    probabilities,
    reliability,
)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_scores_equal_scikit_learn(seed, classes):
    rng = np.random.default_rng(seed)
    logits, gold = (
        3 * rng.normal(size=(40, classes)),
        np.r_[np.arange(classes), rng.integers(classes, size=40 - classes)],
    )
    shares = probabilities(logits)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert log_losses(logits, gold).mean() == pytest.approx(log_loss(gold, shares))
    if classes == 2:
        # Two classes count twice in the squared distance.
        assert brier_scores(shares, gold).mean() == pytest.approx(2 * brier_score_loss(gold, shares[:, 1]))


def test_a_probability_of_zero_has_a_finite_loss():
    loss = log_losses(np.array([[0.0, 2000.0]]), np.array([0]))
    assert loss.tolist() == [2000.0]


def test_honest_probabilities_are_calibrated_and_boastful_ones_are_not():
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1.0, size=60_000)
    gold = (rng.uniform(size=len(sure)) < sure).astype(int)
    shares = np.stack([1 - sure, sure], axis=1)
    assert expected_calibration_error(shares, gold) < 0.01
    boast = np.tile([0.0, 1.0], (len(gold), 1))
    assert expected_calibration_error(boast, gold) == pytest.approx(1 - gold.mean())


def test_bins_hold_equally_many_rows_in_the_order_of_certainty():
    shares = probabilities(np.random.default_rng(1).normal(size=(100, 3)))
    curve = reliability(shares, shares.argmax(axis=1), bins=8)
    assert curve.shape == (8, 3)
    assert set((curve[:, 0] * 100).round().astype(int).tolist()) == {12, 13}
    assert np.all(np.diff(curve[:, 1]) > 0)
    assert curve[:, 2].tolist() == [1.0] * 8
    assert len(reliability(shares[:3], np.zeros(3, dtype=int))) == 3
