"""What is printed passes here: text without control characters, streams that cannot fail on a character, rows.

Names come from plugins, downloaded models and copied results. Control characters in them would move a terminal's cursor
or turn text around, so they are shown as escapes.
"""

import csv
import io
import json
import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import click

#: What `show_rows` can print.
FORMATS = ("plain", "markdown", "csv", "json")

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?")


def visible(text: str) -> str:
    r"""The text with control characters, direction marks and lone surrogates as escapes; line feeds and tabs stay.

    >>> visible("a\x1b[31mb\u202ec\n")
    'a\\x1b[31mb\\u202ec\n'
    """
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else ascii(c)[1:-1]
        for c in text
    )


def one_line(text: str) -> str:
    """The text in one line, as `visible` shows it."""
    return visible(" ".join(text.split()))


def spreadsheet(text: str) -> str:
    """The text as a spreadsheet program shows it: one that begins like a formula would be computed.

    >>> spreadsheet("=1+1"), spreadsheet("bert"), spreadsheet("-0.5")
    ("'=1+1", 'bert', '-0.5')
    """
    formula = text.startswith(("=", "+", "-", "@", "\t", "\r")) and not _NUMBER.fullmatch(text)
    return f"'{text}" if formula else text


def echo(text: str = "", *, err: bool = False, coloured: bool = False) -> None:
    """Print a text and a line feed.

    Args:
        text: anything.
        err: to standard error; that it is closed is ignored.
        coloured: whether its escape sequences are our own, its names being `visible` already.

    Raises:
        OSError: standard output cannot be written, or its reader closed it.
    """
    with suppress(*([OSError] if err else [])):
        # Not to click's own stream, which writes UTF-8 to a terminal that has ASCII alone.
        click.echo(text if coloured else visible(text), file=sys.stderr if err else sys.stdout)


def prepare_streams() -> None:
    """Replace characters that the terminal cannot encode, and send a closed stream's output to the null device."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="replace")


def finish_streams() -> None:
    """Write what is buffered, or nowhere, so that the interpreter's last flush does not fail."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_rows(rows: Sequence[Mapping[str, object]], fmt: str, shown: Sequence[str] | None = None) -> str:
    """Print rows with the same keys.

    Args:
        rows: JSON and CSV hold every key. Text is left-aligned as it is, numbers keep every digit; None is empty.
        fmt: one of `FORMATS`.
        shown: the keys that tables for people show; None shows all.
    """
    if fmt == "json":
        return json.dumps(list(rows), indent=1, ensure_ascii=False, default=str)
    header = list(shown) if shown is not None and fmt != "csv" else list(rows[0]) if rows else []
    cells = [[row[name] for name in header] for row in rows]
    if fmt == "csv":
        file = io.StringIO()
        texts = [[spreadsheet(cell) if isinstance(cell, str) else cell for cell in row] for row in cells]
        csv.writer(file, lineterminator="\n").writerows([header, *texts])
        return file.getvalue()[:-1]
    from tabulate import tabulate

    escape = str.maketrans({c: f"\\{c}" for c in "\\|*_<>[]`"} if fmt == "markdown" else {})
    table: list[Sequence[object]] = [header, *cells]
    header, *lines = [["" if cell is None else one_line(str(cell)).translate(escape) for cell in row] for row in table]
    return tabulate(lines, header, tablefmt="github" if fmt == "markdown" else "simple", disable_numparse=True)
