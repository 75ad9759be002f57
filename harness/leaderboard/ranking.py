"""Best and second best of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.leaderboard.table import Cell, Column, Row

#: A best needs a rival, and a second best is not the last one.
_NEEDED = {1: 2, 2: 3}


def competes(cell: Cell) -> bool:
    """Whether a cell takes part: a number without an asterisk or a question mark."""
    return cell.value is not None and cell.contamination == "clean"


def rank_column(cells: Sequence[Cell], higher_is_better: bool | None) -> list[int]:
    """Rank the cells of one column: 1 best, 2 second, 0 the rest.

    Numbers are compared as they are printed, so that equal digits never get different marks. Ties share a rank;
    after two or more bests there is no second. A best is named among two competing cells or more, a second
    among three or more.

    >>> def column(*values): return [Cell(value=x, printed=f"{x:.1f}") for x in values]
    >>> rank_column(column(0.9, 0.7, 0.8), True), rank_column(column(0.9, 0.9, 0.8), True)
    ([1, 0, 2], [1, 1, 0])
    """
    ranks = [0] * len(cells)
    if higher_is_better is None:
        return ranks
    sign = -1 if higher_is_better else 1
    values = {i: sign * float(cell.printed) for i, cell in enumerate(cells) if competes(cell)}
    for i, value in values.items():
        place = 1 + sum(other < value for other in values.values())
        if len(values) >= _NEEDED.get(place, len(values) + 1):
            ranks[i] = place
    return ranks


def rank_rows(rows: Sequence[Row], columns: Sequence[Column]) -> list[Row]:
    """Mark best and second in every column; measured and published columns each stand for themselves."""
    ranks = [rank_column([row.cells[j] for row in rows], column.higher_is_better) for j, column in enumerate(columns)]
    return [
        replace(row, cells=tuple(replace(cell, rank=ranks[j][i]) for j, cell in enumerate(row.cells)))
        for i, row in enumerate(rows)
    ]
