"""`carl curves`: the training curves of a run as a figure."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Figure, .svg, .png or .pdf  [default: RUN/training/curves.svg]",
)
def curves(run: Path, output: Path | None) -> None:
    """Draw the curves of the finished or running RUN: losses, detector, target network, collapse, development scores.

    They are read from RUN/training/curves.jsonl, which `carl train` writes line by line.
    """
    from carl.curves import CURVES, read_curves
    from carl.figure import draw_curves
    from harness.errors import UsageError

    source = run / CURVES
    if not source.is_file():
        raise UsageError(f"{run} has no {CURVES}: give the --output directory of a `carl train` run")
    target = output or source.with_suffix(".svg")
    draw_curves(target, read_curves(source), title=run.resolve().name)
    click.echo(str(target))
