"""Tables as text: plain for a terminal, Markdown, LaTeX, HTML, CSV and JSON. Equal tables give equal bytes."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from harness.errors import UsageError
from harness.leaderboard.html import html
from harness.leaderboard.latex import latex
from harness.leaderboard.layout import ANSI, SIGNS, Layout, parts
from harness.leaderboard.legend import RANKING, Look, foot
from harness.leaderboard.names import REASONS, clean, spreadsheet, unknown_name
from harness.leaderboard.table import Cell, Column, Table

#: Version of the JSON form.
SCHEMA = 1


def render(tables: Sequence[Table], fmt: str = "plain", *, colour: bool = False, width: int = 140) -> str:
    """Turn tables into text that ends with a line feed (nothing at all for no tables, but in CSV and JSON).

    Args:
        tables: what `build_tables` gave.
        fmt: one of `FORMATS`.
        colour: bold and underline by escape sequences; plain format only, for a terminal that has them.
        width: columns that plain tables may take; wider ones are split.

    Raises:
        UsageError: a format that does not exist.
    """
    renderer = FORMATS.get(fmt)
    if renderer is None:
        raise UsageError(unknown_name("format", fmt, sorted(FORMATS)))
    return renderer(tables, Look(colour=colour, width=width))


def plain(tables: Sequence[Table], look: Look) -> str:
    """Text for a terminal or a mail: aligned columns, `=best=`, `_second_`, or bold and underlined in colour."""
    return "\n\n".join(_plain(table, look) for table in tables) + "\n" if tables else ""


def _plain(table: Table, look: Look) -> str:
    marks = ANSI if look.colour else SIGNS
    chosen = parts(table, look.width, marks)
    layouts = [Layout(table, columns, marks) for columns in chosen]
    width = max(min(max(layout.width for layout in layouts), look.width), 80)
    title = clean(table.title)
    lines = [f"\033[1m{title}\033[0m" if look.colour else title]
    lines += textwrap.wrap(clean(table.caption), width, break_on_hyphens=False)
    for i, layout in enumerate(layouts):
        rule = "-" * layout.width
        lines += ["" if i == 0 else "(continued)", *layout.header(), rule, *layout.body(), rule]
    legend = "Bold: best, underlined: second best" if look.colour else "=x= best, _x_ second best"
    for note in foot(table, legend):
        hang = f"{note.mark} " if note.mark else ""
        text = f"{hang}{clean(note.text)}"
        lines += textwrap.wrap(text, width, subsequent_indent=" " * len(hang), break_on_hyphens=False)
    return "\n".join(lines)


#: Characters that mean something to Markdown, or to the HTML in it, wherever they stand.
_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    **{sign: f"\\{sign}" for sign in "\\`*_|[]~#$"},
}


def escape_markdown(text: str) -> str:
    r"""One line of text that Markdown shows as it is.

    >>> escape_markdown("a_b|c <script>")
    'a\\_b\\|c &lt;script&gt;'
    """
    return "".join(_ESCAPES.get(c, c) for c in clean(text))


def markdown(tables: Sequence[Table], look: Look) -> str:
    """GitHub's Markdown: a heading, a table and its footnotes; best bold, second underlined."""
    return "\n\n".join(_markdown(table) for table in tables) + "\n" if tables else ""


def _markdown(table: Table) -> str:
    from tabulate import tabulate

    rows: list[list[str]] = []
    for block in table.blocks:
        rows.append([f"**{escape_markdown(block.title)}**", *("" for _ in table.columns)])
        for row in block.rows:
            cells = [_markdown_cell(table, cell, column) for cell, column in zip(row.cells, table.columns, strict=True)]
            rows.append([escape_markdown(row.title), *cells])
    grid = (
        tabulate(
            rows,
            headers=["Model", *(_markdown_head(column) for column in table.columns)],
            tablefmt="pipe",
            disable_numparse=True,
            colalign=["left", *("right" for _ in table.columns)],
        )
        if rows
        else "No results."
    )
    lines = [f"### {escape_markdown(table.title)}", "", escape_markdown(table.caption), "", grid]
    notes = [f"- **Bold**: best, <u>underlined</u>: second best, {RANKING}"] if table.ranked else []
    for note in foot(table):
        mark = f"{escape_markdown(note.mark)} " if note.mark else ""
        notes.append(f"- {mark}{escape_markdown(note.text)}")
    return "\n".join([*lines, "", *notes] if notes else lines)


def _markdown_head(column: Column) -> str:
    lines = [column.group, *column.head.split("\n")] if column.group else column.head.split("\n")
    return "<br>".join(escape_markdown(line) for line in lines)


def _markdown_cell(table: Table, cell: Cell, column: Column) -> str:
    if cell.value is None:
        return escape_markdown(REASONS.get(cell.status, (cell.status, cell.status))[1])
    before, after = {1: ("**", "**"), 2: ("<u>", "</u>")}.get(cell.rank, ("", ""))
    annex = escape_markdown(table.annex(cell, column))
    return f"{before}{cell.printed}{after}{escape_markdown(cell.flag)}{f' {annex}' if annex else ''}"


#: Columns of the CSV form: one line a cell.
CSV_COLUMNS = (
    "table", "block", "model", "title", "origin", "task", "corpus", "protocol", "metric", "unit",
    "value", "low", "high", "status", "contamination", "rank", "places",
)  # fmt: skip


def csv_text(tables: Sequence[Table], look: Look) -> str:
    """One line a cell with the digits that the table shows; blank cells have none.

    Tables of different widths fit into one such file. For the raw numbers, with all their digits and every
    metric, there is the long table (`harness.leaderboard.frame`).
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for table in tables:
        for block in table.blocks:
            for row in block.rows:
                for cell, column in zip(row.cells, table.columns, strict=True):
                    if cell.status == "blank" and cell.value is None:
                        continue
                    bounds = ["" if x is None else f"{x:.{column.decimals}f}" for x in (cell.low, cell.high)]
                    judged = cell.value is not None and column.origin != "fact"
                    names = (table.key, block.title, row.name, row.title)
                    where = [*(spreadsheet(clean(name)) for name in names), column.origin]
                    ours = (column.task, column.corpus, column.protocol, column.metric, column.unit)
                    what = [spreadsheet(clean(name)) for name in ours]
                    state = [cell.status, cell.contamination if judged else "", cell.rank or "", cell.places]
                    writer.writerow([*where, *what, cell.printed, *bounds, *state])
    return buffer.getvalue()


def json_text(tables: Sequence[Table], look: Look) -> str:
    """Everything that a table holds, as one JSON object: `schema` and `tables`."""
    document = {"schema": SCHEMA, "tables": [asdict(table) for table in tables]}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


#: Turns tables into text.
Renderer = Callable[[Sequence[Table], Look], str]

#: Format → its renderer.
FORMATS: Mapping[str, Renderer] = {
    "csv": csv_text,
    "html": html,
    "json": json_text,
    "latex": latex,
    "markdown": markdown,
    "plain": plain,
}
