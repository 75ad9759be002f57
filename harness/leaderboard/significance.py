"""What the test rows can tell apart, written into tables: marks against the model that a row started from.

Only clean numbers take part: a number of a model that has seen the texts is never called better.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.comparison import Compared, compare
from harness.leaderboard.table import Footnote, Table
from harness.record import Record, ResultStore
from harness.statistics.bootstrap import DRAWS
from harness.statistics.differences import ALPHA, holm

BETTER, WORSE = "+", "−"


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
    return [_marked(table, store, records, draws) for table in tables]


def _marked(table: Table, store: ResultStore, records: Sequence[Record], draws: int) -> Table:
    starts = {record.model.name: record.model.base for record in records}
    rows = {row.name: row for row in table.rows}
    tested: dict[tuple[str, int], Compared] = {}
    for name, row in rows.items():
        start = starts.get(name)
        if start not in rows:
            continue
        columns = {
            (head.task_id, head.metric): j
            for j, head in enumerate(table.columns)
            if head.tested and row.cells[j].competes and rows[start].cells[j].competes
        }
        tasks, metrics = (list(dict.fromkeys(names)) for names in zip(*columns, strict=True)) if columns else ([], [])
        for found in compare(store, records, start, name, tasks=tasks, metrics=metrics, draws=draws).numbers:
            if found.p is not None and (found.task_id, found.metric) in columns:
                tested[name, columns[found.task_id, found.metric]] = found
    if not tested:
        return table
    adjusted = holm([found.p for found in tested.values() if found.p is not None])
    marks = {
        (name, j): BETTER if (found.difference > 0) == table.columns[j].higher_is_better else WORSE
        for ((name, j), found), p in zip(tested.items(), adjusted, strict=True)
        if p < ALPHA and found.difference
    }
    note = Footnote(
        text=f"{BETTER} or {WORSE} behind a number: better or worse than the model it started from; paired tests of "
        f"clean numbers, Holm's correction over the {len(tested)} tests of this table, level {ALPHA:g}."
    )
    marked = tuple(
        replace(row, cells=tuple(replace(c, against=marks.get((row.name, j), "")) for j, c in enumerate(row.cells)))
        for row in table.rows
    )
    return replace(table, rows=marked, footnotes=(*table.footnotes, note))
