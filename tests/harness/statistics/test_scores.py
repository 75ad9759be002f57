"""Intervals agree with scipy's bootstrap, are paired, reproducible, and do not depend on how they are computed."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from harness.metrics import CLASSIFICATION, REGRESSION
from harness.statistics import bootstrap, scores


def sample(n, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    gold = rng.normal(size=n)
    return gold, gold + noise * rng.normal(size=n)


def classes(n, seed=0, right=0.6):
    rng = np.random.default_rng(seed)
    shares = (0.6, 0.3, 0.1)
    gold, guess = rng.choice(3, size=(2, n), p=shares)
    return gold, np.where(rng.random(n) < right, gold, guess)


def regression_metrics(gold, predicted, groups=None):
    return scores.Scored("", gold, predicted, groups).with_intervals(REGRESSION)


def classification_metrics(gold, predicted):
    return scores.Scored("", gold, predicted, classes=3).with_intervals(CLASSIFICATION)


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
    ours = regression_metrics(gold, predicted)[name]
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.12 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.12 * width)
    assert ours.low < ours.value < ours.high


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_f1_has_the_bca_interval_of_scipy(average):
    gold, predicted = classes(150)

    def measure(g, p):
        hits, support, guessed = (np.bincount(x, minlength=3) for x in (g[g == p], g, p))
        f1 = 2 * hits / (support + guessed)
        return f1.mean() if average == "macro" else (f1 * support).sum() / support.sum()

    assert measure(gold, predicted) == pytest.approx(f1_score(gold, predicted, average=average))
    theirs = stats.bootstrap(
        (gold, predicted), measure, paired=True, vectorized=False, n_resamples=999, method="BCa", rng=1
    ).confidence_interval
    ours = classification_metrics(gold, predicted)[f"{average}.f1"]
    assert ours.value == pytest.approx(measure(gold, predicted))
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.12 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.12 * width)


def test_documents_are_resampled_whole_and_widen_the_interval():
    rng = np.random.default_rng(5)
    effect = rng.normal(size=20)
    groups = [f"d{i // 30}" for i in range(600)]
    gold = np.repeat(effect, 30) + 0.2 * rng.normal(size=600)
    predicted = gold + np.repeat(rng.normal(size=20), 30)
    weights = next(bootstrap.weightings(600, groups))
    assert (weights.reshape(len(weights), 20, 30) == weights.reshape(len(weights), 20, 30)[:, :, :1]).all()
    by_row = regression_metrics(gold, predicted)["pearson"]
    by_document = regression_metrics(gold, predicted, groups)["pearson"]
    assert by_document.high - by_document.low > 1.5 * (by_row.high - by_row.low)
    assert by_document.value == by_row.value


def test_stored_predictions_give_the_numbers_again():
    gold, predicted = classes(80)
    kept = {"gold": gold.astype(np.int8), "predicted": predicted.astype(np.int8)}
    direct = classification_metrics(gold, predicted)
    again = scores.metrics_of(kept, list(direct))
    assert again == direct
    first, second = sample(80)
    groups = np.arange(80) // 4
    direct = regression_metrics(first, second, groups)
    kept = {"valence.gold": first, "valence.predicted": second, "group": groups}
    again = scores.metrics_of(kept, [f"valence.{name}" for name in direct])
    assert again == {f"valence.{name}": metric for name, metric in direct.items()}


def test_some_rows_give_what_they_alone_would():
    gold, predicted = sample(90)
    rows = np.arange(90) % 3 > 0
    part = scores.metrics_of({"gold": gold, "predicted": predicted}, ["pearson", "separation"], rows)
    assert part == {"pearson": regression_metrics(gold[rows], predicted[rows])["pearson"]}


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"gold": np.zeros(3, dtype=np.int8)},
        {"gold": np.zeros(3), "predicted": np.zeros(3)},
        {"gold": np.zeros((3, 2), dtype=np.int8), "predicted": np.zeros((3, 2), dtype=np.int8)},
    ],
)
def test_predictions_that_do_not_determine_a_number_give_none(kept):
    assert scores.scored("accuracy", kept) is None
    assert scores.metrics_of(kept, ["accuracy"]) == {}


@pytest.mark.parametrize("groups", [None, np.arange(12) // 2])
@pytest.mark.parametrize("metric", ["macro.f1", "accuracy"])
def test_leaving_one_kind_out_is_leaving_each_row_out(metric, groups):
    gold, predicted = classes(12, seed=3)
    score = scores.Scored(metric, gold, predicted, groups, classes=3)
    units = np.arange(12) if groups is None else groups
    each = [
        scores.Scored(metric, gold[units != unit], predicted[units != unit], classes=3).value
        for unit in np.unique(units)
    ]
    np.testing.assert_allclose(score.without(), each, rtol=1e-12)


def test_resamples_are_shared_by_all_models_and_repeat_exactly():
    first = bootstrap.resamples(50).copy()
    bootstrap.resamples.cache_clear()
    np.testing.assert_array_equal(first, bootstrap.resamples(50))
    assert (first.sum(axis=1) == 50).all()
    with pytest.raises(ValueError, match="read-only"):
        bootstrap.resamples(50)[0, 0] = 1
