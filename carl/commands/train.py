"""`carl train`: from labelled texts to a checkpoint."""

from __future__ import annotations

from pathlib import Path

import click

from carl.commands.interruption import stopping_politely
from carl.configurations import configuration
from harness.cli.options import cache_dir, data_dir, go_offline, offline

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--config", "name", required=True, help="Named configuration; `carl configs` lists them.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Checkpoint  [default: runs/CONFIG]")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Change a field of the configuration.")
@click.option("--seed", type=click.IntRange(min=0), help="Shorthand for --set seed=N.")
@click.option("--steps", type=click.IntRange(min=1), help="Shorthand for --set steps=N.")
@data_dir
@click.option("--corpus-dir", type=_DIRECTORY, help="Folder with rated reviews, *.jsonl or *.jsonl.zst.")
@click.option("--iemocap-dir", type=_DIRECTORY, help="The unpacked IEMOCAP release, for those who hold its licence.")
@click.option("--backbone-dir", type=_DIRECTORY, help="Checkpoint of the backbone.")
@click.option("--tokenizer-dir", type=_DIRECTORY, help="Its vocabulary, for checkpoints without one.")
@click.option("--device", default=None, help="cpu, cuda, cuda:1, ...  [default: a GPU if there is one]")
@click.option(
    "--development",
    type=click.Choice(["all", "emobank", "none"]),
    default="all",
    show_default=True,
    help="What chooses the step: EmoBank, GoEmotions, SST5 and rated reviews; EmoBank alone; or the last step.",
)
@click.option("--until", type=click.IntRange(min=1), help="Save the state after this step and stop.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Save the state after so many minutes, preparation counted in, and stop; the same line goes on.",
)
@click.option("--state-pieces", metavar="SIZE", help="Write the state in pieces of at most this size, e.g. 16MB.")
@click.option("--compile", "compiled", is_flag=True, help="Let torch.compile make the encoder's layers faster.")
@click.option("--fresh", is_flag=True, help="Begin again even if there is a saved state.")
@cache_dir
@offline
@click.pass_context
def train(
    ctx: click.Context,
    name: str,
    output: Path | None,
    settings: tuple[str, ...],
    seed: int | None,
    steps: int | None,
    data_dir: Path | None,
    corpus_dir: Path | None,
    iemocap_dir: Path | None,
    backbone_dir: Path | None,
    tokenizer_dir: Path | None,
    device: str | None,
    development: str,
    until: int | None,
    minutes: float | None,
    state_pieces: str | None,
    compiled: bool,
    fresh: bool,
    cache_dir: Path,
    offline: bool,
) -> None:
    """Train an encoder. The same line again goes on where an interrupted run stopped.

    Progress goes to standard error, the checkpoint to OUTPUT, curves to OUTPUT/training/curves.jsonl and, where
    matplotlib is installed, as a figure beside it. Ctrl-C saves the state after the current step (exit code 130).

    On several GPUs: `torchrun --nproc-per-node=N -m carl train ...`; the batch is shared between them.
    """
    import time

    began = time.monotonic()
    go_offline(offline)
    shorthand = [f"{field}={value}" for field, value in (("seed", seed), ("steps", steps)) if value is not None]
    config = configuration(name).changed([*settings, *shorthand])
    from carl.backbone import read_start
    from carl.checkpointing import has_state, remove_state
    from carl.compilation import INDUCTOR
    from carl.development import development_data
    from carl.distributed import team_of_processes
    from carl.pieces import size_in_bytes
    from carl.sources import read_sources
    from carl.trainer import Trainer
    from harness.corpora import CorpusRegistry

    piece_size = size_in_bytes(state_pieces) if state_pieces else None
    with team_of_processes(device) as (team, chosen):
        say = _say if team.leads else _keep_quiet
        library = CorpusRegistry(data_dir, cache_dir, offline=offline)
        sources = read_sources(config, library, corpus_dir=corpus_dir, iemocap_dir=iemocap_dir)
        for source in sources:
            say(f"{source.title}: {len(source):,} texts ({source.left_out:,} left out)")
        start = read_start(config.backbone, weights_dir=backbone_dir, tokenizer_dir=tokenizer_dir)
        kind = development if team.leads else "none"
        folder = output or Path("runs") / config.name
        trainer = Trainer(
            config,
            start,
            sources,
            folder,
            device=chosen,
            development=development_data(kind, config, library, start.tokenizer, corpus_dir),
            team=team,
            piece_size=piece_size,
            compiler=INDUCTOR if compiled else None,
            report=say,
        )
        if fresh and team.leads:
            remove_state(trainer.state_path)
        team.wait()
        if has_state(trainer.state_path):
            say(f"going on from {trainer.state_path}")
        where = chosen if team.size == 1 else f"{team.size} processes, the first on {chosen}"
        say(f"{config.name}: {trainer.steps:,} steps of {trainer.batch * config.accumulation} texts on {where}")
        seconds = None if minutes is None else max(60 * minutes - (time.monotonic() - began), 0.0)
        with stopping_politely(trainer, say):
            complete = trainer.run(until=until, seconds=seconds)
        if team.leads:
            _draw(folder, config.name)
    if complete:
        if team.leads:
            click.echo(str(folder))
        return
    say(f"stopped after step {trainer.progress.step} of {trainer.steps}; the same command goes on")
    ctx.exit(130 if trainer.stopping else 0)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _keep_quiet(line: str) -> None:
    """What the first process says the others need not repeat."""


def _draw(folder: Path, title: str) -> None:
    from carl.curves import CURVES, read_curves
    from carl.figure import draw_curves, figures_possible

    if figures_possible() and (lines := read_curves(folder / CURVES)):
        draw_curves((folder / CURVES).with_suffix(".svg"), lines, title=title)
