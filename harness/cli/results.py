"""`bench table`, `bench figures` and `bench report`: what was recorded, for people."""

import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click
import pandas as pd
from rich.filesize import decimal

from harness.api import Leaderboard
from harness.cli import options
from harness.contamination import read_evidence
from harness.errors import UsageError
from harness.files import write_bytes, write_text
from harness.leaderboard import FORMATS, TABLE_NAMES, format_of, render
from harness.printing import echo, show_rows
from harness.registry import recommended_poolings

_FILE = click.Path(dir_okay=False, path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)
_CHOICE = (options.results_dir, options.suite, options.models)
_BASELINE = click.option("--baseline", help="What others are compared with  [default: bert, else minilm]")


def _read(results_dir: Path, suite: str | None, models: list[str], *, every_suite: bool = False) -> Leaderboard:
    """Recorded results of a suite; None takes the richest of which something was recorded."""
    board = Leaderboard.read(results_dir, suite=suite, models=models)
    if not (suite or every_suite):
        board, whole = board.of_suite(), board
        if others := len(whole.records) - len(board.records):
            echo(f"note: this shows suite {board.suite}; others have {others} records (--suite NAME)", err=True)
    if unverified := Counter(record.model.name for record in board.records if not record.verified):
        shown = ", ".join(f"{name} ({count})" for name, count in unverified.items())
        echo(f"note: unverified records, whose files have no checksum: {shown}", err=True)
    return board


@click.command()
@click.argument("tables", nargs=-1, metavar=f"[{'|'.join(TABLE_NAMES)}]...")
@options.several(*_CHOICE)
@click.option("--format", "fmt", help=f"{', '.join(FORMATS)}  [default: as --output ends, or plain]")
@click.option(
    "--columns", multiple=True, **options.NAMES, help="Of the overview: all, corpora, families or patterns of task ids."
)
@click.option("--long", "long_form", is_flag=True, help="As csv or json: one number a row, of all suites by default.")
@click.option("--intervals", is_flag=True, help="Show 95 % intervals, as ±.")
@click.option(
    "--tests/--no-tests",
    default=None,
    help="Mark what differs from the model it started from, and show intervals  [default: for suite recipes]",
)
@click.option("--published/--no-published", default=True, help="Show the paper's numbers beside ours.")
@click.option("--output", "-o", type=_FILE, help="Write to this file.")
def table(
    tables: tuple[str, ...],
    results_dir: Path,
    suite: str | None,
    models: list[str],
    fmt: str | None,
    columns: list[str],
    long_form: bool,
    output: Path | None,
    **shown: Any,
) -> None:
    """Print the recorded results as the paper's tables, all by default. Nothing is measured: `bench run` does that."""
    fmt = fmt or format_of(output.name if output else "")
    board = _read(results_dir, suite, models, every_suite=long_form)
    coloured = output is None and fmt == "plain" and sys.stdout.isatty()
    if long_form:
        if fmt not in ("csv", "json"):
            raise UsageError(f"--long goes with --format csv or json, not {fmt}")
        text = board.to_csv() if fmt == "csv" else board.to_json()
    else:
        built = board.tables(*tables, columns=columns, **shown)
        width = shutil.get_terminal_size((120, 24)).columns
        text = render(built, fmt, **({"colour": coloured, "width": width} if fmt == "plain" and not output else {}))
    if output is None:
        echo(text.rstrip("\n"), coloured=coloured)
    else:
        write_text(output, text, "a table")


class _Amount(click.ParamType):  # type: ignore[type-arg]
    """A number that may end in K, M or B, and `/s`."""

    name = "NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it: `50M` is 50 million."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([kKMB]?)(?:/s)?", str(value))
        if found is None:
            self.fail(f"takes a number such as 500, 50M or 500/s, not {value!r}", param, ctx)
        return float(found[1]) * {"": 1, "K": 1e3, "M": 1e6, "B": 1e9}[found[2].upper()]


@click.command()
@options.several(*_CHOICE)
@click.option("--max-params", type=_Amount(), help="Most weights, e.g. 50M.")
@click.option("--min-speed", type=_Amount(), help="Fewest texts a second, as measured when they were encoded.")
@click.option("--max-bytes", type=_Amount(), help="Most bytes a vector.")
@options.output_format
def choose(results_dir: Path, suite: str | None, models: list[str], fmt: str, **limits: float | None) -> None:
    """Show which of the recorded models to take, under limits of size, speed and bytes a vector.

    `score` is the mean of the main metrics of the tasks named below the table. `front` marks the Pareto front: no other
    model within the limits is at least as good in score, weights, speed and bytes a vector, and better in one. `against
    best` says on how many tasks a model is worse than the best beyond chance (paired tests, Holm-corrected).
    """
    found = _read(results_dir, suite, models).choose(**limits)
    rows = []
    for number, (name, row) in enumerate(found.iterrows()):
        best = not row["seen"] and found["seen"].iloc[:number].all()
        worse = f"worse on {len(row['worse'])} of {len(found.attrs['tasks'])}" if row["worse"] else "not told apart"
        rows.append(
            {
                "model": name,
                "score": f"{row['quality']:.3f}{'*' if row['seen'] else ''}",
                "weights": "?" if pd.isna(row["parameters"]) else f"{row['parameters'] / 1e6:.1f} M",
                "texts/s": "?" if pd.isna(row["speed"]) else f"{row['speed']:.0f}",
                "memory": "?" if pd.isna(row["memory"]) else f"{row['memory'] / 1e9:.1f} GB",
                **(
                    {}
                    if pd.isna(found["price"]).all()
                    else {"$ a M tokens": "" if pd.isna(row["price"]) else f"{row['price']:g}"}
                ),
                "bytes": "?" if pd.isna(row["vector_bytes"]) else f"{row['vector_bytes']:.0f}",
                "front": "yes" if row["front"] else "",
                "against best": "best" if best else "not judged" if row["seen"] else worse,
            }
        )
    echo(show_rows(rows, fmt) if rows else "no recorded model is within the limits")
    if fmt == "plain" and rows:
        echo(f"\nscore: mean of the main metrics of {', '.join(found.attrs['tasks'])}")
        if found["seen"].any():
            echo("*: it saw texts of these tasks or may have (`bench contamination`), or this is a trial: not judged")
        echo("texts/s, memory of the whole process: as each model was run; compare only what one machine measured")


@click.command()
@click.argument("names", nargs=-1)
@options.several(*_CHOICE, _BASELINE)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(["svg", "pdf", "png"]),
    default=["svg"],
    show_default=True,
    help="Of the files; may be repeated.",
)
@click.option("--output", "-o", type=_DIRECTORY, default=Path("figures"), show_default=True, help="Their directory.")
def figures(
    names: tuple[str, ...],
    results_dir: Path,
    suite: str | None,
    models: list[str],
    baseline: str | None,
    formats: tuple[str, ...],
    output: Path,
) -> None:
    """Draw the recorded results.

    NAMES are forest, geometry, plane-emobank, plane-facebook, plane-emotales, confusion-goemotions, confusion-sst5,
    trade-off; all by default, with captions in README.md. Nothing is measured.
    """
    from harness.figures import Drawing, Source, captions, draw_all, to_bytes

    board = _read(results_dir, suite, models)
    recommended = recommended_poolings(board.models)
    source = Source(board.store, board.records, board.declared, baseline=baseline, recommended=recommended)
    found = list(draw_all(source, names))
    for item in found:
        if isinstance(item, Drawing):
            for fmt in formats:
                path = output / f"{item.key}.{fmt}"
                write_bytes(path, to_bytes(item, fmt), "a figure")
                echo(f"{path}")
        else:
            echo(f"{item.key}: not drawn: {item.reason}", err=True)
    if not names:
        write_text(output / "README.md", captions(found, formats[0]), "captions")


@click.command()
@options.several(*_CHOICE, _BASELINE)
@click.option("--output", "-o", type=_FILE, default=Path("report.html"), show_default=True, help="The page.")
def report(results_dir: Path, suite: str | None, models: list[str], baseline: str | None, output: Path) -> None:
    """Write one page with all tables, figures, model cards and contamination.

    The page loads nothing and can be opened, sent and printed as it is. It holds no text of a corpus.
    """
    from harness.report import build_report

    board = _read(results_dir, suite, models)
    page = build_report(
        board.store,
        board.records,
        board.declared,
        suite=board.suite or "",
        evidence=read_evidence(results_dir),
        recommended=recommended_poolings(board.models),
        baseline=baseline,
    )
    write_text(output, page, "a report")
    echo(f"{output}: {decimal(len(page.encode()))}")
