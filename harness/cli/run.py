"""`bench run`."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.errors import UsageError
from harness.printing import echo, show_rows

if TYPE_CHECKING:
    from harness.evaluation import Evaluation, Evaluator, RunReport
    from harness.progress import Progress


@click.command()
@click.option("--models", "-m", multiple=True, help="Encoders, comma-separated or repeated; NAME=PATH names one.")
@click.option(
    "--suite", default=None, help="A suite of `bench tasks`  [default: paper where its data is here, else quick]"
)
@click.option("--tasks", "-t", multiple=True, help="Families, corpora or ids, e.g. polarity,emotion or polarity/mr.")
@click.option("--seeds", default="0,1,2", show_default=True, help="For tasks with a random part, comma-separated.")
@options.data_dir
@options.results_dir
@options.cache_dir
@options.encoder_options
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Try it out on at most N texts of each split.")
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="Where to measure."
)
@click.option("--address", default=None, help="A Ray cluster: auto, or host:port  [default: one on this machine]")
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Ray tasks at once  [default: all cores]")
@click.option("--shard", default=None, metavar="i/n", help="Only the i-th of n shares of the plan, as job arrays do.")
@click.option("--dry-run", is_flag=True, help="Print what would be measured; do nothing.")
@click.option("--resume/--fresh", default=True, help="Keep what is recorded (default), or measure everything again.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure.")
@options.offline
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but notices and the summary.")
def run(
    models: tuple[str, ...],
    suite: str | None,
    tasks: tuple[str, ...],
    seeds: str,
    weights_dirs: tuple[str, ...],
    tokenizer_dirs: tuple[str, ...],
    trusted: tuple[str, ...],
    engine: str,
    address: str | None,
    workers: int | None,
    shard: str | None,
    dry_run: bool,
    resume: bool,
    quiet: bool,
    **given: Any,
) -> int:
    """Encode, score and record models on tasks.

    Each distinct text is encoded once; what is recorded already is not measured again. `bench table` prints the
    results.

    Exit code: 0 all done (or weights, extras or a corpus are missing on this machine: a notice says which), 1 something
    failed, 2 wrong usage, 130 interrupted.
    """
    options.go_offline(given["offline"])
    from harness import evaluation
    from harness.progress import progress_for
    from harness.ray import measure as measure_on_ray

    if (address is not None or workers is not None) and engine != "ray":
        raise UsageError("--address and --workers are those of a Ray cluster: add --engine ray")
    if given["data_dir"] is not None and not given["data_dir"].is_dir():
        raise UsageError(f"--data-dir {given['data_dir']} is not a directory; `bench data` says which files are needed")
    run_options = evaluation.RunOptions(
        weights_dirs=options.directories(weights_dirs, "--weights-dir"),
        tokenizer_dirs=options.directories(tokenizer_dirs, "--tokenizer-dir"),
        trusted=tuple(options.split_names(trusted)),
        fresh=not resume,
        **given,
    )
    chosen = options.split_names(models)
    where: Any = {"suite": suite, "tasks": options.split_names(tasks), "seeds": _seeds(seeds), "shard": shard}
    if dry_run:
        echo(_shown_plan(*evaluation.plan(chosen, run_options, **where)))
        return 0
    progress = progress_for(quiet=quiet)
    on_ray = partial(measure_on_ray, address=address, workers=workers) if engine == "ray" else None
    report = evaluation.run(chosen, run_options, **where, progress=progress, engine=on_ray)
    _summary(report, progress, run_options.results_dir)
    return report.exit_code


def _seeds(text: str) -> tuple[int, ...]:
    try:
        seeds = tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        seeds = ()
    if not seeds or min(seeds) < 0:
        raise UsageError(f"--seeds takes whole numbers from 0, comma-separated, not {text!r}")
    return seeds


def _shown_plan(planned: list[Evaluation], evaluator: Evaluator) -> str:
    """The evaluations of a plan, with the texts of their corpora and whether there is a result."""
    rows: list[tuple[object, ...]] = []
    for one in planned:
        texts = sum(sum(evaluator.corpora.card(name).rows.values()) for name in evaluator.tasks[one.task].corpora)
        there = not evaluator.options.fresh and evaluator.has_result(one)
        rows.append((one.model, one.task, one.seed, f"{texts:,}", "recorded" if there else "to measure"))
    left = sum(row[-1] == "to measure" for row in rows)
    table = show_rows(("model", "task", "seed", "texts", ""), rows, "plain")
    return f"{table}\n\n{left} evaluations to measure, {len(rows) - left} recorded before"


def _summary(report: RunReport, progress: Progress, results_dir: Path) -> None:
    done = f"{progress.done} of {progress.total} evaluations"
    known = f" ({progress.known} were recorded before)" if progress.known else ""
    if report.interrupted:
        echo(f"interrupted after {done}{known}; all of them are kept. To go on from here:", err=True)
        # Without `--fresh`: going on must not start again.
        again = [argument for argument in sys.argv[1:] if argument != "--fresh"]
        echo(f"  {shlex.join(['bench', *again])}", err=True)
        return
    echo(f"{done} ended{known}; records in {results_dir}", err=True)
    for what, records in (("failed", report.failed), ("missing on this machine", report.missing)):
        counts = Counter(record.model.name for record in records)
        if counts:
            shown = ", ".join(f"{model} ({count} evaluation{'s' * (count > 1)})" for model, count in counts.items())
            echo(f"  {what}: {shown}; the notes above say why", err=True)
    if report.unknown:
        echo(f"  no such model here or on the hub: {', '.join(report.unknown)}", err=True)
