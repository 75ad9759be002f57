"""`bench tasks`."""

from __future__ import annotations

import click


@click.command()
@click.option("--suite", default=None, help="Only this suite.")
def tasks(suite: str | None) -> None:
    """List tasks and their protocols.

    `bench run --tasks` takes a family, a family/corpus, a whole id or a shell pattern.
    """
    from harness.registry import select_tasks
    from harness.registry import tasks as all_tasks

    chosen = select_tasks(suite, []) if suite else all_tasks()
    width = max((len(identity) for identity in chosen), default=0)
    for identity, task in chosen.items():
        seeds = " (several seeds)" if task.stochastic else ""
        click.echo(f"{identity.ljust(width)}  {','.join(task.suites):<9}  {task.summary}{seeds}")
