"""The neutral form of a table: what to show, not how. Every output format is a function over it."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.leaderboard.metrics import digits


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of numbers."""

    key: str
    """Unique within the table, stable from version to version: what a program selects the column by."""
    head: str
    """Head; lines are separated by a line feed."""
    group: str
    """Head over neighbouring columns of the same group; a protocol or a source. Empty for none."""
    metric: str
    """Name of the metric as in the long table (in `published.csv` for published numbers), `parameters` for the
    number of weights."""
    origin: str
    """`measured`, `published` or `fact` (a property of the model)."""
    task: str = ""
    """As in the long table; empty where it does not apply."""
    corpus: str = ""
    protocol: str = ""
    decimals: int = 3
    unit: str = ""
    """`percent`, `millions`, `observed range` (errors on labels scaled by the observed minimum and maximum) or
    empty."""
    higher_is_better: bool | None = None
    """None for a column without a best."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One number, or the reason why there is none."""

    value: float | None = None
    """In the unit of the column."""
    low: float | None = None
    """Lower end of the 95 % interval."""
    high: float | None = None
    """Upper end."""
    printed: str = ""
    """The digits to show; for published numbers as they were printed."""
    status: str = "ok"
    """A status of the records, `not-run` (no record), `undefined` (the record has no such number) or `blank`
    (nothing belongs here)."""
    contamination: str = "clean"
    """`clean`, `overlap` (asterisk) or `unknown` (question mark)."""
    rank: int = 0
    """1 for the best of the column, 2 for the second, 0 for the rest."""
    places: str = ""
    """Places that the model can hold in the column, `1–3`, where they were asked for."""
    against: str = ""
    """`+` or `−` where it is better or worse than the model that it started from beyond chance, where tests were
    asked for."""

    @property
    def flag(self) -> str:
        """The mark behind the number: `*` for overlap, `?` for unknown, empty for clean."""
        if self.value is None:
            return ""
        return {"overlap": "*", "unknown": "?"}.get(self.contamination, "")

    def half_width(self, decimals: int) -> str:
        """Half the width of the interval, printed; empty where there is no interval."""
        if self.low is None or self.high is None:
            return ""
        return digits((self.high - self.low) / 2, decimals)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model."""

    name: str
    """The encoder's name; for rows of the paper alone `published:BASE/MODEL`."""
    title: str
    """How the table calls it."""
    cells: tuple[Cell, ...]
    """One for each column."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Rows of one family under a heading."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Footnote:
    """A remark under a table."""

    text: str
    mark: str = ""
    """`*` or `?` when it explains that mark."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A whole table."""

    key: str
    """Short name, unique among the tables of one call: `overview`, `II`, `I/emobank/official/1`."""
    title: str
    caption: str
    columns: tuple[Column, ...]
    blocks: tuple[Block, ...]
    footnotes: tuple[Footnote, ...] = field(default=())
    intervals: bool = False
    """Whether cells show their 95 % interval."""
    brackets: bool = False
    """Whether it is shown by its ends, `[low, high]`, in place of half its width, `±half`."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(f"{self.key}, {row.name}: {len(row.cells)} cells in {len(self.columns)} columns")

    def interval(self, cell: Cell, column: Column) -> str:
        """The interval of a cell as the table shows it: `±0.02`, `[0.53, 0.57]` or nothing."""
        if not self.intervals or cell.low is None or cell.high is None:
            return ""
        if self.brackets:
            return f"[{digits(cell.low, column.decimals)}, {digits(cell.high, column.decimals)}]"
        return f"±{cell.half_width(column.decimals)}"

    def annex(self, cell: Cell, column: Column) -> str:
        """What stands behind a number: its interval, how it stands to its start, the places that it can hold."""
        places = f"({cell.places})" if cell.places else ""
        return " ".join(filter(None, (self.interval(cell, column), cell.against, places)))

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, top to bottom."""
        return tuple(row for block in self.blocks for row in block.rows)

    @property
    def ranked(self) -> bool:
        """Whether any cell is marked as best or second."""
        return any(cell.rank for row in self.rows for cell in row.cells)

    @property
    def placed(self) -> bool:
        """Whether any cell says which places its model can hold."""
        return any(cell.places for row in self.rows for cell in row.cells)
