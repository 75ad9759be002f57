"""Rank ranges: the places that a model can hold in a column, as far as the test rows tell models apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.comparison import column as compared_column
from harness.leaderboard.ranking import competes
from harness.leaderboard.table import Block, Column, Row, Table
from harness.record import Record, ResultStore
from harness.statistics import DRAWS


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
    found = []
    for table in tables:
        places = [_places(table, j, store, records, draws, known) for j in range(len(table.columns))]
        blocks = tuple(
            Block(title=block.title, rows=tuple(_placed(row, places) for row in block.rows)) for block in table.blocks
        )
        found.append(replace(table, blocks=blocks))
    return found


def _placed(row: Row, places: Sequence[dict[str, str]]) -> Row:
    return replace(
        row, cells=tuple(replace(cell, places=places[j].get(row.name, "")) for j, cell in enumerate(row.cells))
    )


def _places(
    table: Table,
    j: int,
    store: ResultStore,
    records: Sequence[Record],
    draws: int,
    known: dict[tuple[object, ...], dict[str, str]],
) -> dict[str, str]:
    """Model → its rank range in a column."""
    head: Column = table.columns[j]
    if head.origin != "measured" or head.higher_is_better is None or head.unit == "observed range":
        return {}
    models = tuple(row.name for row in table.rows if competes(row.cells[j]))
    if len(models) < 2:
        return {}
    key = (head.task, head.corpus, head.protocol, head.metric, models)
    if key not in known:
        column = compared_column(
            store,
            models,
            f"{head.task}/{head.corpus}/{head.protocol}",
            head.metric,
            higher_is_better=head.higher_is_better,
            draws=draws,
            records=records,
        )
        known[key] = {name: str(places) for name, places in column.ranks.items()}
    return known[key]
