r"""Tables as LaTeX: booktabs rules, siunitx columns, a caption and a label each.

A document needs `\usepackage{booktabs,graphicx,siunitx}` and nothing else, under pdfLaTeX, XeLaTeX and LuaLaTeX. A
table that is wider than the line is scaled down to it. Characters that pdfLaTeX has no glyph for are shown by their
code there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby

from harness.leaderboard.layout import Run, runs
from harness.leaderboard.legend import Look, foot
from harness.leaderboard.names import REASONS, clean
from harness.leaderboard.table import Cell, Column, Table

#: From this number of columns on a table spans both columns of a two-column page.
_WIDE = 6

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "'": "'",
    # A bracket right behind `\\` would be read as a length.
    "[": "{[}",
    "]": "{]}",
    "±": r"\ensuremath{\pm}",
    "×": r"\ensuremath{\times}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "−": r"\ensuremath{-}",
    "ρ": r"\ensuremath{\rho}",
    "²": r"\ensuremath{^2}",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "’": "'",
    "“": "``",
    "”": "''",
}

#: Accents that every encoding of LaTeX composes: grave, acute, circumflex, tilde, umlaut, cedilla, ring, caron.
_ACCENTS = set("\u0300\u0301\u0302\u0303\u0308\u0327\u030a\u030c")

_OTHER = r"""% Shows a character where the engine reads Unicode fonts, its code elsewhere.
\providecommand*{\benchglyph}[2]{\ifdefined\Umathchar#2\else\texttt{U+#1}\fi}
"""


def escape_latex(text: str) -> str:
    r"""One line of text that LaTeX shows as it is, under every engine.

    >>> escape_latex("a_b & 50 %")
    'a\\_b \\& 50 \\%'
    """
    return "".join(_escaped(c) for c in unicodedata.normalize("NFC", clean(text)))


def _escaped(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii() or character in "ßæøåÆØÅœŒłŁ":
        return character
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[0].isascii() and parts[0].isalpha() and parts[1] in _ACCENTS:
        return character
    return rf"\benchglyph{{{ord(character):04X}}}{{{character}}}"


def label(table: Table) -> str:
    r"""What `\ref` takes: `tab:ii` for Table II."""
    return "tab:" + re.sub(r"[^a-z0-9]+", "-", table.key.casefold()).strip("-")


def latex(tables: Sequence[Table], look: Look) -> str:
    r"""A float for each table, to be pasted or read by `\input`; nothing at all for no tables."""
    if not tables:
        return ""
    body = "\n".join(_float(table) for table in tables)
    needs = "% Needs in the preamble: \\usepackage{booktabs,graphicx,siunitx}\n"
    return needs + (_OTHER if r"\benchglyph" in body else "") + body


def _float(table: Table) -> str:
    name = "table*" if len(table.columns) > _WIDE else "table"
    # LaTeX numbers the tables itself.
    title = re.sub(r"^Table [IVX]+\. ", "", table.title)
    caption = f"{title.rstrip('.')}. {table.caption}"
    lines = [
        rf"\begin{{{name}}}[tbp]",
        r"  \centering",
        rf"  \caption{{{escape_latex(caption)}}}",
        rf"  \label{{{label(table)}}}",
    ]
    lines += [f"  {line}" for line in (_tabular(table) if table.rows else ["No results."])]
    for note in foot(table, "Bold: best, italics: second best"):
        mark = rf"\textsuperscript{{{escape_latex(note.mark)}}} " if note.mark else ""
        lines.append(rf"  \par\smallskip{{\footnotesize\raggedright {mark}{escape_latex(note.text)}\par}}")
    lines.append(rf"\end{{{name}}}")
    return "\n".join(lines) + "\n"


def _tabular(table: Table) -> list[str]:
    """The grid, scaled down to the line where it is wider.

    A column of numbers is two of LaTeX: the digits, aligned by siunitx, and behind them marks and intervals.
    """
    spans = [2 if _has_annex(table, j) else 1 for j in range(len(table.columns))]
    columns = "".join(
        rf"S[table-format={_format(table, j)},mode=text,detect-weight,detect-shape]"
        + ("@{\\,}l" if spans[j] == 2 else "")
        for j in range(len(table.columns))
    )
    lines = [
        r"\sbox0{%",
        rf"\begin{{tabular}}{{@{{}}l{columns}@{{}}}}",
        r"  \toprule",
        *_head(table, spans),
        r"  \midrule",
    ]
    for i, block in enumerate(table.blocks):
        if i:
            lines.append(r"  \addlinespace")
        lines.append(rf"  \multicolumn{{{1 + sum(spans)}}}{{@{{}}l@{{}}}}{{\textit{{{escape_latex(block.title)}}}}} \\")
        for row in block.rows:
            cells = " & ".join(_cells(table, row.cells, spans))
            lines.append(rf"  \quad {escape_latex(row.title)} & {cells} \\")
    lines += [r"  \bottomrule", r"\end{tabular}}%"]
    return [*lines, r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi"]


def _numbers(table: Table, j: int) -> list[Cell]:
    return [row.cells[j] for row in table.rows if row.cells[j].value is not None]


def _has_annex(table: Table, j: int) -> bool:
    return any(cell.flag or table.annex(cell, table.columns[j]) for cell in _numbers(table, j))


def _format(table: Table, j: int) -> str:
    """Places before and behind the point for siunitx: `-2.3`."""
    printed = [cell.printed for cell in _numbers(table, j)] or ["0"]
    whole = max(len(number.lstrip("-").partition(".")[0]) for number in printed)
    decimals = max(len(number.partition(".")[2]) for number in printed)
    sign = "-" if any(number.startswith("-") for number in printed) else ""
    return f"{sign}{whole}.{decimals}"


def _head(table: Table, spans: Sequence[int]) -> list[str]:
    groups, rules, start = [], [], 2
    for group, members in groupby(range(len(spans)), key=lambda j: table.columns[j].group):
        width = sum(spans[j] for j in members)
        groups.append(rf"\multicolumn{{{width}}}{{c}}{{{escape_latex(group)}}}")
        if group:
            rules.append(rf"\cmidrule(lr){{{start}-{start + width - 1}}}")
        start += width
    lines = [rf"  & {' & '.join(groups)} \\", f"  {' '.join(rules)}"] if rules else []
    depth = max((len(column.head.split("\n")) for column in table.columns), default=1)
    for level in range(depth):
        cells = [_head_line(column, level - depth, span) for column, span in zip(table.columns, spans, strict=True)]
        lines.append(rf"  {'Model' if level == depth - 1 else ''} & {' & '.join(cells)} \\")
    return lines


def _head_line(column: Column, level: int, span: int) -> str:
    """A line of a column's head, counted from its end."""
    words = column.head.split("\n")
    text = escape_latex(words[level]) if -level <= len(words) else ""
    return rf"\multicolumn{{{span}}}{{c}}{{{text}}}" if span > 1 else f"{{{text}}}"


def _cells(table: Table, cells: Sequence[Cell], spans: Sequence[int]) -> list[str]:
    found: list[str] = []
    missing: dict[int, Run] = {run.start: run for run in runs(cells)}
    j = 0
    while j < len(cells):
        if j in missing:
            run = missing[j]
            full, short = REASONS.get(run.status, (run.status, run.status))
            width = sum(spans[run.start : run.stop])
            text = escape_latex(full if run.stop - run.start > 2 else short)
            found.append(rf"\multicolumn{{{width}}}{{c}}{{\footnotesize {text}}}")
            j = run.stop
            continue
        found += _cell(table, cells[j], table.columns[j], spans[j])
        j += 1
    return found


def _cell(table: Table, cell: Cell, column: Column, span: int) -> list[str]:
    if cell.value is None:
        return [""] * span
    style = {1: r"\bfseries ", 2: r"\itshape "}.get(cell.rank, "")
    annex = escape_latex(table.annex(cell, column))
    flag = rf"\textsuperscript{{{escape_latex(cell.flag)}}}" if cell.flag else ""
    behind = flag + (rf"{{\scriptsize {annex}}}" if annex else "")
    return [style + cell.printed, behind][:span]
