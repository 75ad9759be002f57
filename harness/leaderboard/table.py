"""The neutral form of a table: what to show, not how. Every output format is made of it (`render`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.leaderboard.words import digits


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

    @property
    def task_id(self) -> str:
        """`task/corpus/protocol`."""
        return f"{self.task}/{self.corpus}/{self.protocol}"

    @property
    def tested(self) -> bool:
        """Whether per-example predictions can tell models apart in it."""
        return self.origin == "measured" and self.higher_is_better is not None and self.unit != "observed range"


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
    """`clean`, `overlap` (asterisk), `unknown` (question mark) or `limited` (tilde: measured on few texts)."""
    rank: int = 0
    """1 for the best of the column, 2 for the second, 0 for the rest."""
    against: str = ""
    """`+` or `−` where it is better or worse than the model that it started from beyond chance, where tests were
    asked for."""

    @property
    def flag(self) -> str:
        """The mark behind the number: `*` for overlap, `?` for unknown, `~` for limited, empty for clean."""
        marks = {"overlap": "*", "unknown": "?", "limited": "~"}
        return "" if self.value is None else marks.get(self.contamination, "")

    @property
    def competes(self) -> bool:
        """Whether it can be best: a number of a model that is known to have seen none of the texts."""
        return self.value is not None and self.contamination == "clean"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model."""

    name: str
    """The encoder's name; `published:BASE/MODEL` for rows of the paper alone, `ceiling` for the noise ceiling."""
    title: str
    """How the table calls it."""
    block: str
    """The heading that it stands under, with its neighbours of the same."""
    cells: tuple[Cell, ...]
    """One for each column."""


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
    rows: tuple[Row, ...]
    """Top to bottom."""
    footnotes: tuple[Footnote, ...] = field(default=())
    intervals: bool = False
    """Whether cells show half the width of their 95 % interval."""

    def annex(self, cell: Cell, column: Column) -> str:
        """What stands behind a number: its interval and how it stands to its start."""
        interval = ""
        if self.intervals and cell.low is not None and cell.high is not None:
            interval = f"±{digits((cell.high - cell.low) / 2, column.decimals)}"
        return " ".join(filter(None, (interval, cell.against)))

    def notes(self, marks: str = "") -> list[Footnote]:
        """What stands under the table: its legend, then its own remarks.

        Args:
            marks: how best and second best are shown, `=x= best, _x_ second best`; empty leaves that line out.
        """
        cells = [cell for row in self.rows for cell in row.cells]
        said = []
        if marks and any(cell.rank for cell in cells):
            apart = "; published ones among themselves" if any(c.origin == "published" for c in self.columns) else ""
            said.append(f"{marks} among the clean numbers of a column{apart}.")
        if self.intervals:
            said.append("± half the width of the 95 % interval.")
        return [*([Footnote(text=" ".join(said))] if said else []), *self.footnotes]
