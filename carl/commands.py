"""Commands of `carl` around a run: train, ship, card, curves, configs.

What imports torch is imported inside its command.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carl.config import configuration, configuration_names
from harness.cli.options import cache_dir, data_dir, go_offline, offline, results_dir
from harness.errors import UsageError
from harness.files import write_text

if TYPE_CHECKING:
    from types import FrameType

    from rich.progress import Progress

_FOLDER = click.Path(file_okay=False, path_type=Path)
_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)

#: Measurements that a line of progress shows; the others stand in the curves alone.
_SHOWN = ("loss", "mccl", "ptd", "words", "preserve", "teacher", "auc_attacked", "auc_clean", "effective_rank")


@click.command()
@click.option("--config", "name", required=True, help="Named configuration; `carl configs` lists them.")
@click.option("--output", type=_FOLDER, help="Directory of the run  [default: runs/CONFIG-sSEED]")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Change a field of the configuration.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@data_dir
@click.option("--corpus-dir", type=_DIRECTORY, help="Folder with texts and rated reviews, *.jsonl or *.jsonl.zst.")
@click.option("--backbone-dir", type=_DIRECTORY, help="Checkpoint of the backbone.")
@click.option("--cpu", is_flag=True, help="Stay on the CPU even where there is a GPU.")
@click.option("--no-development", is_flag=True, help="Look at no development data; the last step is written.")
@click.option("--until", type=click.IntRange(min=1), help="Stop after this step; the same line goes on.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop after so many minutes of training.")
@cache_dir
@offline
@click.pass_context
def train(
    ctx: click.Context,
    name: str,
    output: Path | None,
    settings: tuple[str, ...],
    seed: int,
    data_dir: Path | None,
    corpus_dir: Path | None,
    backbone_dir: Path | None,
    cpu: bool,
    no_development: bool,
    until: int | None,
    minutes: float | None,
    cache_dir: Path,
    offline: bool,
) -> None:
    """Train an encoder. The same line again goes on where an interrupted run stopped.

    Curves go to OUTPUT/training/curves.jsonl. Ctrl-C saves the state after the current step (exit code 130). On several
    GPUs: `accelerate launch --num-processes N -m carl train ...`.
    """
    go_offline(offline)
    config = configuration(name).changed([*settings, f"seed={seed}"])
    from accelerate import Accelerator

    from carl.run import Folders, Run
    from harness.corpora.registry import CorpusRegistry

    accelerator = Accelerator(cpu=cpu)
    folder = output or Path("runs") / f"{config.name}-s{seed}"
    folders = Folders(folder, data_dir, corpus_dir, backbone_dir)
    with _progress(quiet=not accelerator.is_main_process) as progress:
        run = Run(
            config,
            CorpusRegistry(data_dir, cache_dir, offline=offline),
            folders,
            accelerator=accelerator,
            development=not no_development,
            say=progress.console.print,
            report=_reporter(progress, config.name),
        )

        def stop(number: int, frame: FrameType | None) -> None:
            if run.trainer.stopping:
                raise KeyboardInterrupt
            progress.console.print("saving the state after this step; again to stop at once")
            run.trainer.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        complete = run.trainer.run(until=until, seconds=None if minutes is None else 60 * minutes)
    if complete and accelerator.is_main_process:
        run.write()
        click.echo(str(folder))
    elif not complete:
        click.echo(f"stopped after step {run.trainer.progress.step} of {run.trainer.steps}", err=True)
        ctx.exit(130 if run.trainer.stopping else 0)


def _progress(*, quiet: bool) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    return Progress(*columns, console=Console(stderr=True, quiet=quiet, highlight=False))


def _reporter(progress: Progress, name: str) -> Any:
    """What shows the measurements of a step: a bar with the time left, and a line."""
    bars: list[Any] = []

    def report(step: int, steps: int, measures: Mapping[str, float | None]) -> None:
        if not bars:
            bars.append(progress.add_task(name, total=steps, completed=step))
        progress.update(bars[0], completed=step)
        names = [found for found in measures if found in _SHOWN or found.startswith("dev_")]
        values = "  ".join(f"{found} {measures[found]:.4g}" for found in names if measures[found] is not None)
        progress.console.print(f"step {step}/{steps}  {values}", soft_wrap=True)

    return report


@click.command()
@click.argument("name", required=False)
def configs(name: str | None) -> None:
    """List configurations, or print every field of one as JSON."""
    if name is not None:
        click.echo(json.dumps(configuration(name).as_dict(), indent=2))
        return
    for known in configuration_names():
        click.echo(known)


@click.command()
@click.argument("run", type=_DIRECTORY)
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="[default: RUN/training/curves.svg]"
)
def curves(run: Path, output: Path | None) -> None:
    """Draw the curves of the finished or running RUN: losses, detector, collapse, development scores."""
    from carl.train import CURVES, read_curves

    lines = read_curves(run / CURVES)
    if not lines:
        raise UsageError(f"{run} has no {CURVES}: give the --output directory of a `carl train` run")
    import pandas as pd

    frame = pd.DataFrame(lines).set_index("step").drop(columns="seconds").dropna(axis=1, how="all")
    axes = frame.interpolate(limit_area="inside").plot(subplots=True, layout=(-1, 3), figsize=(12, len(frame.columns)))
    figure = axes[0, 0].figure
    figure.suptitle(run.resolve().name)
    target = output or (run / CURVES).with_suffix(".svg")
    figure.tight_layout()
    figure.savefig(target)
    click.echo(str(target))


@click.command()
@click.argument("run", type=_DIRECTORY)
@click.option("--name", required=True, help="How the checkpoint is called, e.g. carl-minilm.")
@click.option("--to", "destination", type=_FOLDER, help="Folder of checkpoints  [default: this package's]")
@data_dir
@cache_dir
@offline
def ship(run: Path, name: str, destination: Path | None, data_dir: Path | None, cache_dir: Path, offline: bool) -> None:
    """Make a checkpoint of the finished RUN: check it, fit its heads on EmoBank and GoEmotions, write its card.

    Heads are fitted on training splits and scored on test splits; the scores go into the card and choose nothing. A
    checkpoint of that name is replaced.
    """
    go_offline(offline)
    from carl.ship import ship as make
    from carl.shipped import CHECKPOINTS
    from harness.corpora.registry import CorpusRegistry

    library = CorpusRegistry(data_dir, cache_dir, offline=offline)
    click.echo(str(make(run, name, library, destination or CHECKPOINTS)))


@click.command()
@click.argument("checkpoint", type=_DIRECTORY)
@results_dir
def card(checkpoint: Path, results_dir: Path) -> None:
    """Write README.md of a shipped CHECKPOINT again, with every evaluation of its very weights in the results."""
    from carl.card import evaluations_of, model_card
    from carl.heads import read_heads
    from carl.provenance import read_record

    record = read_record(checkpoint)
    found = evaluations_of(checkpoint, record.shipped_as or record.name, results_dir)
    write_text(checkpoint / "README.md", model_card(record, read_heads(checkpoint), found), "the model card")
    click.echo(f"{len(found)} evaluations: {checkpoint / 'README.md'}", err=True)
