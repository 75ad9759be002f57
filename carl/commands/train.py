"""`carl train`: from labelled texts to a checkpoint."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from carl.configurations import configuration
from harness.options import cache_dir, data_dir, go_offline, offline

if TYPE_CHECKING:
    from carl.trainer import Trainer

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
    help="Development data that chooses the step: EmoBank and GoEmotions, EmoBank alone, or the last step.",
)
@click.option("--until", type=click.IntRange(min=1), help="Save the state after this step and stop.")
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
    fresh: bool,
    cache_dir: Path,
    offline: bool,
) -> None:
    """Train an encoder. The same line again goes on where an interrupted run stopped.

    Progress goes to standard error, curves to OUTPUT/training/curves.jsonl, the checkpoint to OUTPUT. Ctrl-C saves the
    state after the current step (exit code 130).
    """
    go_offline(offline)
    shorthand = [f"{field}={value}" for field, value in (("seed", seed), ("steps", steps)) if value is not None]
    config = configuration(name).changed([*settings, *shorthand])
    from carl.backbone import read_start
    from carl.development import Development
    from carl.sources import read_sources
    from carl.trainer import Trainer
    from harness.corpora.shelves import Library
    from harness.transformer.devices import choose

    chosen = choose(device)
    library = Library(data_dir, cache_dir, offline=offline)
    sources = read_sources(config, library, corpus_dir=corpus_dir, iemocap_dir=iemocap_dir)
    for source in sources:
        _say(f"{source.title}: {len(source):,} texts ({source.left_out:,} left out)")
    start = read_start(config.backbone, weights_dir=backbone_dir, tokenizer_dir=tokenizer_dir)
    looked_at = (
        Development(
            library,
            start.tokenizer,
            config.max_length,
            texts=config.development_texts,
            emotions=development == "all",
        )
        if development != "none"
        else None
    )
    folder = output or Path("runs") / config.name
    trainer = Trainer(config, start, sources, folder, device=chosen, development=looked_at, report=_say)
    if trainer.state_path.is_file():
        if fresh:
            trainer.state_path.unlink()
        else:
            _say(f"going on from {trainer.state_path}")
    _say(f"{config.name}: {trainer.steps:,} steps of {config.batch * config.accumulation} texts on {chosen}")
    with _stopping(trainer):
        complete = trainer.run(until=until)
    if complete:
        click.echo(str(folder))
        return
    _say(f"stopped after step {trainer.progress.step} of {trainer.steps}; the same command goes on")
    ctx.exit(130 if trainer.stopping else 0)


def _say(line: str) -> None:
    click.echo(line, err=True)


@contextmanager
def _stopping(trainer: Trainer) -> Iterator[None]:
    """Let Ctrl-C and a polite kill end the run after its step; a second Ctrl-C ends it at once."""

    def ask(number: int, frame: FrameType | None) -> None:
        if trainer.stopping:
            raise KeyboardInterrupt
        _say("saving the state after this step; again to stop at once")
        trainer.stop()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
