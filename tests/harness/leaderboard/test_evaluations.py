import csv
import io
import math
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.errors import RecordInvalid
from harness.leaderboard import COLUMNS, build_tables, long_csv, long_frame, with_limited
from harness.leaderboard.evaluations import combine, combine_metric
from harness.outcome import Metric
from harness.record import STATUSES, Record

Make = Callable[..., Record]

Z = statistics.NormalDist().inv_cdf(0.975)


def test_equal_seeds_keep_the_width_of_their_interval() -> None:
    joined = combine_metric("accuracy", [Metric(0.5, 0.45, 0.55)] * 4)
    assert joined.low == pytest.approx(0.45)
    assert joined.high == pytest.approx(0.55)


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


def test_a_seed_without_an_interval_leaves_the_mean_without_one() -> None:
    assert combine_metric("accuracy", [Metric(0.5, 0.4, 0.6), Metric(0.7)]) == Metric(0.6)


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


def test_failed_seeds_are_counted_and_left_out(make: Make) -> None:
    (unit,) = combine([make(seed=0, metrics={"accuracy": 0.7}), make(seed=1, status="failed")])
    assert (unit.status, unit.seeds, unit.faults) == ("ok", 1, {"failed": 1})
    (unit,) = combine([make(seed=0, status="failed"), make(seed=1, status="failed")])
    assert (unit.status, unit.seeds, unit.metrics) == ("failed", 0, {})


def test_seeds_that_do_not_fit_are_refused(make: Make) -> None:
    for other, what in ((make(seed=1, fingerprint="g"), "weights"), (make(seed=1, data="e"), "data")):
        with pytest.raises(RecordInvalid, match=f"bert, polarity/mr/senteval-lr/1: .*{what}"):
            combine([make(seed=0), other])
    with pytest.raises(RecordInvalid, match="several records"):
        combine([make(seed=3), make(seed=3)])


def test_the_most_cautious_judgement_wins(make: Make) -> None:
    (unit,) = combine([make(seed=0, training=()), make(seed=1, training=("mr",)), make(seed=2, training=None)])
    assert unit.state == "overlap"
    (unit,) = combine([make(seed=0, training=()), make(seed=1, training=None)])
    assert unit.state == "unknown"


def test_what_was_tried_with_a_limit_is_shown_where_nothing_else_is_and_never_ranked(make: Make) -> None:
    name = "polarity/mr/senteval-lr/1"
    few, more = (make("lexicon", f"{name}+limit-{n}", {"accuracy": n / 200}) for n in (50, 90))
    shown = with_limited([few, more, make("minilm", name, {"accuracy": 0.7}), make("minilm", f"{name}+limit-50")])
    assert {(one.model.name, one.protocol): one.metrics["accuracy"].value for one in shown} == {
        ("lexicon", "senteval-lr/1"): 0.45,
        ("minilm", "senteval-lr/1"): 0.7,
    }
    cells = [row.cells[-1] for row in build_tables(shown, which=["II"], published=False)[0].rows]
    assert {(cell.flag, cell.competes) for cell in cells} == {("~", False), ("", True)}


def test_observed_errors_are_means_over_all_seeds(make: Make) -> None:
    first = make(seed=0, details={"mae_observed": {"valence": 0.1, "arousal": 0.2}})
    second = make(seed=1, details={"mae_observed": {"valence": 0.2}})
    (unit,) = combine([first, second])
    assert unit.observed_mae == {"valence": pytest.approx(0.15)}


def test_columns_are_the_contract() -> None:
    assert ",".join(COLUMNS) == "model,task,protocol,corpus,split,metric,value,low,high,seeds,status,contamination"


def test_one_row_a_number(make: Make) -> None:
    record = make(metrics={"accuracy": Metric(0.8, 0.79, 0.81)}, training=("mr",))
    assert list(long_frame([record]).itertuples(index=False, name=None)) == [
        ("bert", "polarity", "senteval-lr/1", "mr", "cv10", "accuracy", 0.8, 0.79, 0.81, 1, "ok", "overlap")
    ]
    frame = long_frame([record, make(seed=0, task="polarity/cr/senteval-lr/1", status="failed")])
    assert tuple(frame.columns) == tuple(long_frame([]).columns) == COLUMNS
    assert frame["value"].isna().sum() == 1
    assert str(frame["value"].dtype) == "float64"


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "ok"])
def test_evaluations_without_a_number_keep_their_rows(make: Make, status: str) -> None:
    record = make(status=status)
    rows = long_frame([record], {record.task_id: ("accuracy", "other")}).to_dict("records")
    assert [(row["metric"], row["seeds"], row["status"]) for row in rows] == [
        ("accuracy", 1, status),
        ("other", 1, status),
    ]
    assert all(math.isnan(row[name]) for row in rows for name in ("value", "low", "high"))
    assert list(long_frame([record])["metric"]) == [""]


def test_seeds_of_several_precisions_are_not_averaged(make: Make) -> None:
    first, second = (make(seed=seed) for seed in (0, 1))
    with pytest.raises(RecordInvalid, match="different precisions"):
        long_frame([first, replace(second, model=replace(second.model, dtype="bfloat16"))])


def test_order_follows_the_suite_and_the_families(suite: list[Record]) -> None:
    tasks = {"geometry/goemotions/ekman6-mapped/1": ("uniformity", "alignment"), "polarity/mr/senteval-lr/1": ()}
    frame = long_frame(suite, tasks)
    assert list(zip(frame["model"], frame["metric"], strict=True))[:5] == [
        ("lexicon", "uniformity"),
        ("lexicon", "alignment"),
        ("lexicon", "effective_rank"),
        ("lexicon", "separation"),
        ("bert", "uniformity"),
    ]
    assert list(frame[frame["model"] == "bert"]["task"])[4] == "polarity"


def test_csv_parses_back(make: Make) -> None:
    frame = long_frame([make('odd,"name"', metrics={"accuracy": 1 / 3}), make(status="failed")])
    parsed = list(csv.reader(io.StringIO(long_csv(frame))))
    assert tuple(parsed[0]) == COLUMNS
    assert {row[0] for row in parsed[1:]} == {'odd,"name"', "bert"}
    numbers = [float(row[6]) for row in parsed[1:] if row[6]]
    assert numbers == [1 / 3], "every digit is kept"


def test_importing_the_package_loads_no_model_library() -> None:
    code = "import sys, harness.leaderboard, harness.contamination; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # pandas 2 loads matplotlib with its tables.
    assert not {"torch", "sklearn"} & set(done.stdout.split())
