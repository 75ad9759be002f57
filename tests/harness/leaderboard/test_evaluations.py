from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.leaderboard import COLUMNS, long_rows
from harness.leaderboard.evaluations import combine, combine_metric
from harness.outcome import Metric
from harness.record import STATUSES, Record

Make = Callable[..., Record]

Z = statistics.NormalDist().inv_cdf(0.975)


def test_the_interval_is_that_of_the_formula() -> None:
    values = [Metric(0.50, 0.46, 0.54), Metric(0.56, 0.50, 0.62), Metric(0.53, 0.48, 0.58)]
    sampling = 0.05 / Z
    seeds = statistics.stdev([0.50, 0.56, 0.53]) / math.sqrt(3)
    joined = combine_metric("accuracy", values)
    assert joined.value == pytest.approx(0.53)
    assert joined.high is not None
    freedom = (sampling**2 + seeds**2) ** 2 / (seeds**4 / 2)
    quantile = stats.t.ppf(0.975, freedom)
    assert joined.high - joined.value == pytest.approx(quantile * math.sqrt(sampling**2 + seeds**2))
    assert joined.high - joined.value > 0.05, "seeds add uncertainty"


def test_intervals_end_where_the_metric_ends() -> None:
    joined = combine_metric("accuracy", [Metric(0.99, 0.9, 1.0), Metric(0.97, 0.9, 1.0)])
    assert joined.high == 1
    assert combine_metric("valence.mae", [Metric(0.01, 0.0, 0.05), Metric(0.02, 0.0, 0.05)]).low == 0


@given(
    st.lists(
        st.tuples(st.floats(-1, 1), st.floats(0, 0.5)).map(lambda p: Metric(p[0], p[0] - p[1], p[0] + p[1])),
        min_size=2,
        max_size=6,
    )
)
def test_the_mean_lies_in_its_interval(values: list[Metric]) -> None:
    joined = combine_metric("valence.pearson", values)
    assert joined.low is not None
    assert joined.high is not None
    assert joined.low - 1e-9 <= joined.value <= joined.high + 1e-9


def test_seeds_are_joined_and_units_kept_apart(make: Make) -> None:
    records = [make(seed=s, metrics={"accuracy": x}) for s, x in ((0, 0.7), (1, 0.8))]
    records += [make("roberta"), make(task="polarity/cr/senteval-lr/1"), make(task="polarity/mr/senteval-lr/2")]
    units = combine(records)
    assert [(u.model.name, u.task_id, u.seeds) for u in units] == [
        ("bert", "polarity/mr/senteval-lr/1", 2),
        ("roberta", "polarity/mr/senteval-lr/1", 1),
        ("bert", "polarity/cr/senteval-lr/1", 1),
        ("bert", "polarity/mr/senteval-lr/2", 1),
    ]
    assert units[0].metrics["accuracy"].value == pytest.approx(0.75)


def test_observed_errors_are_means_over_all_seeds(make: Make) -> None:
    first = make(seed=0, details={"mae_observed": {"valence": 0.1, "arousal": 0.2}})
    second = make(seed=1, details={"mae_observed": {"valence": 0.2}})
    (unit,) = combine([first, second])
    assert unit.observed_mae == {"valence": pytest.approx(0.15)}


def test_columns_are_the_contract() -> None:
    assert ",".join(COLUMNS) == "model,task,protocol,corpus,split,metric,value,low,high,seeds,status,contamination"


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "ok"])
def test_units_without_a_number_keep_a_row(make: Make, status: str) -> None:
    record = make(status=status)
    (row,) = long_rows([record], {record.task_id: ("accuracy", "other")})
    assert (row.metric, row.value, row.low, row.high, row.seeds, row.status) == (
        "accuracy",
        None,
        None,
        None,
        1,
        status,
    )
    (row,) = long_rows([record])
    assert row.metric == ""


def test_numbers_and_failures_of_seeds_both_have_rows(make: Make) -> None:
    records = [make(seed=0, metrics={"accuracy": 0.7}), make(seed=1, metrics={"accuracy": 0.9})]
    rows = long_rows([*records, make(seed=2, status="failed")], {"polarity/mr/senteval-lr/1": ("accuracy",)})
    assert [(row.metric, row.value, row.seeds, row.status) for row in rows] == [
        ("accuracy", pytest.approx(0.8), 2, "ok"),
        ("accuracy", None, 1, "failed"),
    ]


def test_order_follows_suite_and_models(make: Make, suite: list[Record]) -> None:
    tasks = {"geometry/goemotions/ekman6-mapped/1": ("uniformity", "alignment"), "polarity/mr/senteval-lr/1": ()}
    rows = long_rows(suite, tasks, models=["roberta", "bert"])
    assert [(row.model, row.metric) for row in rows[:4]] == [
        ("roberta", "uniformity"),
        ("roberta", "alignment"),
        ("roberta", "effective_rank"),
        ("roberta", "separation"),
    ]
    assert rows[4].model == "bert"
    assert rows[8].model == "lexicon", "models without a place follow by family, floors first"
    assert [row.task for row in rows if row.model == "bert"][4] == "polarity"
