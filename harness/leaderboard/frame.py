"""The long table: one row a number, for programs to read.

The columns and their order are `COLUMNS`. Accuracies, F1 and correlations are fractions; `low` and `high` are
the ends of a 95 % interval. A unit of work without a number keeps one row with an empty value and its status.
Where some seeds have numbers and others failed, both are there: the numbers with the count of their seeds, and
a row for the seeds that failed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from harness.leaderboard.combine import Unit, combine
from harness.leaderboard.names import clean, family_order, spreadsheet, task_order
from harness.record import Record

if TYPE_CHECKING:
    import pandas as pd


class LongRow(NamedTuple):
    """One row of the long table."""

    model: str
    task: str
    protocol: str
    corpus: str
    split: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    seeds: int
    status: str
    contamination: str


#: The columns, in their order.
COLUMNS: tuple[str, ...] = LongRow._fields


def ordered_units(
    records: Iterable[Record],
    tasks: Mapping[str, Sequence[str]] | None = None,
    models: Sequence[str] | None = None,
) -> tuple[Unit, ...]:
    """Join seeds and sort: by task, then by model; equal records in any order give equal units.

    Args:
        records: results, any number of seeds.
        tasks: task id → its metrics, the main one first, in the order of the suite; tasks that are not in it
            come after.
        models: order of the models by name; the others come after, by family, start of their family first.

    Raises:
        RecordInvalid: seeds of one unit do not fit together (see `combine`).
    """
    task_ranks = {name: rank for rank, name in enumerate(tasks or ())}
    model_ranks = {name: rank for rank, name in enumerate(models or ())}

    def key(unit: Unit) -> tuple[object, ...]:
        return (
            task_ranks.get(unit.task_id, len(task_ranks)),
            task_order(unit.task, unit.corpus, unit.protocol),
            unit.split,
            model_ranks.get(unit.model.name, len(model_ranks)),
            family_order(unit.model.family),
            unit.model.base is not None,
            unit.model.name,
        )

    return tuple(sorted(combine(records), key=key))


def long_rows(
    records: Iterable[Record],
    tasks: Mapping[str, Sequence[str]] | None = None,
    models: Sequence[str] | None = None,
) -> list[LongRow]:
    """Turn records into the rows of the long table.

    Args:
        records: results, any number of seeds.
        tasks: task id → its metrics, the main one first; gives the order of tasks and metrics, and the metric's
            name in rows without a number (empty for tasks that are not in it).
        models: order of the models by name.

    Raises:
        RecordInvalid: seeds of one unit do not fit together.
    """
    metrics = tasks or {}
    rows: list[LongRow] = []
    for unit in ordered_units(records, tasks, models):
        declared = list(metrics.get(unit.task_id, ()))
        names = [name for name in declared if name in unit.metrics]
        names += sorted(name for name in unit.metrics if name not in names)
        for name in names:
            number = unit.metrics[name]
            rows.append(
                _row(unit, name, "ok", unit.seeds)._replace(value=number.value, low=number.low, high=number.high)
            )
        main = declared[0] if declared else ""
        rows.extend(_row(unit, main, status, seeds) for status, seeds in unit.faults.items())
    return rows


def _row(unit: Unit, metric: str, status: str, seeds: int) -> LongRow:
    return LongRow(
        model=unit.model.name,
        task=unit.task,
        protocol=unit.protocol,
        corpus=unit.corpus,
        split=unit.split,
        metric=metric,
        value=None,
        low=None,
        high=None,
        seeds=seeds,
        status=status,
        contamination=unit.state,
    )


def long_csv(rows: Iterable[LongRow]) -> str:
    """Write the long table as CSV with a header; numbers keep every digit, empty fields have none."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_field(field) for field in row] for row in rows)
    return buffer.getvalue()


def _field(value: str | float | None) -> str | float:
    if isinstance(value, str):
        return spreadsheet(clean(value))
    return "" if value is None else value


def long_frame(rows: Iterable[LongRow]) -> pd.DataFrame:
    """The long table as a pandas frame; missing numbers are NaN."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(("value", "low", "high"), "float64") | {"seeds": "int64"})
