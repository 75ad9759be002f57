"""Each metric equals an independent implementation, on rows as given and on rows repeated by weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference

from harness import metrics

REFERENCES = {
    "pearson": lambda g, p: stats.pearsonr(g, p).statistic,
    "spearman": lambda g, p: stats.spearmanr(g, p).statistic,
    "mae": reference.mean_absolute_error,
    "r2": reference.r2_score,
    "ccc": lambda g, p: 2 * np.cov(g, p, bias=True)[0, 1] / (np.var(g) + np.var(p) + (np.mean(g) - np.mean(p)) ** 2),
}


@pytest.mark.parametrize("name", metrics.REGRESSION)
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_regression_metrics_equal_the_reference_on_repeated_rows(name, ties, offset):
    rng = np.random.default_rng(3)
    gold = rng.normal(size=80) + offset
    predicted = 0.5 * gold + rng.normal(size=80)
    if ties:
        gold, predicted = np.round(gold), np.round(predicted)
    weights = np.stack([np.ones(80), *rng.multinomial(80, np.ones(80) / 80, size=5)]).astype(float)
    found = metrics.regression(weights, gold, predicted, [name])[name]
    for row, value in zip(weights.astype(int), found, strict=True):
        assert value == pytest.approx(REFERENCES[name](np.repeat(gold, row), np.repeat(predicted, row)), abs=1e-9)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=80, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6))
def test_edges_are_those_of_scikit_learn_and_scipy(rows):
    """Constant labels or predictions, ties, one row; what is undefined there is 0 here, and one row is constant."""
    gold, predicted = np.array(rows, dtype=float).T
    for name, found in metrics.regression(np.ones((1, len(rows))), gold, predicted, metrics.REGRESSION).items():
        if len(rows) > 1 or metrics.STYLES[name]["higher_is_better"] is False:
            expected = np.nan_to_num(REFERENCES[name](gold, predicted))
        else:
            expected = float(name == "r2" and gold[0] == predicted[0])
        assert found[0] == pytest.approx(expected, abs=1e-12), name


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40).filter(
        lambda rows: any(weight for *_, weight in rows)
    )
)
def test_classification_metrics_equal_scikit_learn_s(rows):
    gold, predicted, weight = (np.array(column) for column in zip(*rows, strict=True))
    matrices = metrics.confusion(weight[None].astype(float), gold, predicted, 4)
    g, p = np.repeat(gold, weight), np.repeat(predicted, weight)
    np.testing.assert_array_equal(matrices[0], reference.confusion_matrix(g, p, labels=range(4)))
    found = metrics.classification(matrices)
    assert found["accuracy"][0] == pytest.approx(reference.accuracy_score(g, p))
    for average in ("macro", "weighted"):
        precision, recall, f1, _ = reference.precision_recall_fscore_support(g, p, average=average, zero_division=0)
        assert found[f"{average}.precision"][0] == pytest.approx(precision)
        assert found[f"{average}.recall"][0] == pytest.approx(recall)
        assert found[f"{average}.f1"][0] == pytest.approx(f1)
    assert found["positive.f1"][0] == pytest.approx(reference.f1_score(g == 1, p == 1, zero_division=0))


def test_a_prediction_that_is_constant_up_to_rounding_tells_nothing():
    gold = np.linspace(-1, 1, 20)
    nearly = 0.3 + 1e-17 * gold + np.where(np.arange(20) % 2, 2**-54, 0)
    assert np.ptp(nearly) > 0
    assert metrics.regression(np.ones((1, 20)), gold, nearly, ["pearson"])["pearson"][0] == 0.0
