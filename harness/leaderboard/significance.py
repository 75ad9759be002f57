"""What the test rows can tell apart, written into tables: rank ranges, and marks against the model a row started from.

Only clean numbers take part: a number of a model that has seen the texts is never called better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from harness.comparison import Side, compare, ranks
from harness.leaderboard.table import Cell, Column, Footnote, Row, Table
from harness.record import Record, ResultStore
from harness.statistics.bootstrap import DRAWS
from harness.statistics.differences import ALPHA, holm

BETTER, WORSE = "+", "−"


def _changed(table: Table, change: Callable[[Row, int, Cell], Cell]) -> Table:
    """A table with every cell changed."""

    def changed(row: Row) -> Row:
        return replace(row, cells=tuple(change(row, j, cell) for j, cell in enumerate(row.cells)))

    blocks = (replace(block, rows=tuple(map(changed, block.rows))) for block in table.blocks)
    return replace(table, blocks=tuple(blocks))


def with_places(
    tables: Iterable[Table], store: ResultStore, records: Sequence[Record], *, draws: int = DRAWS
) -> list[Table]:
    """Write the rank range into every cell that competes.

    Columns without a direction, published ones and those without per-example predictions have no ranges.

    Args:
        tables: what `build_tables` gave.
        store: where the predictions are.
        records: the records that the tables were built from.
        draws: bootstrap resamples.
    """
    known: dict[tuple[object, ...], dict[str, str]] = {}
    sides = _sides(store, records)

    def places(table: Table, j: int, head: Column) -> dict[str, str]:
        """Model → its rank range in a column."""
        models = tuple(row.name for row in table.rows if row.cells[j].competes and row.name != "ceiling")
        if not head.tested or len(models) < 2:
            return {}
        key = (head.task_id, head.metric, models)
        if key not in known:
            upward = bool(head.higher_is_better)
            entered = [sides[name] for name in models if name in sides]
            found = ranks(entered, head.task_id, head.metric, higher_is_better=upward, draws=draws)
            known[key] = {name: str(span) for name, span in found.items()}
        return known[key]

    found = []
    for table in tables:
        ranges = [places(table, j, head) for j, head in enumerate(table.columns)]
        found.append(_changed(table, lambda row, j, cell, r=ranges: replace(cell, places=r[j].get(row.name, ""))))  # type: ignore[misc]
    return found


def against_start(
    tables: Iterable[Table], store: ResultStore, records: Sequence[Record], *, draws: int = DRAWS
) -> list[Table]:
    """Mark what is better or worse than the model that it started from, beyond chance.

    Each number is tested on the same rows by its per-example predictions (`harness.comparison`); Holm's correction runs
    over all tests of a table. Columns without a direction, those without predictions, and pairs of which one has seen
    the texts have no marks.

    Args:
        tables: what `build_tables` gave.
        store: where the predictions are.
        records: the records that the tables were built from.
        draws: bootstrap resamples.
    """
    starts = {record.model.name: record.model.base for record in records if record.model.base}
    sides = _sides(store, records)
    return [_marked(table, starts, sides, draws) for table in tables]


def _sides(store: ResultStore, records: Sequence[Record]) -> dict[str, Side]:
    return {name: Side.of(store, name, records) for name in {record.model.name for record in records}}


def _marked(table: Table, starts: dict[str, str], sides: dict[str, Side], draws: int) -> Table:
    rows = {row.name: row for row in table.rows}
    tested = {}
    for name, row in rows.items():
        start = starts.get(name, "")
        if start not in rows or name not in sides or start not in sides:
            continue
        columns = {
            (head.task_id, head.metric): j
            for j, head in enumerate(table.columns)
            if head.tested and row.cells[j].competes and rows[start].cells[j].competes
        }
        if columns:
            tasks, metrics = (list(dict.fromkeys(names)) for names in zip(*columns, strict=True))
            for found in compare(sides[start], sides[name], tasks=tasks, metrics=metrics, draws=draws).numbers:
                if found.p is not None and (found.task_id, found.metric) in columns:
                    tested[name, columns[found.task_id, found.metric]] = found
    if not tested:
        return table
    adjusted = dict(zip(tested, holm([found.p for found in tested.values() if found.p is not None]), strict=True))
    marks = {
        key: BETTER if (found.difference > 0) == table.columns[key[1]].higher_is_better else WORSE
        for key, found in tested.items()
        if adjusted[key] < ALPHA and found.difference
    }
    note = Footnote(
        text=f"{BETTER} or {WORSE} behind a number: better or worse than the model it started from; paired tests of "
        f"clean numbers, Holm's correction over the {len(tested)} tests of this table, level {ALPHA:g}."
    )
    marked = _changed(table, lambda row, j, cell: replace(cell, against=marks.get((row.name, j), "")))
    return replace(marked, footnotes=(*table.footnotes, note))
