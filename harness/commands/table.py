"""`bench table`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import options
from harness.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from harness.results import Record


@click.command()
@click.argument("tables", nargs=-1)
@options.results_dir
@click.option("--suite", default=None, help="sample, paper, extended or recipes  [default: what was recorded]")
@click.option("--models", "-m", multiple=True, help="Only these models.")
@click.option("--format", "fmt", default="plain", show_default=True, help="plain, markdown, csv or json")
@click.option(
    "--long", "long_form", is_flag=True, help="With csv or json: one number a row, of all suites unless one is named."
)
@click.option("--intervals", is_flag=True, help="Show 95 % intervals.")
@click.option("--published/--no-published", default=True, help="Show the paper's numbers beside ours.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
def table(
    tables: tuple[str, ...],
    results_dir: Path,
    suite: str | None,
    models: tuple[str, ...],
    fmt: str,
    long_form: bool,
    intervals: bool,
    published: bool,
    output: Path | None,
) -> None:
    """Print the recorded results as the paper's tables.

    TABLES are overview, I, II, III, IV; all by default. Nothing is measured: `bench run` does that.
    """
    from harness.leaderboard import build_tables, render
    from harness.results import ResultStore

    records = list(ResultStore(results_dir))
    if not records:
        raise UsageError(f"there are no records in {results_dir}; measure first: bench run --models minilm,lexicon")
    wanted = options.split_names(models)
    if wanted:
        known = sorted({record.model.name for record in records})
        for name in wanted:
            if name not in known:
                raise unknown_name("recorded model", name, known)
        records = [record for record in records if record.model.name in wanted]
    chosen = suite or _recorded_suite({record.task_id for record in records})
    metrics = _metrics(None if long_form and suite is None else chosen)
    records = [record for record in records if record.task_id in metrics]
    if long_form:
        text = _long(records, fmt, metrics)
    else:
        built = build_tables(
            records,
            suite=chosen,
            which=tables or None,
            published=published,
            intervals=intervals,
            tasks=metrics,
        )
        colour = output is None and sys.stdout.isatty()
        text = render(built, fmt, colour=colour)
    if output is None:
        click.echo(text.rstrip("\n"))
    else:
        from harness.files import write_text

        write_text(output, text, "a table")


def _recorded_suite(tasks: set[str]) -> str:
    """The richest suite of which something was recorded: real corpora before the embedded sample."""
    from harness.registry import select_tasks

    return next((suite for suite in ("paper", "extended", "recipes") if tasks & set(select_tasks(suite, []))), "sample")


def _metrics(suite: str | None) -> dict[str, tuple[str, ...]]:
    """Task id → its metrics, the main one first, in the suite's order; of all tasks for None."""
    from harness.registry import select_tasks, tasks

    chosen = tasks() if suite is None else select_tasks(suite, [])
    return {identity: task.metrics for identity, task in chosen.items()}


def _long(records: list[Record], fmt: str, metrics: dict[str, tuple[str, ...]]) -> str:
    import json

    from harness.leaderboard import long_csv, long_rows

    rows = long_rows(records, metrics)
    if fmt == "csv":
        return long_csv(rows)
    if fmt == "json":
        return json.dumps([row._asdict() for row in rows], indent=1) + "\n"
    raise UsageError(f"--long goes with --format csv or json, not {fmt}")
