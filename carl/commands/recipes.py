"""`carl recipes`: the objectives of published encoders on one backbone, under one budget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carl.commands.interruption import stopping_politely
from carl.recipes.catalogue import recipe as find_recipe
from carl.recipes.catalogue import recipes as all_recipes
from carl.recipes.config import BACKBONES, PASSES, TEXTS, RecipeConfig
from harness.cli.options import cache_dir, data_dir, go_offline, offline, split_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from carl.recipes.recipe import Recipe
    from carl.recipes.training import Training

    Command = TypeVar("Command", bound=Callable[..., Any])

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def recipes() -> None:
    """Train the objectives of published encoders on one backbone: the same texts, the same computation.

    What comes out is our re-training of a recipe, as `recipe-NAME-BACKBONE` in `bench models`.
    """


@recipes.command("list")
def list_recipes() -> None:
    """List the recipes, and what each is trained on."""
    found = all_recipes(as_released=True)
    width = max(len(recipe.name) for recipe in found)
    for recipe in found:
        click.echo(f"{recipe.name:{width}}  {recipe.group:21}  {recipe.data:18}  {recipe.title}")


def _options(command: Command) -> Command:
    """The options that both ways of training share."""
    options: list[Callable[[Any], Any]] = [
        click.option("--backbone", type=click.Choice(BACKBONES), default="minilm", show_default=True),
        click.option(
            "--budget",
            "texts",
            type=click.IntRange(min=4),
            default=TEXTS,
            show_default=True,
            help="Distinct texts that every recipe reads.",
        ),
        click.option(
            "--passes",
            type=click.FloatRange(min=0, min_open=True),
            default=PASSES,
            show_default=True,
            help="Computation, as plain forward and backward passes over these texts.",
        ),
        click.option("--batch", type=click.IntRange(min=4), default=128, show_default=True),
        click.option(
            "--max-length",
            type=click.IntRange(min=8),
            default=40,
            show_default=True,
            help="Tokens after which a text is cut.",
        ),
        click.option(
            "--learning-rate",
            type=click.FloatRange(min=0, min_open=True),
            default=1e-4,
            show_default=True,
            help="Peak, the same for every recipe.",
        ),
        click.option("--precision", type=click.Choice(["bfloat16", "float32"]), default="bfloat16", show_default=True),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
        click.option(
            "--output",
            "runs",
            type=click.Path(file_okay=False, path_type=Path),
            default=Path("runs/recipes"),
            show_default=True,
            help="Folder of the checkpoints.",
        ),
        data_dir,
        click.option("--corpus-dir", type=_DIRECTORY, help="Folder with rated reviews, *.jsonl or *.jsonl.zst."),
        click.option("--backbone-dir", type=_DIRECTORY, help="Checkpoint of the backbone."),
        click.option("--device", default=None, help="cpu, cuda, cuda:1, ...  [default: a GPU if there is one]"),
        click.option("--until", type=click.IntRange(min=1), help="Save the state after this step and stop."),
        click.option(
            "--minutes",
            type=click.FloatRange(min=0, min_open=True),
            help="Save the state after so many minutes and stop; the same line goes on.",
        ),
        cache_dir,
        offline,
        click.pass_context,
    ]
    for option in reversed(options):
        command = option(command)
    return command


@recipes.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_options
def train(ctx: click.Context, names: tuple[str, ...], **options: Any) -> None:
    """Train one or more recipes. The same line again goes on where an interrupted run stopped.

    Exit code: 0 done or stopped by --until or --minutes, 1 a recipe failed (the others are done), 2 wrong usage, 130
    interrupted.
    """
    _train(ctx, [find_recipe(name) for name in split_names(names)], **options)


@recipes.command()
@click.option("--without", multiple=True, help="Recipes to leave out; comma-separated or repeated.")
@click.option("--as-released", is_flag=True, help="Also those with the defects of the authors' programs.")
@click.option("--dry-run", is_flag=True, help="List what would be done; read no data.")
@_options
def sweep(ctx: click.Context, without: tuple[str, ...], as_released: bool, dry_run: bool, **options: Any) -> None:
    """Train all recipes, one after the other; finished ones are not done again.

    Exit code: 0 done or stopped by --until or --minutes, 1 a recipe failed (the others are done), 2 wrong usage, 130
    interrupted.
    """
    left_out = {find_recipe(name).name for name in split_names(without)}
    chosen = [recipe for recipe in all_recipes(as_released=as_released) if recipe.name not in left_out]
    for recipe in [recipe for recipe in chosen if not _has(recipe, options["data_dir"])]:
        _say(f"{recipe.name}: left out, it needs {recipe.needs} in the data directory")
        chosen.remove(recipe)
    if dry_run:
        _list(chosen, _settings(options), options["runs"])
        return
    _train(ctx, chosen, **options)


def _train(ctx: click.Context, chosen: Sequence[Recipe], **options: Any) -> None:
    import time

    began = time.monotonic()
    go_offline(options["offline"])
    settings = _settings(options)
    from carl.backbone import read_start
    from carl.recipes.data import Shelf
    from carl.recipes.training import Training
    from harness.corpora import CorpusRegistry
    from harness.transformer.devices import choose

    start = read_start(settings.backbone, weights_dir=options["backbone_dir"])
    library = CorpusRegistry(options["data_dir"], options["cache_dir"], offline=options["offline"])
    training: Training = Training(
        settings,
        start,
        Shelf(library, options["corpus_dir"], start),
        options["runs"],
        device=choose(options["device"]),
        say=_say,
    )
    minutes = options["minutes"]
    seconds = None if minutes is None else max(60 * minutes - (time.monotonic() - began), 0.0)
    with stopping_politely(training, _say):
        left = training.train(chosen, until=options["until"], seconds=seconds)
    for name, error in training.failed.items():
        _say(f"FAILED {name}: {error}")
    for recipe in chosen:
        if recipe not in left:
            click.echo(str(training.directory(recipe)))
    if left:
        _say(f"not finished: {', '.join(recipe.name for recipe in left)}; the same command goes on")
    ctx.exit(130 if training.stopping else 1 if training.failed else 0)


def _has(recipe: Recipe, data_dir: Path | None) -> bool:
    """Whether the file is there that a recipe cannot do without."""
    return not recipe.needs or (data_dir is not None and (data_dir / recipe.needs).is_file())


def _settings(options: dict[str, Any]) -> RecipeConfig:
    return RecipeConfig(
        name="",
        recipe="",
        **{
            field: options[field]
            for field in (
                *("backbone", "texts", "passes", "batch", "max_length", "learning_rate", "precision", "seed"),
            )
        },
    )


def _list(chosen: Sequence[Recipe], settings: RecipeConfig, runs: Path) -> None:
    from dataclasses import replace

    from carl.recipes.config import plugin_name
    from carl.recipes.training import outlook

    for recipe in chosen:
        config = replace(settings, name=plugin_name(recipe.name, settings.backbone), recipe=recipe.name)
        click.echo(f"{config.name:32}  {outlook(runs / f'{recipe.name}-{settings.backbone}', config)}")


def _say(line: str) -> None:
    click.echo(line, err=True)
