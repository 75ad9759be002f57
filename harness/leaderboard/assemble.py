"""From wanted columns to a table: rows, published numbers beside ours, ranks, footnotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from harness.leaderboard import footnotes
from harness.leaderboard.grid import Grid, Measured
from harness.leaderboard.metrics import digits, metric_style
from harness.leaderboard.names import clean, family_title
from harness.leaderboard.published import CITATION, Published, load_published
from harness.leaderboard.ranking import rank_rows
from harness.leaderboard.table import Block, Cell, Column, Footnote, Row, Table
from harness.record import ModelFacts

#: Heading of the rows that only the paper has, before the name of their base model.
PUBLISHED_ONLY = "Published, not measured here"

_BLANK = Cell(status="blank")


@dataclass(frozen=True, kw_only=True)
class Printed:
    """Wants a column of the paper's numbers."""

    corpus: str
    metric: str
    """Name of the metric in `published.csv`."""
    head: str
    group: str

    @property
    def column(self) -> Column:
        """The column without its cells."""
        style = metric_style(self.metric)
        return Column(
            key=f"published/{self.corpus}/{self.metric}",
            head=self.head,
            group=self.group,
            metric=self.metric,
            origin="published",
            corpus=self.corpus,
            decimals=style.decimals,
            unit="percent" if style.percent else "observed range" if self.metric.endswith("mae") else "",
            higher_is_better=style.higher_is_better,
        )


@dataclass(frozen=True, kw_only=True)
class Size:
    """Wants the column of the numbers of weights."""

    @property
    def column(self) -> Column:
        """The column without its cells."""
        return Column(
            key="parameters",
            head="Param.\n[M]",
            group="",
            metric="parameters",
            origin="fact",
            decimals=1,
            unit="millions",
        )


Wanted = Measured | Printed | Size


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that makes a table, before any number is looked up."""

    key: str
    title: str
    caption: str
    columns: Sequence[Wanted]
    printed_table: str | None = None
    """Number of the paper's table that the published columns come from."""
    notes: Sequence[Footnote] = ()
    printed_notes: Sequence[Footnote] = ()
    """Remarks that matter only beside published numbers."""
    only: Callable[[str], bool] | None = None
    """Which models have rows, by name; None for all."""
    apart: Callable[[ModelFacts], bool] | None = None
    """Which models are ranked among themselves; None for none."""
    printed_beside: Callable[[str], tuple[str, str] | None] | None = None
    """Model → (base, model) of the published row beside it; None takes the `encoder` of `published.csv`."""
    titled: Callable[[str], str] | None = None
    """Title of a model → what its row is called here; None keeps it."""
    cited: str = CITATION
    """Where the published numbers were printed."""


def assemble(plan: Plan, grid: Grid, *, with_published: bool, intervals: bool) -> Table:
    """Fill a plan.

    Rows are the models with a record for any of the columns; a model that was never run on any of them has no
    row, and a column that no model was run on is named under the table. The paper's models without a row of
    ours follow in a block of their own.
    """
    measured = [w for w in plan.columns if isinstance(w, Measured) and grid.units(w)]
    absent = [w for w in plan.columns if isinstance(w, Measured) and not grid.units(w)]
    wanted = [
        w for w in plan.columns if w in measured or isinstance(w, Size) or (isinstance(w, Printed) and with_published)
    ]
    columns = tuple(w.column for w in wanted)
    models = [
        model
        for model in grid.models
        if (plan.only is None or plan.only(model.name)) and any(grid.unit(model.name, w) is not None for w in measured)
    ]
    numbers = [p for p in load_published() if p.table == plan.printed_table] if with_published else []
    beside = {model.name: _beside(plan, model.name, numbers) for model in models}
    titles = shown_titles(models)
    if plan.titled is not None:
        titles = {name: plan.titled(title) for name, title in titles.items()}
    rows: list[tuple[str, Row]] = [
        (
            family_title(model.family),
            Row(
                name=model.name,
                title=titles[model.name],
                cells=tuple(_cell(w, model, grid, beside[model.name]) for w in wanted),
            ),
        )
        for model in models
    ]
    shown = {number.row for own in beside.values() for number in own}
    rows += _printed_rows(wanted, [number for number in numbers if number.row not in shown])
    apart = {model.name for model in models if plan.apart is not None and plan.apart(model)}
    ranked = _ranked([row for _, row in rows], columns, apart)
    return Table(
        key=plan.key,
        title=plan.title,
        caption=plan.caption,
        columns=columns,
        blocks=_blocks([heading for heading, _ in rows], ranked),
        footnotes=(
            *footnotes.about_results(grid, measured, ranked, titles),
            *footnotes.about_absent(absent),
            *plan.notes,
            *(footnotes.about_published(ranked, columns, plan.cited) if numbers else ()),
            *(plan.printed_notes if numbers else ()),
        ),
        intervals=intervals,
    )


def _ranked(rows: Sequence[Row], columns: Sequence[Column], apart: Collection[str]) -> list[Row]:
    """Rank the rows, some of them among themselves."""
    ranked = {
        row.name: row
        for chosen in (True, False)
        for row in rank_rows([row for row in rows if (row.name in apart) == chosen], columns)
    }
    return [ranked[row.name] for row in rows]


def _blocks(headings: Sequence[str], rows: Sequence[Row]) -> tuple[Block, ...]:
    blocks: dict[str, list[Row]] = {}
    for heading, row in zip(headings, rows, strict=True):
        blocks.setdefault(heading, []).append(row)
    return tuple(Block(title=title, rows=tuple(members)) for title, members in blocks.items())


def _beside(plan: Plan, model: str, numbers: Sequence[Published]) -> list[Published]:
    """Published numbers that belong into a model's row."""
    if plan.printed_beside is None:
        return [number for number in numbers if number.encoder == model]
    row = plan.printed_beside(model)
    return [number for number in numbers if number.row == row]


def _cell(wanted: Wanted, model: ModelFacts, grid: Grid, beside: Sequence[Published]) -> Cell:
    if isinstance(wanted, Measured):
        return grid.cell(model.name, wanted)
    if isinstance(wanted, Size):
        if model.parameters is None:
            return _BLANK
        millions = model.parameters / 1e6
        return Cell(value=millions, printed=digits(millions, 1))
    return _printed_cell(wanted, beside)


def _printed_cell(wanted: Wanted, numbers: Sequence[Published]) -> Cell:
    """The paper's number in a column; blank for every other kind of column."""
    if isinstance(wanted, Printed):
        for number in numbers:
            if (number.corpus, number.metric) == (wanted.corpus, wanted.metric):
                return Cell(
                    value=number.value,
                    printed=number.printed,
                    contamination="overlap" if number.trained_on else "clean",
                )
    return _BLANK


def _printed_rows(wanted: Sequence[Wanted], numbers: Sequence[Published]) -> list[tuple[str, Row]]:
    """Rows of the paper alone, each with its heading."""
    rows = []
    for base, model in dict.fromkeys(number.row for number in numbers):
        cells = tuple(_printed_cell(w, [number for number in numbers if number.row == (base, model)]) for w in wanted)
        if any(cell.value is not None for cell in cells):
            rows.append((f"{PUBLISHED_ONLY}: {base}", Row(name=f"published:{base}/{model}", title=model, cells=cells)))
    return rows


def shown_titles(models: Sequence[ModelFacts]) -> dict[str, str]:
    """How each model is called; where two would be called the same, their names stand behind."""
    plain = {model.name: clean(model.title) or model.name for model in models}
    count = Counter(plain.values())
    return {name: title if count[title] == 1 or title == name else f"{title} ({name})" for name, title in plain.items()}
