"""Rows of text and numbers, printed for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence

#: What `show_rows` can print, with `json` for commands that print it themselves.
FORMATS = ("plain", "markdown", "csv", "json")


def show_rows(header: Sequence[str], rows: Sequence[Sequence[object]], fmt: str) -> str:
    """Print rows under a header.

    Args:
        header: names of the columns.
        rows: text is left-aligned as it is, numbers keep every digit; None is empty.
        fmt: `plain`, `markdown` or `csv`.
    """
    if fmt == "csv":
        import csv
        import io

        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_csv_field(field) for field in row] for row in rows)
        return buffer.getvalue().rstrip("\n")
    from tabulate import tabulate

    if fmt == "markdown":
        escaped = [["" if field is None else _escaped(str(field)) for field in row] for row in rows]
        return tabulate(escaped, [_escaped(name) for name in header], tablefmt="github", disable_numparse=True)
    # A cell that begins with an escape sequence must not reach a terminal.
    plain = [["" if field is None else _plain(str(field)) for field in row] for row in rows]
    return tabulate(plain, [_plain(name) for name in header], tablefmt="simple", disable_numparse=True)


def _csv_field(field: object) -> object:
    from harness.leaderboard.names import spreadsheet

    return "" if field is None else spreadsheet(field) if isinstance(field, str) else field


def _plain(text: str) -> str:
    """One line without control characters."""
    return " ".join("".join(c if c.isprintable() or c.isspace() else " " for c in text).split())


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{c}" if c in "\\|*_<>[]`" else c for c in _plain(text))
