"""Tables as text: plain for a terminal, Markdown, LaTeX, HTML, CSV and JSON. Equal tables give equal bytes.

Every format shows the same grid of cells (`_grid`) in its own markup; a library lays it out: rich, tabulate, pandas.
A new format is a function over the tables with its entry in `FORMATS`: its names, by which `--format` and the ending of
a file choose it.
"""

import json
import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from importlib.resources import files
from io import StringIO
from itertools import groupby
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler
from rich import box, markup
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table as Grid
from rich.text import Text
from tabulate import tabulate

from harness.errors import unknown_name
from harness.leaderboard.table import Cell, Column, Table, reason
from harness.printing import one_line, spreadsheet

#: Version of the JSON form.
SCHEMA = 2

Around = tuple[str, str]
_NOTHING: Around = ("", "")


@dataclass(frozen=True, kw_only=True)
class Markup:
    """How a format marks up the parts of a cell; each pair stands around a text."""

    escape: Callable[[str], str]
    best: Around
    second: Around
    legend: str
    """What the marks of best and second best look like, in words."""
    pale: Around = _NOTHING
    """Around numbers of models that may have seen the texts."""
    flag: Around = _NOTHING
    annex: Around = (" ", "")
    missing: Around = _NOTHING
    heading: Around = _NOTHING
    row: Around = _NOTHING
    head: Around = _NOTHING
    line: str
    """Between the lines of a head."""
    wrap: int = 1000
    """Characters a column after which the head over a group is broken."""


def _cell(table: Table, cell: Cell, column: Column, look: Markup) -> str:
    if cell.value is None:
        words = look.escape(reason(cell.status))
        return words.join(look.missing) if words else ""
    around = {1: look.best, 2: look.second}.get(cell.rank, look.pale if cell.flag else _NOTHING)
    flag = look.escape(cell.flag).join(look.flag) if cell.flag else ""
    annex = table.annex(cell, column)
    return cell.printed.join(around) + flag + (look.escape(annex).join(look.annex) if annex else "")


def _grid(table: Table, look: Markup) -> list[list[str]]:
    """Rows of marked-up text, the model's title first; a block's heading is a row without numbers."""
    rows = []
    for heading, members in groupby(table.rows, key=lambda row: row.block):
        rows.append([look.escape(heading).join(look.heading), *("" for _ in table.columns)])
        for row in members:
            cells = [_cell(table, cell, column, look) for cell, column in zip(row.cells, table.columns, strict=True)]
            before, after = (part.replace("NAME", escape_html(row.name)) for part in look.row)
            rows.append([before + look.escape(row.title) + after, *cells])
    return rows


def _heads(table: Table, look: Markup) -> list[tuple[str, str]]:
    """(group, head) of each column."""
    wide = Counter(column.group for column in table.columns)
    found = []
    for column in table.columns:
        lines = textwrap.wrap(column.group, look.wrap * wide[column.group] + 2, break_long_words=False)
        group = look.line.join(map(look.escape, lines))
        head = look.line.join(map(look.escape, column.head.split("\n")))
        around = (look.head[0].replace("ORIGIN", column.origin), look.head[1])
        found.append((group.join(look.head) if len(lines) > 1 else group, head.join(around)))
    return found


def _notes(table: Table, look: Markup, mark: Around = ("", " ")) -> list[str]:
    """What stands under a table, each note behind the mark that it explains."""
    return [
        (look.escape(note.mark).join(mark) if note.mark else "") + look.escape(note.text)
        for note in table.notes(look.legend)
    ]


def render(tables: Sequence[Table], fmt: str = "plain", **options: Any) -> str:
    """Turn tables into text that ends with a line feed (nothing at all for no tables, but in CSV and JSON).

    Args:
        tables: what `build_tables` gave.
        fmt: one of `FORMATS`.
        options: of the format: `colour` and `width` of `plain`.

    Raises:
        UsageError: a format that does not exist.
    """
    if fmt not in FORMATS:
        raise unknown_name("format", fmt, list(FORMATS))
    return FORMATS[fmt][0](tables, **options)


# Plain

_PLAIN = Markup(
    escape=lambda text: markup.escape(one_line(text)),
    best=("=", "="),
    second=("_", "_"),
    legend="=x= best, _x_ second best",
    row=("  ", ""),
    line="\n",
)
_COLOURED = replace(
    _PLAIN,
    best=("[bold]", "[/]"),
    second=("[underline]", "[/]"),
    legend="Bold: best, underlined: second best",
    pale=("[dim]", "[/]"),
    annex=(" [dim]", "[/]"),
    missing=("[dim]", "[/]"),
    heading=("[italic]", "[/]"),
)


def plain(tables: Sequence[Table], *, colour: bool = False, width: int | None = None) -> str:
    """Text for a terminal or a mail: aligned columns.

    Args:
        tables: what `build_tables` gave.
        colour: bold, underlined and pale by escape sequences, for a terminal that has them.
        width: columns that a table may take; wider ones are split. None for no limit.
    """
    return "\n".join(_plain(table, _COLOURED if colour else _PLAIN, width, colour=colour) for table in tables)


def _plain(table: Table, look: Markup, width: int | None, *, colour: bool) -> str:
    heads, rows = _heads(table, look), _grid(table, look)
    grouped = len({group for group, _ in heads if group}) > 1
    buffer = StringIO()
    console = Console(
        file=buffer, width=10_000, force_terminal=colour, highlight=False, color_system="standard" if colour else None
    )
    # A number has a blank where others of its column have a mark, so that digits stand under digits.
    ends = [
        any(row.cells[j].flag or (row.cells[j].rank and not colour) for row in table.rows) for j in range(len(heads))
    ]

    def grid(chosen: Sequence[int]) -> Grid:
        found = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="")
        found.add_column("Model", max_width=40, vertical="bottom")
        for j in chosen:
            group = "\n".join(textwrap.wrap(heads[j][0], 10)) + "\n" if grouped and heads[j][0] else ""
            found.add_column(group + heads[j][1], justify="right", no_wrap=True, vertical="bottom")
        for title, *cells in rows:
            shown = [cells[j] + " " if ends[j] and cells[j][-1:].isdigit() else cells[j] for j in chosen]
            found.add_row(*map(Text.from_markup, (title, *shown)))
        return found

    facts = [j for j, column in enumerate(table.columns) if column.origin == "fact"]
    parts: list[list[int]] = [[]]
    for j in [j for j in range(len(heads)) if j not in facts]:
        wider = Measurement.get(console, console.options, grid([*facts, *parts[-1], j])).maximum
        if parts[-1] and width is not None and wider > width:
            parts.append([])
        parts[-1].append(j)
    wrap = max(min(width or 100, 100), 40)
    console.print(Text(one_line(table.title), style="bold"))
    console.print(Text(textwrap.fill(one_line(table.caption), wrap, break_on_hyphens=False)))
    for part in parts if rows else []:
        console.print()
        console.print(grid([*facts, *part]))
    console.print(*[] if rows else ["\nNo results."])
    for note in _notes(table, look):
        console.print(
            Text(textwrap.fill(markup.render(note).plain, wrap, subsequent_indent="  ", break_on_hyphens=False))
        )
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


# Markdown

#: Characters that mean something to Markdown, or to the HTML in it, wherever they stand.
_SIGNS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", **{sign: f"\\{sign}" for sign in "\\`*_|[]~#$"}})


def escape_markdown(text: str) -> str:
    r"""One line of text that Markdown shows as it is.

    >>> escape_markdown("a_b|c <script>")
    'a\\_b\\|c &lt;script&gt;'
    """
    return one_line(text).translate(_SIGNS)


_MARKDOWN = Markup(
    escape=escape_markdown,
    best=("**", "**"),
    second=("<u>", "</u>"),
    legend=_COLOURED.legend,
    pale=("<i>", "</i>"),
    heading=("**", "**"),
    line="<br>",
)


def markdown(tables: Sequence[Table]) -> str:
    """GitHub's Markdown: a heading, a table and its footnotes; best bold, second underlined."""
    return "\n\n".join(map(_markdown, tables)) + "\n" if tables else ""


def _markdown(table: Table) -> str:
    heads = ["<br>".join(filter(None, pair)) for pair in _heads(table, _MARKDOWN)]
    align = ["left", *("right" for _ in heads)]
    rows = _grid(table, _MARKDOWN)
    grid = tabulate(rows, ["Model", *heads], tablefmt="pipe", disable_numparse=True, colalign=align) if rows else ""
    notes = [f"- {note}" for note in _notes(table, _MARKDOWN)]
    lines = [f"### {escape_markdown(table.title)}", "", escape_markdown(table.caption), "", grid or "No results."]
    return "\n".join([*lines, "", *notes] if notes else lines)


# HTML and LaTeX, both by pandas


def _styler(table: Table, look: Markup) -> Styler:
    rows, heads = _grid(table, look), _heads(table, look)
    grouped = any(group for group, _ in heads)
    columns = pd.MultiIndex.from_tuples(heads) if grouped else pd.Index([head for _, head in heads])
    frame = pd.DataFrame([row[1:] for row in rows], columns=columns, index=[row[0] for row in rows], dtype=object)
    return Styler(frame, cell_ids=False)


#: Enough for a table to be read on its own; a page with a style of its own leaves it out.
STYLE = (files("harness.leaderboard") / "table.css").read_text("utf-8")


def escape_html(text: str) -> str:
    """One line of text that HTML shows as it is, in an element or in a quoted attribute.

    >>> escape_html('a_b & 50 % "<script>"')
    'a_b &amp; 50 % &quot;&lt;script&gt;&quot;'
    """
    return escape(one_line(text), quote=True)


_HTML = Markup(
    escape=escape_html,
    best=('<span class="best">', "</span>"),
    second=('<span class="second">', "</span>"),
    legend=_COLOURED.legend,
    pale=('<span class="seen">', "</span>"),
    flag=("<sup>", "</sup>"),
    annex=(' <span class="annex">', "</span>"),
    missing=('<span class="missing">', "</span>"),
    heading=('<span class="block">', "</span>"),
    row=('<bdi data-model="NAME">', "</bdi>"),
    head=('<span data-origin="ORIGIN">', "</span>"),
    line="<br>",
)


def identifier(table: Table) -> str:
    """Name of a table's element and label: letters, digits and hyphens; `table-ii` for Table II."""
    return "table-" + re.sub(r"[^a-z0-9]+", "-", table.key.casefold()).strip("-")


def html(tables: Sequence[Table]) -> str:
    """A whole document without scripts; nothing at all for no tables."""
    if not tables:
        return ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape_html(tables[0].title)}</title>\n<style>\n"
        "body { font-family: system-ui, sans-serif; color-scheme: light dark; margin: 1em }\n"
        f"{STYLE}</style>\n</head>\n<body>\n" + "\n".join(map(fragment, tables)) + "\n</body>\n</html>\n"
    )


def fragment(table: Table, *, level: int = 2) -> str:
    """One table with its title, caption and footnotes.

    Row titles carry `data-model`, for pages that filter; numbers of a model that may have seen the texts have the class
    `seen`, for pages that sort.

    Args:
        table: the table.
        level: of its heading, 1 to 6.
    """
    name = identifier(table)
    grid = _styler(table, _HTML).to_html(exclude_styles=True, bold_headers=False) if table.rows else "No results."
    items = "".join(f"\n<li>{note}</li>" for note in _notes(table, _HTML))
    return (
        f'<section id="{name}">\n<h{level} id="{name}-title">{escape_html(table.title)}</h{level}>\n'
        f'<p class="caption">{escape_html(table.caption)}</p>\n'
        f'<div class="bench-table" role="region" aria-labelledby="{name}-title" tabindex="0">\n{grid.strip()}\n</div>\n'
        + (f'<ul class="notes">{items}\n</ul>\n' if items else "")
        + "</section>"
    )


#: From this number of columns on a table spans both columns of a two-column page; more columns are set smaller.
_WIDE = 4
_SIZES = ((6, r"\small", 4), (9, r"\footnotesize", 3), (14, r"\scriptsize", 2), (1000, r"\tiny", 1.5))

_SPELT = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "{}$&#%_"},
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    # A bracket right behind `\\` would be read as a length.
    "[": "{[}",
    "]": "{]}",
    "±": r"\ensuremath{\pm}",
    "−": r"\ensuremath{-}",
    "ρ": r"\ensuremath{\rho}",
    "²": r"\ensuremath{^2}",
    "Δ": r"\ensuremath{\Delta}",
    "–": "--",
    "—": "---",
    **{sign: rf"\ensuremath{{{sign}}}" for sign in "<>|"},
}


def escape_latex(text: str) -> str:
    r"""One line of text that LaTeX shows as it is; characters without a Latin form are shown by their code.

    >>> escape_latex("a_b & 50 %")
    'a\\_b \\& 50 \\%'
    """
    return "-{}-".join(  # two hyphens, as of options, would become a dash
        "".join(_SPELT.get(c) or (c if ord(c) < 0x180 else rf"\texttt{{U+{ord(c):04X}}}") for c in part)
        for part in unicodedata.normalize("NFC", one_line(text)).split("--")
    )


_LATEX = Markup(
    escape=escape_latex,
    best=(r"\textbf{", "}"),
    second=(r"\underline{", "}"),
    legend=_COLOURED.legend,
    pale=(r"\textcolor{gray}{", "}"),
    # Marks take no room, so that digits stand under digits.
    flag=(r"\rlap{\textsuperscript{", "}}"),
    annex=(r"{\,\tiny ", "}"),
    missing=(r"\textcolor{gray}{", "}"),
    heading=(r"\textit{", "}"),
    row=(r"\enspace ", ""),
    head=(r"\shortstack[r]{", "}"),
    line=r"\\",
    wrap=6,
)


def latex(tables: Sequence[Table]) -> str:
    r"""A float for each table, to be pasted or read by `\input`; nothing at all for no tables."""
    if not tables:
        return ""
    return "% Needs in the preamble: \\usepackage{booktabs,xcolor}\n" + "\n".join(map(_latex, tables))


def _latex(table: Table) -> str:
    # LaTeX numbers the tables itself.
    title = re.sub(r"^Table [IVX]+\. ", "", table.title).rstrip(".")
    text = str(
        _styler(table, _LATEX).to_latex(
            column_format="@{}l" + "r" * len(table.columns) + "@{}",
            position="tbp",
            position_float="centering",
            hrules=True,
            label=identifier(table).replace("table-", "tab:", 1),
            caption=escape_latex(f"{title}. {table.caption}"),
            multicol_align="c",
            environment="table*" if len(table.columns) >= _WIDE else "table",
        )
    )
    columns = len(table.columns) * (2 if table.intervals else 1)
    size, gap = next(look for most, *look in _SIZES if columns <= most)
    text = text.replace("\\centering\n", f"\\centering{size}\\setlength{{\\tabcolsep}}{{{gap}pt}}\n", 1)
    notes = _notes(table, _LATEX, (r"\textsuperscript{", "} "))
    below = "".join(f"\\par\\smallskip{{\\footnotesize\\raggedright {note}\\par}}\n" for note in notes)
    return re.sub(r"(\\end\{table\*?\})", lambda match: below + match[1], text)


# CSV and JSON

_CSV = Markup(escape=lambda text: spreadsheet(one_line(text)), best=_NOTHING, second=_NOTHING, legend="", line=" ")


def csv_text(tables: Sequence[Table]) -> str:
    """The tables as they are seen, without notes; an empty line stands between two.

    For the raw numbers, with all their digits and every metric, there is the long table
    (`harness.leaderboard.evaluations`).
    """
    grids = [
        pd.DataFrame(_grid(table, _CSV), columns=["Model", *(" ".join(pair).strip() for pair in _heads(table, _CSV))])
        for table in tables
    ]
    return "\n".join(grid.to_csv(index=False, lineterminator="\n") for grid in grids)


def json_text(tables: Sequence[Table]) -> str:
    """Everything that a table holds, as one JSON object: `schema` and `tables`."""
    document = {"schema": SCHEMA, "tables": [asdict(table) for table in tables]}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


#: Format → its renderer and the endings of its files.
FORMATS: Mapping[str, tuple[Callable[..., str], tuple[str, ...]]] = {
    "csv": (csv_text, (".csv",)),
    "html": (html, (".html", ".htm")),
    "json": (json_text, (".json",)),
    "latex": (latex, (".tex",)),
    "markdown": (markdown, (".md",)),
    "plain": (plain, (".txt",)),
}


def format_of(name: str) -> str:
    """The format that a file's ending asks for; `plain` for others.

    >>> format_of("table.tex"), format_of("table")
    ('latex', 'plain')
    """
    return next((fmt for fmt, (_, endings) in FORMATS.items() if name.lower().endswith(endings)), "plain")
