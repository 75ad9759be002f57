"""`bench run`."""

from __future__ import annotations

import shlex
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from types import FrameType

    from harness.cli.progress import Tally
    from harness.runner import RunReport


@click.command()
@click.option("--models", "-m", multiple=True, help="Encoders, comma-separated or repeated; see `bench models`.")
@click.option("--suite", default=None, help="sample, paper, extended or recipes  [default: paper]")
@click.option("--tasks", "-t", multiple=True, help="Families, corpora or ids, e.g. polarity,emotion or polarity/mr.")
@click.option("--seeds", default="0,1,2", show_default=True, help="For tasks with a random part, comma-separated.")
@options.data_dir
@options.results_dir
@options.cache_dir
@options.encoder_options
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=None,
    help="Processes, or Ray workers, of one thread each; 1: this one alone  [default: what is quickest]",
)
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="Where units are done."
)
@click.option(
    "--address", default=None, help="A Ray cluster: auto, or host:port  [default: one on this machine for this run]"
)
@click.option(
    "--shard",
    "shard_text",
    default=None,
    metavar="i/n",
    help="Only the i-th of n shares of the plan, as job arrays do.",
)
@click.option(
    "--unit-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    metavar="SECONDS",
    help="Stop an encoder without progress, or a scoring unit, after so long; it counts as failed.",
)
@click.option("--max-memory", default=None, metavar="SIZE", help="That arrays may take, e.g. 2GB  [default: 2GB]")
@click.option("--dry-run", is_flag=True, help="Print units, texts, tokens, FLOPs, time and disk; do nothing.")
@click.option("--resume/--fresh", default=True, help="Keep what is recorded (default), or do everything again.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure.")
@options.offline
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but the summary.")
def run(
    models: tuple[str, ...],
    suite: str | None,
    tasks: tuple[str, ...],
    seeds: str,
    data_dir: Path | None,
    results_dir: Path,
    cache_dir: Path,
    weights_dirs: tuple[str, ...],
    tokenizer_dirs: tuple[str, ...],
    device: str | None,
    dtype: str | None,
    batch_tokens: int | None,
    trusted: tuple[str, ...],
    processes: int | None,
    engine: str,
    address: str | None,
    shard_text: str | None,
    unit_timeout: float | None,
    max_memory: str | None,
    dry_run: bool,
    resume: bool,
    fail_fast: bool,
    offline: bool,
    quiet: bool,
) -> int:
    """Encode, score and record models on tasks.

    Each distinct text is encoded once; what is recorded already is not done again. `bench table` prints the
    results.

    Exit code: 0 all done (or weights or extras of a model are missing: a notice says which), 1 something failed,
    2 wrong usage, 130 interrupted.
    """
    options.go_offline(offline)
    from harness.cli.progress import LiveProgress, PlainProgress, SilentProgress
    from harness.engines import LocalEngine, RayEngine
    from harness.planning import Shard
    from harness.runner import planned
    from harness.runner import run as run_plan
    from harness.units import RunOptions

    if address is not None and engine != "ray":
        raise click.UsageError("--address is that of a Ray cluster: add --engine ray")
    run_options = RunOptions(
        results_dir=results_dir,
        cache_dir=cache_dir,
        data_dir=_existing(data_dir),
        device=device,
        dtype=dtype,
        batch_tokens=batch_tokens,
        processes=processes,
        weights_dirs=options.directories(weights_dirs, "--weights-dir"),
        tokenizer_dirs=options.directories(tokenizer_dirs, "--tokenizer-dir"),
        trusted=tuple(options.split_names(trusted)),
        offline=offline,
        fresh=not resume,
        fail_fast=fail_fast,
        max_memory=None if max_memory is None else options.size(max_memory, "--max-memory"),
        unit_timeout=unit_timeout,
    )
    chosen = options.split_names(models)
    patterns = options.split_names(tasks)
    shard = None if shard_text is None else Shard.parse(shard_text)
    if dry_run:
        from harness.cli.dry_run import show_plan

        plan, bench = planned(chosen, run_options, suite=suite, tasks=patterns, seeds=_seeds(seeds), shard=shard)
        click.echo(show_plan(plan, bench))
        return 0
    watcher = SilentProgress() if quiet else LiveProgress() if sys.stderr.isatty() else PlainProgress()
    signal.signal(signal.SIGTERM, _interrupt)
    report = run_plan(
        chosen,
        run_options,
        engine=RayEngine(address, processes) if engine == "ray" else LocalEngine(),
        watcher=watcher,
        suite=suite,
        tasks=patterns,
        seeds=_seeds(seeds),
        shard=shard,
    )
    _summary(report, watcher, results_dir)
    return 130 if report.interrupted else 1 if report.failed else 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _existing(data_dir: Path | None) -> Path | None:
    from harness.errors import UsageError

    if data_dir is not None and not data_dir.is_dir():
        raise UsageError(f"--data-dir {data_dir} is not a directory; `bench data` says which files are needed")
    return data_dir


def _seeds(text: str) -> tuple[int, ...]:
    from harness.errors import UsageError

    try:
        seeds = tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        seeds = ()
    if not seeds or min(seeds) < 0:
        raise UsageError(f"--seeds takes whole numbers from 0, comma-separated, not {text!r}")
    return seeds


def _summary(report: RunReport, tally: Tally, results_dir: Path) -> None:
    done = f"{tally.done} of {tally.total} units"
    skipped = f" ({tally.skipped} were recorded before)" if tally.skipped else ""
    if report.interrupted:
        click.echo(f"interrupted after {done}{skipped}; all of them are kept. To go on from here:", err=True)
        click.echo(f"  {shlex.join(['bench', *_command_line()])}", err=True)
        return
    click.echo(f"{done} ended{skipped}; records in {results_dir}", err=True)
    for what, records in (("failed", report.failed), ("weights or extras missing", report.unavailable)):
        counts = Counter(record.model.name for record in records)
        if counts:
            shown = ", ".join(f"{model} ({count} unit{'s' * (count > 1)})" for model, count in counts.items())
            click.echo(f"  {what}: {shown}; the notes above say why", err=True)


def _command_line() -> list[str]:
    """The arguments of this call, without `--fresh`: going on must not start again."""
    return [argument for argument in sys.argv[1:] if argument != "--fresh"]
