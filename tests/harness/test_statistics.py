"""Intervals agree with scipy's bootstrap, are paired, reproducible, and cover what they promise."""

import numpy as np
import pytest
from scipy import stats

from harness import statistics


def sample(n, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    gold = rng.normal(size=n)
    return gold, gold + noise * rng.normal(size=n)


@pytest.mark.parametrize("name", ["pearson", "spearman", "mae"])
def test_intervals_agree_with_scipy(name):
    gold, predicted = sample(300)
    functions = {
        "pearson": lambda g, p: stats.pearsonr(g, p).statistic,
        "spearman": lambda g, p: stats.spearmanr(g, p).statistic,
        "mae": lambda g, p: np.abs(g - p).mean(),
    }
    theirs = stats.bootstrap(
        (gold, predicted), functions[name], paired=True, vectorized=False, n_resamples=2000, method="percentile", rng=1
    ).confidence_interval
    ours = statistics.regression_metrics(gold, predicted)[name]
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.12 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.12 * width)
    assert ours.low < ours.value < ours.high


def test_the_accuracy_interval_is_the_binomial_one():
    rng = np.random.default_rng(2)
    gold = rng.integers(2, size=2000)
    predicted = np.where(rng.random(2000) < 0.8, gold, 1 - gold)
    ours = statistics.classification_metrics(gold, predicted, 2)["accuracy"]
    half = 1.96 * np.sqrt(ours.value * (1 - ours.value) / 2000)
    assert ours.value - ours.low == pytest.approx(half, rel=0.12)
    assert ours.high - ours.value == pytest.approx(half, rel=0.12)


def test_resamples_are_shared_by_all_models_and_repeat_exactly():
    first = statistics.resamples(50).copy()
    statistics.resamples.cache_clear()
    np.testing.assert_array_equal(first, statistics.resamples(50))
    assert (first.sum(axis=1) == 50).all()
    with pytest.raises(ValueError, match="read-only"):
        statistics.resamples(50)[0, 0] = 1


def test_blocks_do_not_change_the_resamples(monkeypatch):
    whole = np.concatenate(list(statistics.weightings(40, draws=30)))
    monkeypatch.setattr(statistics, "_BLOCK", 90)
    parts = list(statistics.weightings(40, draws=30))
    assert len(parts) > 1
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_documents_are_resampled_whole_and_widen_the_interval():
    rng = np.random.default_rng(5)
    effect = rng.normal(size=20)
    groups = [f"d{i // 30}" for i in range(600)]
    gold = np.repeat(effect, 30) + 0.2 * rng.normal(size=600)
    predicted = gold + np.repeat(rng.normal(size=20), 30)
    weights = next(statistics.weightings(600, groups))
    assert (weights.reshape(len(weights), 20, 30) == weights.reshape(len(weights), 20, 30)[:, :, :1]).all()
    by_row = statistics.regression_metrics(gold, predicted)["pearson"]
    by_document = statistics.regression_metrics(gold, predicted, groups)["pearson"]
    assert by_document.high - by_document.low > 1.5 * (by_row.high - by_row.low)
    assert by_document.value == by_row.value


def test_the_intervals_cover_the_truth_about_as_often_as_they_say():
    truth = 1 / np.sqrt(2)  # r of x and x + noise of equal variance
    inside = 0
    for seed in range(120):
        gold, predicted = sample(120, seed)
        interval = statistics.regression_metrics(gold, predicted)["pearson"]
        inside += interval.low <= truth <= interval.high
    assert 105 <= inside <= 120
