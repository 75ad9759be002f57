"""The neutral form of a table, and how tables call, order and print things. Every output format is made of it.

Families, corpora and states have their words in `tables.toml`, metrics in `harness.metrics`.

>>> metric_style("valence.mae").higher_is_better
False
>>> metric_style("accuracy").show(0.8193)
'81.93'
"""

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from harness.metrics import STYLES


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
        legend = []
        if marks and any(cell.rank for cell in cells):
            apart = "; published ones among themselves" if any(c.origin == "published" for c in self.columns) else ""
            legend.append(f"{marks} among the clean numbers of a column{apart}.")
        if self.intervals:
            legend.append("± half the width of the 95 % interval.")
        return [*([Footnote(text=" ".join(legend))] if legend else []), *self.footnotes]


@dataclass(frozen=True, kw_only=True)
class MetricStyle:
    """The printed form of a metric."""

    label: str
    """Name in a column head."""
    higher_is_better: bool | None = None
    """None where neither direction is better, or it is not known: such a column has no best."""
    decimals: int = 3
    percent: bool = False
    """Whether tables print 100 times the number; records and the long table never do."""
    low: float = -math.inf
    """Lowest value that the metric can take, as in the records."""
    high: float = math.inf
    """Highest value."""

    def shown(self, value: float) -> float:
        """The number in the unit of the tables."""
        return value * 100 if self.percent else value

    def show(self, value: float) -> str:
        """The number as tables print it."""
        return digits(self.shown(value), self.decimals)


def digits(value: float, decimals: int) -> str:
    """Print a number with fixed decimals and without a negative zero.

    >>> digits(-0.0001, 3), digits(-1.25, 1)
    ('0.000', '-1.2')
    """
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


@cache
def specification() -> dict[str, Any]:
    """What `tables.toml` says."""
    return tomllib.loads((files("harness.leaderboard") / "tables.toml").read_text("utf-8"))


@cache
def _styles() -> dict[str, MetricStyle]:
    return {name: MetricStyle(**style) for name, style in STYLES.items()}


def metric_style(name: str) -> MetricStyle:
    """Look a metric up by its name in the long table, else by the part after the last dot.

    A name that is not known is printed as it is, with three decimals and without a best.
    """
    return _styles().get(name) or _styles().get(name.rsplit(".", 1)[-1], MetricStyle(label=name))


def metric_label(name: str) -> str:
    """Name in the head of a column that stands alone: with its dimension or average.

    >>> metric_label("valence.pearson"), metric_label("macro.f1"), metric_label("accuracy")
    ('valence r', 'macro F1', 'Acc.')
    """
    front, _, last = name.rpartition(".")
    return f"{front} {_styles()[last].label}" if front and last in _styles() else metric_style(name).label


def words(kind: str) -> Any:
    """One of the lists and tables of words: `families`, `corpora`, `tasks`, `protocols`, `remarks`, `reasons`."""
    return specification()["words"][kind]


def reason(status: str) -> str:
    """What a cell without a number shows."""
    return str(words("reasons").get(status, (status,))[0])


def family_title(family: str) -> str:
    """Heading of a family's block."""
    return str(words("families").get(family, family or "Other"))


def corpus_title(corpus: str) -> str:
    """Name of a corpus in a column head."""
    return str(words("corpora").get(corpus, corpus))


def _rank(name: str, known: Sequence[str]) -> int:
    return known.index(name) if name in known else len(known)


def family_order(family: str) -> tuple[int, str]:
    """Sort key of a family."""
    return (_rank(family, list(words("families"))), family)


def task_order(task: str, corpus: str, protocol: str) -> tuple[object, ...]:
    """Sort key of a task when a suite does not give its order: what is known in its order, then by name."""
    ranks = _rank(protocol.partition("/")[0], words("protocols")), _rank(corpus, list(words("corpora")))
    return (_rank(task, words("tasks")), task, ranks[0], protocol, ranks[1], corpus)
