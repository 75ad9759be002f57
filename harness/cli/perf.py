"""`bench perf`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from harness.cli import options

if TYPE_CHECKING:
    from harness.perf.record import SpeedRecord
    from harness.perf.settings import Settings

_DIRECTORY = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option(
    "--rows",
    multiple=True,
    help="Rows or groups of rows: encoding, probes, agreement, geometry, suites, start-up  [default: all]",
)
@click.option(
    "--quick", is_flag=True, help="Small sizes, under a minute: shows that it works, says little about speed."
)
@click.option("--texts", type=click.IntRange(min=1), default=None, help="Most texts to encode  [default: all of MR]")
@click.option(
    "--rounds", type=click.IntRange(min=1), default=None, help="Turns of each contestant  [default: 5; 2 quick]"
)
@click.option("--threads", type=click.IntRange(min=1), default=None, help="Of every contestant  [default: one a core]")
@click.option(
    "--clock",
    type=click.Choice(["wall", "cpu"]),
    default="wall",
    show_default=True,
    help="cpu for a machine that others work on",
)
@click.option("--scaling/--no-scaling", default=None, help="Measure growth too  [default: unless --rows is given]")
@options.data_dir
@options.cache_dir
@click.option(
    "--output",
    "-o",
    type=_DIRECTORY,
    default=Path("build/perf"),
    show_default=True,
    help="Where the record, the table and the plots go; rows that are there already stay.",
)
@click.option(
    "--markdown",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A document to put the table into, between its marks.",
)
@click.option("--print-only", is_flag=True, help="Measure nothing, print the record that is there.")
def perf(
    rows: tuple[str, ...],
    quick: bool,
    texts: int | None,
    rounds: int | None,
    threads: int | None,
    clock: Literal["wall", "cpu"],
    scaling: bool | None,
    data_dir: Path | None,
    cache_dir: Path,
    output: Path,
    markdown: Path | None,
    print_only: bool,
) -> None:
    """Measure how fast this harness is on this machine, beside what is commonly used for the same.

    Contestants take turns, and what is told is the ratio of their medians. A peer that is not installed is said, and
    leaves the other rows alone. Without --data-dir texts of the embedded sample are taken.

    All rows take about an hour on two cores: scikit-learn is slow. `--rows encoding,geometry,start-up` takes minutes.
    """
    from harness.perf.record import SpeedRecord, put_into
    from harness.perf.record import markdown as as_markdown
    from harness.perf.rows import wanted_rows
    from harness.perf.settings import Settings
    from harness.workers import cores

    wanted = wanted_rows(options.split_names(rows))
    record = SpeedRecord.read(output)
    if not print_only:
        settings = Settings(
            data_dir=data_dir,
            cache_dir=cache_dir,
            threads=threads or cores(),
            rounds=rounds or (2 if quick else 5),
            clock=clock,
            quick=quick,
            texts=texts or (300 if quick else None),
        )
        from harness.perf.measure import measure

        record = measure(record, wanted, settings, output, _tell)
        if scaling or (scaling is None and not rows):
            record = _grown(record, settings, output)
    _print(record)
    if markdown is not None:
        put_into(markdown, as_markdown(record))


def _tell(message: str) -> None:
    click.echo(message, err=True)


def _grown(record: SpeedRecord, settings: Settings, output: Path) -> SpeedRecord:
    """Measure the growth and draw it; without matplotlib the numbers alone."""
    from harness.errors import BenchError
    from harness.perf.machine import machine
    from harness.perf.plots import draw_scaling
    from harness.perf.scaling import scaling

    _tell("measuring growth with texts, length, folds and dimensions")
    environment = {**machine(settings.threads), "clock": settings.clock, "quick": settings.quick}
    try:
        record = replace(record, series=tuple(scaling(settings)), environment=environment)
        record.save(output)
        draw_scaling(output / "scaling.svg", record.series)
    except BenchError as error:
        _tell(f"note: {error}")
    return record


def _print(record: SpeedRecord) -> None:
    """The table for a terminal: what was found stands below each row."""
    from harness.perf.record import circumstances, table

    header, rows = table(record)
    shown = [row[:-1] for row in rows]
    widths = [max(len(row[i]) for row in (header, *shown)) for i in range(len(header) - 1)]
    for row in (header[:-1], tuple("-" * width for width in widths)):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip())
        click.echo(f"    {row[-1]}")
    click.echo()
    for line in circumstances(record):
        click.echo(line.replace("**", ""))
    for one in record.series:
        click.echo(f"Growth with {one.name}: n^{one.exponent:.2f} ({one.of})")
