"""`carl ship`: from a finished run to a checkpoint with heads and a card."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import cache_dir, data_dir, go_offline, offline

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", required=True, help="How the checkpoint is called, e.g. carl-minilm.")
@click.option("--to", "destination", type=_FOLDER, help="Folder of checkpoints  [default: this package's]")
@data_dir
@click.option("--device", default=None, help="cpu, cuda, cuda:1, ...  [default: a GPU if there is one]")
@cache_dir
@offline
def ship(
    run: Path,
    name: str,
    destination: Path | None,
    data_dir: Path | None,
    device: str | None,
    cache_dir: Path,
    offline: bool,
) -> None:
    """Make a checkpoint of the finished RUN: check it, fit its heads on EmoBank and GoEmotions, write its card.

    Heads are fitted on training splits and scored on test splits; the scores go into the card and choose nothing. A
    checkpoint of that name is replaced.
    """
    go_offline(offline)
    from carl.shipped import CHECKPOINTS
    from carl.shipping import ship as make
    from harness.corpora import CorpusRegistry

    library = CorpusRegistry(data_dir, cache_dir, offline=offline)
    target = make(run, name, library, destination or CHECKPOINTS, device=device, report=_say)
    click.echo(str(target))


def _say(line: str) -> None:
    click.echo(line, err=True)
