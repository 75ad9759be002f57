"""`carl configs`: what there is to train."""

from __future__ import annotations

import json

import click

from carl.configurations import ARMS, configuration, configuration_names


@click.command()
@click.argument("name", required=False)
def configs(name: str | None) -> None:
    """List configurations and ablation arms, or print every field of one as JSON."""
    if name is not None:
        click.echo(json.dumps(configuration(name).as_dict(), indent=2))
        return
    for known in configuration_names():
        click.echo(known)
    click.echo(f"each also with an ablation arm behind its name: {', '.join(f'-{arm}' for arm in ARMS)}")
