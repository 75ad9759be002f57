from __future__ import annotations

import csv
import io
import random
import subprocess
import sys
from collections.abc import Callable

import pytest

from harness.leaderboard import COLUMNS, long_csv, long_frame, long_rows
from harness.outcome import Metric
from harness.record import STATUSES, Record

Make = Callable[..., Record]


def test_columns_are_the_contract() -> None:
    assert ",".join(COLUMNS) == "model,task,protocol,corpus,split,metric,value,low,high,seeds,status,contamination"


def test_one_row_a_number(make: Make) -> None:
    record = make(metrics={"accuracy": Metric(0.8, 0.79, 0.81)}, training=("mr",))
    assert long_rows([record]) == [
        ("bert", "polarity", "senteval-lr/1", "mr", "cv10", "accuracy", 0.8, 0.79, 0.81, 1, "ok", "overlap")
    ]


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


def test_a_record_that_is_ok_but_empty_keeps_a_row(make: Make) -> None:
    (row,) = long_rows([make(metrics={})])
    assert (row.value, row.status) == (None, "ok")


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


def test_the_order_of_records_does_not_matter(suite: list[Record]) -> None:
    shuffled = suite.copy()
    random.Random(3).shuffle(shuffled)
    assert long_csv(long_rows(shuffled)) == long_csv(long_rows(suite))


def test_csv_parses_back(make: Make) -> None:
    rows = long_rows([make('odd,"name"', metrics={"accuracy": 1 / 3}), make(status="failed")])
    parsed = list(csv.reader(io.StringIO(long_csv(rows))))
    assert tuple(parsed[0]) == COLUMNS
    assert {row[0] for row in parsed[1:]} == {'odd,"name"', "bert"}
    numbers = [float(row[6]) for row in parsed[1:] if row[6]]
    assert numbers == [1 / 3], "every digit is kept"


def test_frame_has_types(make: Make) -> None:
    frame = long_frame(long_rows([make(), make(seed=0, task="polarity/cr/senteval-lr/1", status="failed")]))
    assert tuple(frame.columns) == COLUMNS
    assert frame["value"].isna().sum() == 1
    assert str(frame["value"].dtype) == "float64"
    assert long_frame([]).shape == (0, len(COLUMNS))


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, harness.leaderboard, harness.contamination; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "pandas", "sklearn", "tabulate"} & set(done.stdout.split())
