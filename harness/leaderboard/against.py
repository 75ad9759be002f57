"""Paired tests of every model against the model that it started from, as marks in a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.comparison import Compared, Side, compare
from harness.leaderboard.table import Block, Column, Footnote, Row, Table
from harness.record import Record, ResultStore
from harness.statistics import DRAWS, holm
from harness.statistics.ranks import ALPHA

BETTER, WORSE = "+", "−"


def against_start(
    tables: Iterable[Table], store: ResultStore, records: Sequence[Record], *, draws: int = DRAWS
) -> list[Table]:
    """Mark what is better or worse than the model that it started from, beyond chance.

    Each number is tested on the same rows by its per-example predictions (`harness.comparison`); Holm's correction runs
    over all tests of a table. Columns without a direction and those without predictions have no marks.

    Args:
        tables: what `build_tables` gave.
        store: where the predictions are.
        records: the records that the tables were built from.
        draws: bootstrap resamples.
    """
    starts = {record.model.name: record.model.base for record in records if record.model.base}
    sides: dict[str, Side] = {}
    for name in {record.model.name for record in records}:
        sides[name] = Side.of(store, name, records)
    return [_marked(table, starts, sides, draws) for table in tables]


def _marked(table: Table, starts: dict[str, str], sides: dict[str, Side], draws: int) -> Table:
    tested = {
        (row.name, j): found
        for row in table.rows
        if starts.get(row.name) in sides and row.name in sides
        for j, found in _tests(row, table.columns, sides[starts[row.name]], sides[row.name], draws).items()
    }
    adjusted = dict(zip(tested, holm([found.p for found in tested.values() if found.p is not None]), strict=True))
    marks = {
        key: BETTER if (found.difference > 0) == table.columns[key[1]].higher_is_better else WORSE
        for key, found in tested.items()
        if adjusted[key] < ALPHA and found.difference
    }
    if not tested:
        return table
    return replace(
        table,
        blocks=tuple(
            Block(title=block.title, rows=tuple(_with_marks(row, marks) for row in block.rows))
            for block in table.blocks
        ),
        footnotes=(
            *table.footnotes,
            Footnote(
                text=f"{BETTER} or {WORSE} behind a number: better or worse than the model that it started from; "
                f"paired tests, Holm's correction over the {len(tested)} tests of this table, level {ALPHA:g}."
            ),
        ),
    )


def _tests(row: Row, columns: Sequence[Column], start: Side, model: Side, draws: int) -> dict[int, Compared]:
    """Column → the test of a row's number against its start's."""
    places = {
        (f"{head.task}/{head.corpus}/{head.protocol}", head.metric): j
        for j, head in enumerate(columns)
        if head.origin == "measured"
        and head.higher_is_better is not None
        and head.unit != "observed range"
        and row.cells[j].value is not None
    }
    tasks, metrics = (list(dict.fromkeys(names)) for names in zip(*places, strict=True)) if places else ([], [])
    found = compare(start, model, tasks=tasks, metrics=metrics, draws=draws).numbers
    return {
        places[number.task_id, number.metric]: number
        for number in found
        if number.p is not None and (number.task_id, number.metric) in places
    }


def _with_marks(row: Row, marks: dict[tuple[str, int], str]) -> Row:
    return replace(
        row, cells=tuple(replace(cell, against=marks.get((row.name, j), "")) for j, cell in enumerate(row.cells))
    )
