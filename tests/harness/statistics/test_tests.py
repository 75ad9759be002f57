"""Tests between models agree with scipy, statsmodels and closed forms; the same models differ by 0 with p = 1."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.multitest import multipletests

from harness.statistics.bootstrap import (
    bca,
    bca_p,
    percentile,
    percentile_p,
    sampling_error,
    seed_interval,
    seed_p,
    standard_error,
)
from harness.statistics.differences import (
    Contestant,
    difference,
    holm,
    mcnemar,
    williams,
)
from harness.statistics.scores import Scored


def normal(metric="pearson", noise=1.0, seed=0, n=200, groups=None):
    gold = np.random.default_rng(1).normal(size=n)
    return Scored(metric, gold, gold + noise * np.random.default_rng(seed + 100).normal(size=n), groups)


def labels(metric="accuracy", right=0.7, seed=0, n=300):
    gold = np.random.default_rng(1).integers(3, size=n)
    rng = np.random.default_rng(seed + 100)
    return Scored(metric, gold, np.where(rng.random(n) < right, gold, rng.integers(3, size=n)), classes=3)


def of(*scores):
    return Contestant(tuple(score.value for score in scores), scores)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_agrees_with_statsmodels(rows):
    first, second = np.array(rows, dtype=bool).T
    table = [[sum((first == a) & (second == b)) for b in (True, False)] for a in (True, False)]
    assert mcnemar(first, second) == pytest.approx(min(1.0, their_mcnemar(table, exact=True).pvalue))


@pytest.mark.parametrize("values", [[0.01, 0.04, 0.03, 0.9, 0.01, 0.0], [0.2], [0.6, 0.5, 1.0]])
def test_holm_agrees_with_statsmodels(values):
    assert holm(values) == pytest.approx(multipletests(values, method="holm")[1])


def test_williams_gives_the_published_example():
    # Steiger (1980), case A as computed by the `psych` package of R: n = 103, r = .4 and .5, .1 between: t = .89.
    statistic, p = williams(0.4, 0.5, 0.1, 103)
    assert statistic == pytest.approx(0.89, abs=0.005)
    assert p == pytest.approx(2 * stats.t.sf(statistic, 100))


@pytest.mark.parametrize(
    "score",
    [
        labels(),
        labels("macro.f1"),
        normal(),
        normal("mae"),
        normal("spearman"),
        normal(groups=np.arange(200) // 5),
        Scored("pearson", np.arange(9.0), np.zeros(9)),
    ],
)
def test_the_same_model_differs_by_nothing_with_p_one(score):
    found = difference(of(score), of(score))
    assert found[:4] == (0.0, 0.0, 0.0, 1.0)
    assert found.low <= 0 <= found.high


@pytest.mark.parametrize(
    ("good", "bad", "test"),
    [
        (labels(right=0.8), labels(right=0.4, seed=1), "McNemar, exact"),
        (labels("macro.f1", right=0.8), labels("macro.f1", right=0.4, seed=1), "paired bootstrap (BCa)"),
        (normal(), normal(noise=3.0, seed=1), "Williams"),
        (normal("mae", noise=3.0), normal("mae", seed=1), "paired bootstrap"),
        (
            normal(groups=np.arange(200) // 4),
            normal(noise=3.0, seed=1, groups=np.arange(200) // 4),
            "paired bootstrap, by document",
        ),
    ],
)
def test_a_much_noisier_model_is_told_apart(good, bad, test):
    found = difference(of(bad), of(good))
    assert found.test == test
    assert not found.low <= 0 <= found.high
    assert found.p < 0.01
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(good.value - bad.value)
    back = difference(of(good), of(bad))
    assert back.value == -found.value
    # The middle 95 % of 1,000 draws mirrors to the last digit; BCa and the exact tests do so too.
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low), abs=1e-9)
    assert back.p == pytest.approx(found.p)


def test_paired_bootstrap_agrees_with_scipy():
    one, two = normal("mae"), normal("mae", noise=1.15, seed=1)
    ours = difference(of(one), of(two))
    errors = np.abs(two.gold - two.predicted) - np.abs(one.gold - one.predicted)
    theirs = stats.bootstrap((errors,), np.mean, n_resamples=4000, method="percentile", rng=3).confidence_interval
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.1 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.1 * width)


def test_p_values_belong_to_their_intervals():
    """At the level where the interval touches zero the p-value is the tail outside."""
    rng = np.random.default_rng(4)
    without = rng.normal(size=40) ** 2
    for centre in (0.5, 1.5, 2.5):
        draws = centre + rng.gamma(2.0, size=4000) - 2.0
        for p, ends in (
            (percentile_p(draws), lambda level, d=draws: percentile(d, level)),
            (
                bca_p(centre, draws, without),
                lambda level, d=draws, c=centre: bca(c, d, without, level),
            ),
        ):
            slack = 0.01
            low, high = ends(1 - min(p + slack, 0.999))
            assert not low <= 0 <= high
            if p > slack + 0.001:
                low, high = ends(1 - (p - slack))
                assert low <= 0 <= high


def test_seeds_widen_the_interval_by_the_formula():
    values = [0.50, 0.56, 0.53]
    error = standard_error(values)
    assert error == pytest.approx(stats.sem(values))
    sampling = sampling_error(0.45, 0.55)
    assert sampling == pytest.approx(0.05 / stats.norm.ppf(0.975))
    low, high = seed_interval(0.53, sampling, [(error, 2)])
    freedom = (sampling**2 + error**2) ** 2 / (error**4 / 2)
    half = stats.t.ppf(0.975, freedom) * math.hypot(sampling, error)
    assert (low, high) == pytest.approx((0.53 - half, 0.53 + half))


def test_without_sampling_error_two_samples_of_seeds_are_welchs_test():
    one, two = [0.70, 0.72, 0.69, 0.73], [0.74, 0.78, 0.75]
    parts = [(standard_error(values), len(values) - 1) for values in (one, two)]
    welch = stats.ttest_ind(two, one, equal_var=False)
    value = np.mean(two) - np.mean(one)
    assert seed_p(value, 0.0, parts) == pytest.approx(welch.pvalue)
    interval = welch.confidence_interval(0.95)
    assert seed_interval(value, 0.0, parts) == pytest.approx((interval.low, interval.high))


def test_a_difference_over_seeds_counts_both_sources():
    first = [normal(noise=1.0, seed=s) for s in range(3)]
    second = [normal(noise=1.0, seed=s) for s in range(3, 6)]
    found = difference(of(*first), of(*second))
    assert found.test == "paired bootstrap and seeds"
    assert found.value == pytest.approx(np.mean([s.value for s in second]) - np.mean([s.value for s in first]))
    spread = math.sqrt(sum(stats.sem([s.value for s in side]) ** 2 for side in (first, second)))
    draws = np.mean([s.draws() for s in second], axis=0) - np.mean([s.draws() for s in first], axis=0)
    assert found.high - found.low > 2 * 1.96 * math.hypot(spread, draws.std()) * 0.999
    assert difference(of(*first), of(*first))[:1] == (0.0,)
