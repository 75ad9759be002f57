"""`bench table`, `bench figures` and `bench report`: what was recorded, for people."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from harness.cli import options
from harness.contamination import TextEvidence, apply_evidence, read_evidence
from harness.corpora import CorpusRegistry
from harness.errors import UsageError, unknown_name
from harness.files import write_bytes, write_text
from harness.leaderboard import build_tables, format_of, long_csv, long_rows, render, with_limited
from harness.printing import echo
from harness.record import Record, ResultStore
from harness.registry import recommended_poolings, select_tasks, tasks

_FILE = click.Path(dir_okay=False, path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)
_CHOICE = (
    options.results_dir,
    click.option("--suite", help="quick, paper, extended or recipes  [default: what was recorded]"),
    click.option("--models", "-m", multiple=True, help="Only these models."),
)
_DRAWING = (
    *_CHOICE,
    options.data_dir,
    options.cache_dir,
    options.offline,
    click.option("--baseline", help="What others are compared with  [default: bert, else minilm]"),
)
_ranks = click.option("--ranks", is_flag=True, help="Show the places that each model can hold, ties as ranges.")


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """Records of one suite."""

    store: ResultStore
    records: list[Record]
    suite: str
    tasks: dict[str, tuple[str, ...]]
    """Task id → its metrics, the main one first, in the suite's order."""
    evidence: dict[tuple[str, str], TextEvidence]
    """(model, task id) → what comparing texts showed."""
    recommended: dict[str, str]
    """Encoder → the pooling that its authors trained, where its card says so."""


def read_recorded(
    results_dir: Path,
    suite: str | None = None,
    models: tuple[str, ...] = (),
    *,
    long: bool = False,
    table: bool = False,
) -> Recorded:
    """Read the records of a directory.

    Args:
        results_dir: the directory.
        suite: its name; None takes the richest of which something was recorded: real corpora before the sample.
        models: only these, comma-separated or repeated; none takes all.
        long: whether no suite means all of them, and what was tried with `--limit` keeps its own name.
        table: whether what was tried with `--limit` stands for what was not measured.

    Raises:
        UsageError: there are no records, or none of a model.
    """
    store, evidence = ResultStore(results_dir), read_evidence(results_dir)
    records = apply_evidence(store, evidence)
    if not records:
        raise UsageError(f"there are no records in {results_dir}; measure first: bench run --models minilm,lexicon")
    wanted, known = options.split_names(models), sorted({record.model.name for record in records})
    for name in wanted:
        if name not in known:
            raise unknown_name("recorded model", name, known)
    records = [record for record in records if not wanted or record.model.name in wanted]
    recorded = {record.task_id.partition("+limit-")[0] for record in records}
    richest = (one for one in ("paper", "extended", "recipes", "quick") if recorded & set(select_tasks(one, [])))
    chosen = suite or next(richest, "sample")
    found = tasks() if long and suite is None else select_tasks(chosen, [])
    records = [record for record in records if record.task_id.partition("+limit-")[0] in found]
    if table:
        records = with_limited(records)
    elif not long:
        records = [record for record in records if "+limit-" not in record.protocol]
    if not records:
        raise UsageError(f"nothing of suite {chosen} was measured on all texts: bench run --suite {chosen} does")
    if unverified := Counter(record.model.name for record in records if not record.verified):
        shown = ", ".join(f"{name} ({count})" for name, count in unverified.items())
        echo(f"note: unverified records, whose files have no checksum: {shown}", err=True)
    return Recorded(
        store=store,
        records=records,
        suite=chosen,
        tasks={name: task.metrics for name, task in found.items()},
        evidence=evidence,
        recommended=recommended_poolings(record.model.name for record in records),
    )


@click.command()
@click.argument("tables", nargs=-1)
@options.several(*_CHOICE)
@click.option("--format", "fmt", help="plain, markdown, latex, html, csv, json  [default: as --output ends, or plain]")
@click.option("--columns", multiple=True, help="Of the overview: all, corpora, families or patterns of task ids.")
@click.option("--long", "long_form", is_flag=True, help="As csv or json: one number a row, of all suites by default.")
@click.option("--intervals", is_flag=True, help="Show 95 % intervals, as ±.")
@_ranks
@click.option(
    "--tests/--no-tests",
    default=None,
    help="Mark what differs from the model it started from, and show intervals  [default: for suite recipes]",
)
@click.option("--published/--no-published", default=True, help="Show the paper's numbers beside ours.")
@click.option("--output", "-o", type=_FILE, help="Write to this file.")
def table(
    tables: tuple[str, ...],
    fmt: str | None,
    columns: tuple[str, ...],
    long_form: bool,
    intervals: bool,
    ranks: bool,
    tests: bool | None,
    published: bool,
    output: Path | None,
    **choice: Any,
) -> None:
    """Print the recorded results as the paper's tables.

    TABLES are overview, I, II, III, IV, V, conversation; all by default. Nothing is measured: `bench run` does that.
    """
    fmt = fmt or format_of(output.name if output else "")
    recorded = read_recorded(**choice, long=long_form, table=not long_form)
    coloured = output is None and fmt == "plain" and sys.stdout.isatty()
    if long_form:
        if fmt not in ("csv", "json"):
            raise UsageError(f"--long goes with --format csv or json, not {fmt}")
        rows = long_rows(recorded.records, recorded.tasks)
        text = long_csv(rows) if fmt == "csv" else json.dumps([row._asdict() for row in rows], indent=1) + "\n"
    else:
        tested = recorded.suite == "recipes" if tests is None else tests
        built = build_tables(
            recorded.records,
            suite=recorded.suite,
            which=tables or None,
            published=published,
            intervals=intervals or tested,
            tasks=recorded.tasks,
            columns=options.split_names(columns),
            recommended=recorded.recommended,
        )
        if not built:
            named = f"table {', '.join(tables)}" if tables else "any table"
            raise UsageError(f"no model was measured on a task of {named}; `bench tasks` lists them")
        if ranks or tested:
            from harness.leaderboard.significance import against_start, with_places

            built = with_places(built, recorded.store, recorded.records) if ranks else built
            built = against_start(built, recorded.store, recorded.records) if tested else built
        text = render(built, fmt, colour=coloured, width=shutil.get_terminal_size().columns if coloured else None)
    if output is None:
        echo(text.rstrip("\n"), coloured=coloured)
    else:
        write_text(output, text, "a table")


@click.command()
@click.argument("names", nargs=-1)
@options.several(*_DRAWING)
@click.option("--format", "formats", default="svg", show_default=True, help="svg, pdf or png; several comma-separated.")
@click.option("--output", "-o", type=_DIRECTORY, default=Path("figures"), show_default=True, help="Their directory.")
def figures(
    names: tuple[str, ...],
    data_dir: Path | None,
    cache_dir: Path,
    offline: bool,
    baseline: str | None,
    formats: str,
    output: Path,
    **choice: Any,
) -> None:
    """Draw the recorded results.

    NAMES are forest, geometry, pca, plane-emobank, plane-facebook, plane-emotales, confusion-goemotions,
    confusion-sst5, cost, critical-difference; all by default, with captions in README.md. Nothing is measured. `pca`
    needs vectors: it takes them from the cache once, and keeps their projection beside the records.
    """
    from harness.figures import FORMATS, Drawing, Source, captions, draw_all, to_bytes

    wanted = options.split_names((formats,))
    for fmt in wanted:
        if fmt not in FORMATS:
            raise UsageError(f"there is no format {fmt!r}; there are {', '.join(FORMATS)}")
    options.go_offline(offline)
    recorded = read_recorded(**choice)
    source = Source.of(
        recorded.store,
        recorded.records,
        recorded.tasks,
        library=CorpusRegistry(data_dir, cache_dir, offline=True),
        cache_dir=cache_dir,
        baseline=baseline,
        recommended=recorded.recommended,
    )
    found = []
    for item in draw_all(source, names):
        found.append(item)
        if isinstance(item, Drawing):
            for fmt in wanted:
                path = output / f"{item.key}.{fmt}"
                write_bytes(path, to_bytes(item, fmt), "a figure")
                echo(f"{path}")
        else:
            echo(f"{item.key}: not drawn: {item.reason}", err=True)
    if not names:
        write_text(output / "README.md", captions(found, wanted[0]), "captions")


@click.command()
@options.several(*_DRAWING)
@_ranks
@click.option("--output", "-o", type=_FILE, default=Path("report.html"), show_default=True, help="The page.")
def report(
    data_dir: Path | None,
    cache_dir: Path,
    offline: bool,
    baseline: str | None,
    ranks: bool,
    output: Path,
    **choice: Any,
) -> None:
    """Write one page with all tables, figures, model cards, contamination and single predictions.

    The page loads nothing and can be opened, sent and printed as it is. With --data-dir it holds texts of the corpora,
    for your eyes alone; without, it holds none.
    """
    if data_dir is not None and not data_dir.is_dir():
        raise UsageError(f"--data-dir {data_dir} is not a directory")
    from harness.report import build_report

    options.go_offline(offline)
    recorded = read_recorded(**choice)
    page = build_report(
        recorded.store,
        recorded.records,
        recorded.tasks,
        suite=recorded.suite,
        evidence=recorded.evidence,
        recommended=recorded.recommended,
        library=CorpusRegistry(data_dir, cache_dir, offline=True),
        with_texts=data_dir is not None or recorded.suite == "sample",
        cache_dir=cache_dir,
        baseline=baseline,
        ranks=ranks,
    )
    write_text(output, page, "a report")
    echo(f"{output}: {len(page.encode()) / 1e6:.1f} MB")
