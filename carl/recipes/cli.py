"""`carl recipes`: the objectives of published encoders on one backbone, under one budget."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from carl.commands import reporter, stop_on_signals
from carl.recipes.catalogue import RecipeConfig, recipe
from carl.recipes.catalogue import recipes as all_recipes
from harness.cli.options import cache_dir, data_dir, go_offline, offline, results_dir, split_names
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


def _which(command: Any) -> Any:
    """The argument and options that say which runs are meant."""
    for option in (
        offline,
        cache_dir,
        data_dir,
        click.option("--seeds", default="0", show_default=True, help="Of the training, comma-separated."),
        click.option("--pooling", type=click.Choice(["cls", "mean"]), default="cls", show_default=True),
        click.option("--backbone", default="minilm", show_default=True, help="minilm, roberta-small, mpnet, ..."),
        click.argument("names", nargs=-1, required=True, metavar="NAME..."),
    ):
        command = option(command)
    return command


def _configs(names: tuple[str, ...], seeds: str, **settings: Any) -> list[RecipeConfig]:
    """Runs of the recipes named, or of `all`, with each seed."""
    asked = split_names(names)
    chosen = list(all_recipes()) if asked == ["all"] else [recipe(name) for name in asked]
    return [RecipeConfig(recipe=one.name, seed=int(seed), **settings) for one in chosen for seed in seeds.split(",")]


@recipes.command()
@_which
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
@click.option("--minutes", type=click.FloatRange(min=0), help="Stop after so many minutes; the same line goes on.")
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
    offline: bool,
    **settings: Any,
) -> None:
    """Train recipes, or `all`. The same line again goes on where an interrupted run stopped; finished runs are kept.

    Exit code: 0 done or stopped by --until or --minutes, 1 a recipe failed (the others are done), 130 interrupted.
    """
    deadline = float("inf") if minutes is None else time.monotonic() + 60 * minutes
    go_offline(offline)
    from accelerate import Accelerator

    from carl.recipes.data import Folders
    from carl.recipes.training import RecipeRun, is_finished
    from harness.corpora.registry import CorpusRegistry

    folders = Folders(CorpusRegistry(data_dir, cache_dir, offline=offline), data_dir, corpus_dir)
    running: RecipeRun | None = None
    failed = False
    stopped = stop_on_signals(lambda: running.trainer.stop() if running else None)
    for config in _configs(names, seeds, **settings):
        if stopped() or time.monotonic() >= deadline:
            break
        if is_finished(output / config.folder, config):
            click.echo(f"{config.folder}: finished", err=True)
            continue
        try:
            accelerator = Accelerator(cpu=cpu)
            running = run = RecipeRun(
                config, folders, output, backbone_dir, accelerator=accelerator, report=reporter(config.folder)
            )
            click.echo(f"{config.folder}: {run.trainer.steps:,} steps", err=True)
            if not stopped() and run.trainer.run(until=until, seconds=deadline - time.monotonic()):
                run.write()
                click.echo(str(run.output))
        except BenchError as error:  # one recipe's failure must not take the others along
            click.echo(f"FAILED {config.folder}: {error}", err=True)
            failed = True
    ctx.exit(130 if stopped() else int(failed))


@recipes.command()
@_which
@click.option("--suite", default="recipes", show_default=True)
@click.option("--dtype", default="float32", show_default=True)
@results_dir
def measure(names: tuple[str, ...], seeds: str, dtype: str, results_dir: Path, **options: Any) -> None:
    """Measure trained recipes; the seed of a record is that of the training, so that tables show mean and interval."""
    from carl.recipes.encoders import RUNS, recipe_encoder
    from harness.api import run
    from harness.record import ResultStore

    store = ResultStore(results_dir)
    settings = {name: options.pop(name) for name in ("backbone", "pooling")}
    for config in _configs(names, seeds, **settings):
        own = ResultStore(RUNS / config.folder / "results")
        encoder = recipe_encoder(config.recipe, config.backbone, config.seed)(pooling=config.pooling, dtype=dtype)
        for record in run(encoder, results_dir=own.directory, **options).records:
            # The vectors of two seeds differ by intent: a fingerprint would say that one of them is outdated.
            model = replace(record.model, name=config.name, fingerprint="")
            store.save(replace(record, model=model, seed=config.seed), own.predictions(record))
