"""`bench compare` and `bench import-mteb`: numbers beside numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from harness.api import Leaderboard, changes
from harness.cli import options
from harness.comparison import Changes, Comparison, LeftOut
from harness.errors import UsageError
from harness.interop import PROTOCOLS, beside, read_mteb
from harness.leaderboard.words import metric_style
from harness.printing import echo, show_rows
from harness.record import ResultStore
from harness.registry import select_tasks


@click.command()
@click.argument("models", nargs=-1)
@options.results_dir
@click.option(
    "--other-results-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Results of the second model, or of a second measurement.",
)
@options.suite
@options.tasks
@click.option("--metrics", multiple=True, help="These numbers in place of the main one of each task; `all` for all.")
@click.option("--draws", type=click.IntRange(min=100), default=1000, show_default=True, help="Bootstrap resamples.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Between two measurements: largest difference that counts as none.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when a number changed between two measurements.")
@options.output_format
def compare(
    models: tuple[str, ...],
    results_dir: Path,
    other_results_dir: Path | None,
    suite: str | None,
    tasks: tuple[str, ...],
    metrics: tuple[str, ...],
    draws: int,
    tolerance: float,
    exit_code: bool,
    fmt: str,
) -> int:
    """Compare two models, or two measurements of the same models.

    With two MODELS: the second minus the first on each task, with 95 % interval, test, p-value and Holm's correction
    over the rows shown. With --other-results-dir and one model or none: every number that is not the same in both
    directories, to the last digit.

    \b
      bench compare minilm lexicon
      bench compare --results-dir results --other-results-dir /tmp/after --exit-code
    """  # noqa: D301 (click reads the backspace character)
    names, patterns = options.split_names(models), options.split_names(tasks)
    if other_results_dir is not None and len(set(names)) < 2:
        chosen = list(select_tasks(suite, patterns)) if suite or patterns else None
        for name in names:  # says so when one holds nothing of the model
            for directory in (results_dir, other_results_dir):
                Leaderboard.read(directory, models=name)
        changed = changes(results_dir, other_results_dir, models=names or None, tasks=chosen, tolerance=tolerance)
        if not changed.units and not changed.changed:
            raise UsageError(
                f"{results_dir} and {other_results_dir} have no measured evaluation in common: nothing was compared"
            )
        echo(_show_changes(changed, fmt, results_dir, other_results_dir, tolerance))
        return 1 if exit_code and changed.changed else 0
    if len(names) != 2:
        raise UsageError(
            "name two models, or one or none with --other-results-dir: bench compare minilm lexicon"
            if len(models) != 2
            else f"{names[0]} is the same as itself; name another model, or --other-results-dir"
        )
    if exit_code:
        raise UsageError("--exit-code is for two measurements of the same models, with --other-results-dir")
    board = Leaderboard.read(results_dir, suite=suite, tasks=patterns)
    other = board if other_results_dir is None else Leaderboard.read(other_results_dir, suite=suite, tasks=patterns)
    found = board.compare(*names, metrics=options.split_names(metrics) or None, draws=draws, other=other)
    if not found.numbers:
        raise UsageError(
            f"{names[0]} and {names[1]} have no number in common "
            f"({'; '.join(sorted({one.reason for one in found.left_out})) or 'no task'}). `bench run --models "
            f"{','.join(names)}` measures what is missing; `bench weights NAME` fetches missing weights first"
        )
    echo(_show_comparison(found, fmt))
    return 0


def _show_comparison(found: Comparison, fmt: str) -> str:
    document = asdict(found)
    for row, number in zip(document["numbers"], found.numbers, strict=True):
        row["verdict"] = number.verdict(metric_style(number.metric).higher_is_better)
    if fmt == "json":
        return json.dumps(document, indent=1, ensure_ascii=False)
    numeric = {name: name for name in ("first", "second", "difference", "low", "high", "p", "adjusted")}
    if fmt != "csv" and found.first != found.second:
        numeric |= {"first": found.first, "second": found.second}
    rows = [
        {
            "task": row["task_id"],
            "metric": row["metric"],
            **{head: row[name] if fmt == "csv" else _rounded(row[name]) for name, head in numeric.items()},
            **{"test": row["test"], "verdict": row["verdict"], "note": row["note"], "seen": " ".join(row["seen"])},
        }
        for row in document["numbers"]
    ]
    if fmt == "csv":
        return show_rows(rows, fmt)
    seen = ",".join(sorted({name for number in found.numbers for name in number.seen}))
    feet = [
        f"Differences are {found.second} minus {found.first}, with 95 % intervals; adjusted: p corrected by Holm for "
        "the number of rows shown.",
        *([f"* {seen} may have seen the texts: bench contamination --models {seen}"] if seen else []),
        *_feet(found.left_out),
    ]
    return "\n\n".join((show_rows(rows, fmt, list(rows[0])[:-1] if rows else None), "\n".join(feet)))


def _feet(left_out: Sequence[LeftOut], *, models: bool = False) -> list[str]:
    """What was not compared, by reason; with the models where it is not clear which."""
    reasons: dict[str, list[str]] = {}
    for one in left_out:
        name = f"{one.model} {one.task_id}" if models else one.task_id
        reasons.setdefault(one.reason, []).append(name)
    return [f"Not compared, {reason}: {', '.join(names)}" for reason, names in reasons.items()]


def _show_changes(found: Changes, fmt: str, before: Path, after: Path, tolerance: float) -> str:
    if fmt == "json":
        return json.dumps(asdict(found), indent=1, ensure_ascii=False)
    rows = [{"model": one.model, "task": one.task_id, **asdict(one)} for one in found.changed]
    if fmt == "csv":
        return show_rows(rows, fmt)
    within = f" beyond {tolerance:g}" if tolerance else ""
    units = len({(one.model, one.task_id, one.seed) for one in found.changed})
    end = f"{len(found.changed)} differences{within} in {units} of {found.units} evaluations"
    feet = [
        f"{end if rows else f'No number changed{within}'}; {found.numbers:,} numbers of {found.units} evaluations "
        f"compared ({before}, {after}).",
        *found.notes,
        *_feet(found.left_out, models=True),
    ]
    table = [show_rows(rows, fmt, ("model", "task", "seed", "what", "before", "after"))] if rows else []
    return "\n\n".join([*table, "\n".join(feet)])


def _rounded(value: float | None) -> str:
    return "" if value is None else "<0.0001" if 0 < value < 0.0001 else f"{value:.4f}"


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.results_dir
@click.option("--all", "everything", is_flag=True, help="Show tasks without a counterpart of ours, too.")
@options.output_format
def import_mteb(paths: tuple[Path, ...], results_dir: Path, everything: bool, fmt: str) -> None:
    """Show result files of mteb beside our records.

    PATHS are files, or folders that hold them. Numbers of mteb keep a column of their own with their protocol, which
    differs even on the same texts; they never enter our tables.

    \b
      bench import-mteb ~/.cache/mteb/results/sentence-transformers__all-MiniLM-L6-v2
    """  # noqa: D301 (click reads the backspace character)
    scores = read_mteb(paths)
    pairs = beside([score for score in scores if everything or score.matches], ResultStore(results_dir))
    rows = [
        {
            "model": score.model,
            "mteb task": score.task,
            "split": score.split,
            "metric": score.metric,
            "mteb": score.value,
            "ours": record and record.metrics[score.metric].value,
            "our model": record and record.model.name,
            "our protocol": record.protocol if record else "not measured here" if score.matches else "",
            "mteb's protocol": score.protocol,
        }
        for score, records in pairs
        for record in (*records, *([] if records else [None]))
    ]
    if rows or fmt == "json":
        echo(show_rows(rows, fmt))
    if fmt in ("json", "csv"):
        return
    if not rows:
        echo(f"None of these tasks has a counterpart of ours; there are {', '.join(PROTOCOLS)}.")
    left = sorted({score.task for score in scores if not score.matches})
    if left and not everything:
        echo(f"\nWithout a counterpart (--all shows them): {', '.join(left)}")
