"""`bench table`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.errors import UsageError
from harness.printing import echo

if TYPE_CHECKING:
    from harness.record import Record


@click.command()
@click.argument("tables", nargs=-1)
@options.results_dir
@click.option("--suite", default=None, help="quick, paper, extended or recipes  [default: what was recorded]")
@click.option("--models", "-m", multiple=True, help="Only these models.")
@click.option(
    "--format",
    "fmt",
    default=None,
    help="plain, markdown, latex, html, csv or json  [default: as --output ends, or plain]",
)
@click.option("--columns", multiple=True, help="Of the overview: all, corpora, families or patterns of task ids.")
@click.option(
    "--long", "long_form", is_flag=True, help="With csv or json: one number a row, of all suites unless one is named."
)
@click.option("--intervals", is_flag=True, help="Show 95 % intervals, as ±.")
@click.option("--brackets", is_flag=True, help="Show 95 % intervals by their ends, as [low, high].")
@click.option("--ranks", is_flag=True, help="Show the places that each model can hold, ties as ranges.")
@click.option(
    "--tests/--no-tests",
    default=None,
    help="Mark what differs from the model it started from, and show intervals  [default: for suite recipes]",
)
@click.option("--published/--no-published", default=True, help="Show the paper's numbers beside ours.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
def table(
    tables: tuple[str, ...],
    results_dir: Path,
    suite: str | None,
    models: tuple[str, ...],
    fmt: str | None,
    columns: tuple[str, ...],
    long_form: bool,
    intervals: bool,
    brackets: bool,
    ranks: bool,
    tests: bool | None,
    published: bool,
    output: Path | None,
) -> None:
    """Print the recorded results as the paper's tables.

    TABLES are overview, I, II, III, IV, V, conversation; all by default. Nothing is measured: `bench run` does that.
    """
    from harness.cli.recorded import read_recorded
    from harness.leaderboard import ENDINGS, build_tables, render

    fmt = fmt or (ENDINGS.get(output.suffix.lower()) if output is not None else None) or "plain"
    recorded = read_recorded(results_dir, suite, models, every_suite=long_form)
    records, metrics = recorded.records, recorded.tasks
    coloured = output is None and fmt == "plain" and sys.stdout.isatty()
    if long_form:
        text = _long(records, fmt, metrics)
    else:
        tested = recorded.suite == "recipes" if tests is None else tests
        built = build_tables(
            records,
            suite=recorded.suite,
            which=tables or None,
            published=published,
            intervals=intervals or tested,
            brackets=brackets,
            tasks=metrics,
            columns=options.split_names(columns),
            recommended=recorded.recommended,
        )
        if not built:
            raise UsageError(f"nothing of {', '.join(tables) or 'any table'} was measured: bench run --help says how")
        if ranks or tested:
            from harness.leaderboard.significance import against_start, with_places

            built = with_places(built, recorded.store, records) if ranks else built
            built = against_start(built, recorded.store, records) if tested else built
        text = render(built, fmt, colour=coloured, width=shutil.get_terminal_size().columns if coloured else None)
    if output is None:
        echo(text.rstrip("\n"), coloured=coloured)
    else:
        from harness.files import write_text

        write_text(output, text, "a table")


def _long(records: list[Record], fmt: str, metrics: dict[str, tuple[str, ...]]) -> str:
    import json

    from harness.leaderboard import long_csv, long_rows

    rows = long_rows(records, metrics)
    if fmt == "csv":
        return long_csv(rows)
    if fmt == "json":
        return json.dumps([row._asdict() for row in rows], indent=1) + "\n"
    raise UsageError(f"--long goes with --format csv or json, not {fmt}")
