"""Tests between models agree with scipy, statsmodels and closed forms; the same models differ by 0 with p = 1."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.multitest import multipletests

from harness.statistics import (
    Contestant,
    Difference,
    Pair,
    Scored,
    all_pairs,
    bca,
    bca_p,
    difference,
    holm,
    mcnemar,
    percentile,
    percentile_p,
    rank_ranges,
    sampling_error,
    seed_interval,
    seed_p,
    standard_error,
    williams,
)


def normal(metric="pearson", noise=1.0, seed=0, n=200, groups=None):
    gold = np.random.default_rng(1).normal(size=n)
    return Scored(metric, gold, gold + noise * np.random.default_rng(seed + 100).normal(size=n), groups)


def labels(metric="accuracy", right=0.7, seed=0, n=300):
    gold = np.random.default_rng(1).integers(3, size=n)
    rng = np.random.default_rng(seed + 100)
    return Scored(metric, gold, np.where(rng.random(n) < right, gold, rng.integers(3, size=n)), classes=3)


def of(*scores):
    return Contestant(float(np.mean([score.value for score in scores])), scores)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_agrees_with_statsmodels(rows):
    first, second = np.array(rows, dtype=bool).T
    table = [[sum((first == a) & (second == b)) for b in (True, False)] for a in (True, False)]
    assert mcnemar(first, second) == pytest.approx(min(1.0, their_mcnemar(table, exact=True).pvalue))


@pytest.mark.parametrize("values", [[0.01, 0.04, 0.03, 0.9, 0.01, 0.0], [0.2], [0.6, 0.5, 1.0]])
def test_holm_agrees_with_statsmodels(values):
    assert holm(values) == pytest.approx(multipletests(values, method="holm")[1])


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_lowers_nothing(values):
    adjusted = holm(values)
    assert all(p <= q <= 1 for p, q in zip(values, adjusted, strict=True))
    assert [q for _, q in sorted(zip(values, adjusted, strict=True))] == sorted(adjusted)


def test_holm_of_nothing_is_nothing():
    assert holm([]) == []


def test_williams_gives_the_published_example():
    # Steiger (1980), case A as computed by the `psych` package of R: n = 103, r = .4 and .5, .1 between: t = .89.
    found = williams(0.4, 0.5, 0.1, 103)
    assert found.statistic == pytest.approx(0.89, abs=0.005)
    assert found.p == pytest.approx(2 * stats.t.sf(found.statistic, 100))


def simulated(seed, n=60):
    """Predictions of two equally good models whose errors hang together."""
    rng = np.random.default_rng(seed)
    gold, shared, one, two = rng.normal(size=(4, n))
    return np.corrcoef([gold, gold + shared + one, gold + shared + two]), n


@pytest.mark.parametrize("test", [williams])
def test_p_values_of_equal_correlations_are_uniform(test):
    found = []
    for seed in range(600):
        r, n = simulated(seed)
        found.append(test(r[0, 1], r[0, 2], r[1, 2], n).p)
    assert stats.kstest(found, "uniform").pvalue > 0.01


@given(st.floats(-0.99, 0.99), st.integers(4, 1000))
def test_equal_predictions_are_not_told_apart(r, n):
    assert williams(r, r, 1.0, n) == (0.0, 1.0)


@pytest.mark.parametrize("test", [williams])
def test_the_order_of_the_models_changes_the_sign_alone(test):
    one, two = test(0.3, 0.45, 0.6, 80), test(0.45, 0.3, 0.6, 80)
    assert one.statistic == pytest.approx(-two.statistic)
    assert one.p == pytest.approx(two.p)
    assert one.statistic > 0
    assert test(0.3, 0.45, 0.6, 3) == (0.0, 1.0), "three rows say nothing"


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
    assert not found.separated


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
    assert found.separated
    assert found.p < 0.01
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(good.value - bad.value)
    back = difference(of(good), of(bad))
    assert back.value == -found.value
    # The middle 95 % of 1,000 draws mirrors to the last digit; BCa and the exact tests do so too.
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low), abs=1e-9)
    assert back.p == pytest.approx(found.p)


def test_pairing_takes_out_what_both_share():
    rng = np.random.default_rng(0)
    gold, shared = rng.normal(size=(2, 300))
    one, two = (Scored("pearson", gold, gold + shared + 0.1 * rng.normal(size=300)) for _ in range(2))
    alone = one.interval_of(one.value, one.draws())
    together = difference(of(one), of(two))
    assert together.high - together.low < 0.3 * (alone.high - alone.low)


def test_the_interval_moves_along_with_the_recorded_number():
    one, two = labels(), labels(seed=1)
    plain = difference(of(one), of(two))
    rounded = difference(Contestant(one.value, (one,)), Contestant(two.value + 5e-5, (two,)))
    assert rounded.low - plain.low == pytest.approx(5e-5)
    assert rounded.value - plain.value == pytest.approx(5e-5)


def test_other_rows_or_metrics_are_refused():
    with pytest.raises(ValueError, match="same rows"):
        difference(of(normal(n=50)), of(normal(n=60)))
    with pytest.raises(ValueError, match="same rows"):
        difference(of(normal()), of(normal("mae")))


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
            assert ends(1 - min(p + slack, 0.999)).excludes(0)
            if p > slack + 0.001:
                assert not ends(1 - (p - slack)).excludes(0)


def test_no_bootstrap_p_value_is_zero():
    draws = np.full(999, 0.3)
    assert percentile_p(draws) == 2 / 1000
    assert bca_p(0.3, draws, np.zeros(5)) == 2 / 1000
    assert bca_p(0.0, np.zeros(999), np.zeros(5)) == 1


def test_bca_without_skew_or_bias_is_percentile():
    draws = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    symmetric = np.array([-1.0, 1.0, -2.0, 2.0])
    assert bca(0.0, draws, symmetric) == pytest.approx(percentile(draws), abs=1e-9)


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


def test_equal_seeds_leave_the_sampling_error():
    assert seed_p(0.0, 0.0, [(0.0, 2)]) == 1
    assert seed_p(0.1, 0.0, [(0.0, 2)]) == 0
    assert seed_p(1.96, 1.0, []) == pytest.approx(0.05, abs=1e-4)


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


def pair(first, second, value, p):
    return Pair(first, second, Difference(value, value - 0.01, value + 0.01, p, ""), p)


def test_ranks_share_places_where_models_cannot_be_told_apart():
    # a > c for sure; b between, told from neither.
    pairs = [pair("a", "b", -0.02, 0.2), pair("a", "c", -0.05, 0.001), pair("b", "c", -0.03, 0.2)]
    ranks = rank_ranges(["a", "b", "c"], pairs)
    assert {name: str(span) for name, span in ranks.items()} == {"a": "1–2", "b": "1–3", "c": "2–3"}
    errors = rank_ranges(["a", "b", "c"], pairs, higher_is_better=False)
    assert errors["c"] == (1, 2)
    assert rank_ranges(["alone"], []) == {"alone": (1, 1)}


def test_ranks_of_clear_differences_are_places():
    contestants = {f"m{i}": of(labels(right=0.3 + 0.2 * i, seed=i, n=1000)) for i in range(4)}
    ranks = rank_ranges(list(contestants), all_pairs(contestants))
    assert list(ranks.values()) == [(4, 4), (3, 3), (2, 2), (1, 1)]


def test_copies_share_all_places():
    contestants = {name: of(labels()) for name in "abc"}
    assert set(rank_ranges(list(contestants), all_pairs(contestants)).values()) == {(1, 3)}
