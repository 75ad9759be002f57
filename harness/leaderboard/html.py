"""Tables as HTML: fragments for a page or a notebook, and a whole document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby

from harness.leaderboard.legend import Look, foot
from harness.leaderboard.names import EXPLANATIONS, REASONS, clean
from harness.leaderboard.table import Cell, Column, Table

#: Enough for a table to be read on its own; a page with a style of its own leaves it out.
STYLE = """\
body { font-family: system-ui, sans-serif; color-scheme: light dark; margin: 1em }
.bench-table { overflow-x: auto }
.bench-table table { border-collapse: collapse; font-variant-numeric: tabular-nums }
.bench-table caption { text-align: left; padding-bottom: .5em }
.bench-table th, .bench-table td { padding: .15em .6em; text-align: right; white-space: nowrap; font-weight: normal }
.bench-table th:first-child { text-align: left }
.bench-table thead th { vertical-align: bottom; border-bottom: 1px solid }
.bench-table .block th { font-style: italic; border-top: 1px solid }
.bench-table .best { font-weight: bold }
.bench-table .second { text-decoration: underline }
.bench-table .missing, .bench-table .annex { opacity: .7; font-size: .85em }
"""


def escape_html(text: str) -> str:
    """One line of text that HTML shows as it is, in an element or in a quoted attribute.

    >>> escape_html('a_b & 50 % "<script>"')
    'a_b &amp; 50 % &quot;&lt;script&gt;&quot;'
    """
    return escape(clean(text), quote=True)


def identifier(table: Table) -> str:
    """Name of a table's element: letters, digits and hyphens; `table-ii` for Table II."""
    return "table-" + re.sub(r"[^a-z0-9]+", "-", table.key.casefold()).strip("-")


def html(tables: Sequence[Table], look: Look) -> str:
    """A whole document without scripts; nothing at all for no tables."""
    if not tables:
        return ""
    parts = [fragment(table) for table in tables]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape_html(tables[0].title)}</title>\n"
        f"<style>\n{STYLE}</style>\n"
        "</head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def fragment(table: Table, *, level: int = 2) -> str:
    """One table with its title, caption and footnotes.

    Numbers carry `data-value`, for pages that sort, and rows `data-model`, for those that filter.

    Args:
        table: the table.
        level: of its heading, 1 to 6.
    """
    name = identifier(table)
    lines = [
        f'<section id="{name}">',
        f'<h{level} id="{name}-title">{escape_html(table.title)}</h{level}>',
        f'<div class="bench-table" role="region" aria-labelledby="{name}-title" tabindex="0">',
    ]
    if table.rows:
        lines += [
            "<table>",
            f"<caption><span>{escape_html(table.caption)}</span></caption>",
            "<thead>",
            *_head(table),
            "</thead>",
            *_body(table),
            "</table>",
        ]
    else:
        lines += [f"<p>{escape_html(table.caption)}</p>", "<p>No results.</p>"]
    lines.append("</div>")
    notes = foot(table, "Bold: best, underlined: second best")
    if notes:
        lines.append('<ul class="notes">')
        lines += [f"<li>{escape_html(f'{note.mark} {note.text}' if note.mark else note.text)}</li>" for note in notes]
        lines.append("</ul>")
    lines.append("</section>")
    return "\n".join(lines)


def _head(table: Table) -> list[str]:
    groups = [(group, len(list(members))) for group, members in groupby(table.columns, key=lambda c: c.group)]
    lines = []
    if any(group for group, _ in groups):
        cells = [
            f'<th scope="colgroup" colspan="{span}">{escape_html(group)}</th>'
            if group
            else f'<td colspan="{span}"></td>'
            for group, span in groups
        ]
        lines.append(f'<tr class="groups"><td></td>{"".join(cells)}</tr>')
    heads = ["Model", *(column.head for column in table.columns)]
    cells = [f'<th scope="col">{"<br>".join(escape_html(line) for line in head.split(chr(10)))}</th>' for head in heads]
    return [*lines, f'<tr class="heads">{"".join(cells)}</tr>']


def _body(table: Table) -> list[str]:
    lines = []
    for block in table.blocks:
        span = len(table.columns) + 1
        lines.append("<tbody>")
        lines.append(f'<tr class="block"><th scope="rowgroup" colspan="{span}">{escape_html(block.title)}</th></tr>')
        for row in block.rows:
            cells = "".join(_cell(table, cell, column) for cell, column in zip(row.cells, table.columns, strict=True))
            title = f'<th scope="row"><bdi>{escape_html(row.title)}</bdi></th>'
            lines.append(f'<tr data-model="{escape_html(row.name)}">{title}{cells}</tr>')
        lines.append("</tbody>")
    return lines


def _cell(table: Table, cell: Cell, column: Column) -> str:
    if cell.value is None:
        reason = REASONS.get(cell.status, (cell.status, cell.status))[1]
        why = EXPLANATIONS.get(cell.status, "")
        title = f' title="{escape_html(why)}"' if why else ""
        return f'<td class="missing"{title}>{escape_html(reason)}</td>' if reason else "<td></td>"
    number = escape_html(cell.printed)
    if cell.rank:
        number = f'<span class="{"best" if cell.rank == 1 else "second"}">{number}</span>'
    flag = f"<sup>{escape_html(cell.flag)}</sup>" if cell.flag else ""
    annex = table.annex(cell, column)
    behind = f' <span class="annex">{escape_html(annex)}</span>' if annex else ""
    kind = ' class="published"' if column.origin == "published" else ""
    return f'<td{kind} data-value="{cell.value:.10g}">{number}{flag}{behind}</td>'
