"""`carl recipes`: the objectives of published encoders on one backbone, under one budget."""

import time
from itertools import product
from pathlib import Path
from typing import Any

import click

from carl.commands import accelerated, reporter, stop_on_signals
from carl.recipes.catalogue import RecipeConfig
from carl.recipes.catalogue import recipes as all_recipes
from harness.cli.options import cache_dir, data_dir, offline, split_names
from harness.errors import BenchError

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def recipes() -> None:
    """Train the objectives of published encoders on one backbone: the same texts, the same computation.

    What comes out is our re-training of a recipe, as `recipe-NAME-BACKBONE` in `bench models`.
    """


@recipes.command("list")
def list_recipes() -> None:
    """List the recipes, and what each is trained on."""
    for one in all_recipes():
        click.echo(f"{one.name:22}  {one.group:21}  {one.data:17}  {one.title}")


@recipes.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--backbone", default="minilm", show_default=True, help="minilm, roberta-small, mpnet, ...")
@click.option("--pooling", type=click.Choice(["cls", "mean"]), default="cls", show_default=True)
@click.option("--seeds", default="0", show_default=True, help="Of the training, comma-separated.")
@data_dir
@cache_dir
@offline
@click.option("--budget", "texts", type=click.IntRange(min=8), default=6_400, show_default=True, help="Distinct texts.")
@click.option("--passes", type=float, default=2.5, show_default=True, help="Computation, as passes over these texts.")
@click.option("--batch", type=click.IntRange(min=4), default=128, show_default=True)
@click.option("--max-length", type=click.IntRange(min=8), default=40, show_default=True, help="Tokens of a text.")
@click.option("--learning-rate", type=float, default=1e-4, show_default=True, help="Peak, the same for every recipe.")
@click.option("--lora-rank", type=click.IntRange(min=0), default=0, show_default=True, help="0 trains all layers.")
@click.option("--precision", type=click.Choice(["bfloat16", "float32"]), default="bfloat16", show_default=True)
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default="runs/recipes", show_default=True)
@click.option("--corpus-dir", type=_DIRECTORY, help="Folder with rated reviews, *.jsonl or *.jsonl.zst.")
@click.option("--backbone-dir", type=_DIRECTORY, help="Checkpoint of the backbone.")
@click.option("--cpu", is_flag=True, help="Stay on the CPU even where there is a GPU.")
@click.option("--until", type=click.IntRange(min=1), help="Stop each run after this step.")
@click.option("--minutes", type=click.FloatRange(min=0), help="Stop after so many minutes; the same command resumes.")
@click.pass_context
def train(
    ctx: click.Context,
    /,
    names: tuple[str, ...],
    seeds: str,
    output: Path,
    data_dir: Path | None,
    corpus_dir: Path | None,
    backbone_dir: Path | None,
    cpu: bool,
    until: int | None,
    minutes: float | None,
    cache_dir: Path,
    **settings: Any,
) -> None:
    """Train recipes, or `all`. The same command resumes an interrupted run; finished runs are kept.

    Exit code: 0 done or stopped by --until or --minutes, 1 a recipe failed (the others are done), 130 interrupted.
    """
    deadline = float("inf") if minutes is None else time.monotonic() + 60 * minutes
    accelerator = accelerated(cpu, settings["precision"])
    from carl.recipes.data import Folders
    from carl.recipes.training import RecipeRun, is_finished
    from harness.corpora.registry import CorpusRegistry

    folders = Folders(CorpusRegistry(data_dir, cache_dir), data_dir, corpus_dir)
    running: RecipeRun | None = None
    failed = False
    stopped = stop_on_signals(lambda: running.trainer.stop() if running else None)
    asked = split_names(names)
    chosen = [one.name for one in all_recipes()] if asked == ["all"] else asked
    for name, seed in product(chosen, seeds.split(",")):
        config = RecipeConfig(recipe=name, seed=int(seed), **settings)
        if stopped() or time.monotonic() >= deadline:
            break
        if is_finished(output / config.folder, config):
            click.echo(f"{config.folder}: finished", err=True)
            continue
        try:
            report = reporter(config.folder)
            running = run = RecipeRun(config, folders, output, backbone_dir, accelerator=accelerator, report=report)
            click.echo(f"{config.folder}: {run.trainer.steps:,} steps", err=True)
            if not stopped() and run.trainer.run(until=until, seconds=deadline - time.monotonic()):
                run.write()
                click.echo(str(run.output))
        except BenchError as error:  # one recipe's failure must not take the others along
            click.echo(f"FAILED {config.folder}: {error}", err=True)
            failed = True
    ctx.exit(130 if stopped() else int(failed))
