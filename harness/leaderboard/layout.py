"""Lay a table out in a grid of characters: spans over groups, reasons over runs of cells, marks beside numbers.

A library that aligns cells cannot do the three things that make such a table readable: heads over several
columns, one reason in place of eight equal ones, and digits that stay aligned when some numbers carry a mark.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.leaderboard.names import REASONS, clean
from harness.leaderboard.table import Cell, Table

_GAP = "  "
_GROUP_GAP = "   "


def display_width(text: str) -> int:
    """Columns that a text takes on a terminal: wide characters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Fill a text up to a width, on its left when `right` (aligned right)."""
    fill = " " * max(width - display_width(text), 0)
    return fill + text if right else text + fill


@dataclass(frozen=True)
class Marks:
    """What surrounds the best and the second best number."""

    best: tuple[str, str]
    second: tuple[str, str]
    visible: bool
    """Whether they take a place on the screen. A number has a rank or a flag, never both, so that the mark
    behind it and the flag share one."""

    def sides(self, rank: int) -> tuple[str, str]:
        """What stands before and behind a number of a rank."""
        return {1: self.best, 2: self.second}.get(rank, ("", ""))


SIGNS = Marks(("=", "="), ("_", "_"), visible=True)
ANSI = Marks(("\033[1m", "\033[0m"), ("\033[4m", "\033[0m"), visible=False)


@dataclass(frozen=True)
class Run:
    """Neighbouring cells that lack a number for the same reason."""

    start: int
    stop: int
    status: str


def runs(cells: Sequence[Cell]) -> list[Run]:
    """Find the runs of cells without numbers; blank cells belong to none."""
    found: list[Run] = []
    for j, cell in enumerate(cells):
        if cell.value is not None or cell.status == "blank":
            continue
        if found and found[-1].stop == j and found[-1].status == cell.status:
            found[-1] = Run(found[-1].start, j + 1, cell.status)
        else:
            found.append(Run(j, j + 1, cell.status))
    return found


class ColumnLayout:
    """Widths of one column: the number, the marks at its sides, what stands behind it."""

    def __init__(self, table: Table, j: int, marks: Marks) -> None:
        column, cells = table.columns[j], [row.cells[j] for row in table.rows]
        self.column = column
        self._table = table
        self.heads = [clean(line) for line in column.head.split("\n")]
        self._marks = marks
        numbers = [cell for cell in cells if cell.value is not None]
        ranked = marks.visible and any(cell.rank for cell in numbers)
        self._before = int(ranked)
        self._after = int(ranked or any(cell.flag for cell in numbers))
        self._number = max((len(cell.printed) for cell in numbers), default=0)
        self._annexes = max((len(self._annex(cell)) for cell in numbers), default=0)
        self.suffix = self._after + self._annexes
        body = self._before + self._number + self.suffix
        self.width = max(body, max(display_width(head) for head in self.heads) + self.suffix)

    def _annex(self, cell: Cell) -> str:
        annex = self._table.annex(cell, self.column)
        return f" {annex}" if annex else ""

    def number(self, cell: Cell) -> str:
        """A cell with a number, or blanks."""
        if cell.value is None:
            return " " * self.width
        before, after = self._marks.sides(cell.rank)
        blanks = " " * (self.width - self.suffix - len(cell.printed))
        if self._marks.visible:
            number = blanks[len(before) :] + before + cell.printed + (after or cell.flag).ljust(self._after)
        else:
            number = blanks + before + cell.printed + after + cell.flag.ljust(self._after)
        return number + self._annex(cell).ljust(self._annexes)

    def head(self, line: str) -> str:
        """A line of the head, aligned with the numbers' last digit."""
        return pad(pad(line, self.width - self.suffix, right=True), self.width)


class Layout:
    """Some neighbouring columns of a table, with the column of models before them."""

    def __init__(self, table: Table, chosen: Sequence[int], marks: Marks) -> None:
        self._rows = {row: [row.cells[j] for j in chosen] for row in table.rows}
        self.columns = [ColumnLayout(table, j, marks) for j in chosen]
        titles = [display_width(clean(row.title)) + 2 for row in table.rows]
        self.label = max([display_width("Model"), *titles])
        self._table = table
        self._widen_for_reasons()
        self._groups = self._spans()
        self._widen_for_groups()

    @property
    def width(self) -> int:
        """Columns that the layout takes on the screen."""
        return self._end(len(self.columns) - 1) if self.columns else self.label

    def _gap(self, j: int) -> str:
        """Blanks before a column."""
        new = j == 0 or self.columns[j].column.group != self.columns[j - 1].column.group
        return _GROUP_GAP if new else _GAP

    def _end(self, j: int) -> int:
        return self.label + sum(len(self._gap(k)) + self.columns[k].width for k in range(j + 1))

    def _span(self, start: int, stop: int) -> int:
        return self._end(stop - 1) - self._end(start) + self.columns[start].width

    def _spans(self) -> list[tuple[int, int, str]]:
        """(first column, column after the last, head) of each group."""
        found: list[tuple[int, int, str]] = []
        for j, layout in enumerate(self.columns):
            group = clean(layout.column.group)
            if found and found[-1][2] == group:
                found[-1] = (found[-1][0], j + 1, group)
            else:
                found.append((j, j + 1, group))
        return found

    def _reason(self, run: Run) -> str:
        full, short = REASONS.get(run.status, (run.status, run.status))
        return full if self._span(run.start, run.stop) >= len(full) else short

    def _widen_for_reasons(self) -> None:
        for cells in self._rows.values():
            for run in runs(cells):
                lack = len(self._reason(run)) - self._span(run.start, run.stop)
                self.columns[run.stop - 1].width += max(lack, 0)

    def _widen_for_groups(self) -> None:
        for start, stop, group in self._groups:
            longest = max((len(word) for word in _wrap(group, 1)), default=0)
            lack = longest - self._span(start, stop)
            self.columns[start].width += max(lack, 0)

    def header(self) -> list[str]:
        """Heads of groups, rules under them, heads of columns."""
        lines: list[str] = []
        heads = [_wrap(group, self._span(start, stop)) for start, stop, group in self._groups]
        depth = max((len(head) for head in heads), default=0)
        for level in range(depth):
            line = " " * self.label
            for (start, stop, _), head in zip(self._groups, heads, strict=True):
                filled = [""] * (depth - len(head)) + head
                line += self._gap(start) + filled[level].center(self._span(start, stop))
            lines.append(line)
        if depth:
            line = " " * self.label
            for start, stop, group in self._groups:
                line += self._gap(start) + ("-" if group else " ") * self._span(start, stop)
            lines.append(line)
        depth = max((len(layout.heads) for layout in self.columns), default=1)
        for level in range(depth):
            line = pad("Model" if level == depth - 1 else "", self.label)
            for j, layout in enumerate(self.columns):
                filled = [""] * (depth - len(layout.heads)) + layout.heads
                line += self._gap(j) + layout.head(filled[level])
            lines.append(line)
        return [line.rstrip() for line in lines]

    def body(self) -> list[str]:
        """Blocks and rows."""
        lines = []
        for block in self._table.blocks:
            lines.append(clean(block.title))
            for row in block.rows:
                lines.append(self._row(clean(row.title), self._rows[row]).rstrip())
        return lines

    def _row(self, title: str, cells: Sequence[Cell]) -> str:
        line = pad(f"  {title}", self.label)
        reasons = {run.start: run for run in runs(cells)}
        j = 0
        while j < len(cells):
            run = reasons.get(j)
            line += self._gap(j)
            if run is None:
                line += self.columns[j].number(cells[j])
                j += 1
                continue
            text, width = self._reason(run), self._span(run.start, run.stop)
            if run.stop - run.start == 1:
                line += self.columns[j].head(text) if len(text) + self.columns[j].suffix <= width else text.rjust(width)
            else:
                line += text.center(width)
            j = run.stop
        return line


def _wrap(text: str, width: int) -> list[str]:
    """Break a head into lines, at blanks and behind hyphens; words are never cut."""
    return textwrap.wrap(text, max(width, 1), break_long_words=False, break_on_hyphens=True)


def parts(table: Table, width: int, marks: Marks) -> list[list[int]]:
    """Split the columns into as few parts as fit a width, as equal as the borders of groups allow.

    Facts are in every part. A group that is wider than the width by itself stays whole.
    """
    facts = [j for j, column in enumerate(table.columns) if column.origin == "fact"]
    groups: list[list[int]] = []
    for j, column in enumerate(table.columns):
        if j in facts:
            continue
        if groups and table.columns[groups[-1][-1]].group == column.group:
            groups[-1].append(j)
        else:
            groups.append([j])
    if not groups:
        return [facts]
    base = Layout(table, facts, marks).width
    widths = [Layout(table, [*facts, *group], marks).width - base for group in groups]
    fewest = len(_pack(widths, width - base))
    caps = sorted({sum(widths[a:b]) for a, b in combinations(range(len(widths) + 1), 2)})
    best = next(cap for cap in caps if cap >= max(widths) and len(_pack(widths, cap)) <= fewest)
    return [[*facts, *(j for group in part for j in groups[group])] for part in _pack(widths, best)]


def _pack(widths: Sequence[int], cap: int) -> list[list[int]]:
    """Put neighbours together as long as they fit; returns indexes."""
    found: list[list[int]] = [[]]
    for i, width in enumerate(widths):
        if found[-1] and sum(widths[k] for k in found[-1]) + width > cap:
            found.append([])
        found[-1].append(i)
    return found
