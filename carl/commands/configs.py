"""`carl configs`: what there is to train."""

from __future__ import annotations

import json

import click

from carl.configurations import ARMS, configuration, configuration_names
from carl.pretraining.configurations import pretraining, pretraining_names


@click.command()
@click.argument("name", required=False)
def configs(name: str | None) -> None:
    """List configurations and ablation arms, or print every field of one as JSON."""
    if name is not None:
        pretrains = name in pretraining_names()
        config = pretraining(name) if pretrains else configuration(name)
        click.echo(json.dumps(config.as_dict(), indent=2))
        return
    for known in configuration_names():
        click.echo(known)
    click.echo(f"each also with an ablation arm behind its name: {', '.join(f'-{arm}' for arm in ARMS)}")
    click.echo(f"for `carl pretrain`: {', '.join(pretraining_names())}")
