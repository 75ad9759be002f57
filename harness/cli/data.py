"""`bench data`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from harness.corpora.status import CorpusStatus

_PLACES = {
    "built-in": "built in",
    "data-dir": "data directory",
    "cache": "cache",
    "hub": "can be fetched",
    "nowhere": "not here",
}


@click.command()
@click.argument("names", nargs=-1)
@options.data_dir
@options.cache_dir
@options.offline
@click.option("--verify", is_flag=True, help="Read the corpora and compare every row with the published ones.")
@click.option("--fetch", is_flag=True, help="Fetch what is missing and can be fetched.")
def data(
    names: tuple[str, ...], data_dir: Path | None, cache_dir: Path, offline: bool, verify: bool, fetch: bool
) -> int:
    """Show which corpora are where: files, rows, checksums, licences.

    NAMES are corpora or collections (`ratings`), comma-separated or apart; all by default. With names, every file is
    listed.

    Exit code: 1 when --verify or --fetch found a fault.
    """
    options.go_offline(offline)
    from harness.corpora.shelves import Library
    from harness.errors import BenchError

    library = Library(data_dir, cache_dir, offline=offline)
    wanted = [corpus for name in options.split_names(names) for corpus in library.matching(name)] or library.names()
    faults: list[str] = []
    statuses = []
    for name in wanted:
        status = library.status(name, verify=verify and bool(names))
        state = _PLACES[status.place]
        if fetch or (verify and status.available):
            try:
                status = library.fetch(name)
                state = f"{_PLACES[status.place]}, verified"
            except BenchError as error:
                faults.append(f"{name}: {error}")
                state = f"{_PLACES[status.place]}, FAULT" if status.available else state
        statuses.append((status, state))
    _print_table(statuses)
    if names:
        for status, _ in statuses:
            _print_files(status)
    elif any(status.place in ("nowhere", "hub") for status, _ in statuses):
        click.echo("\n`bench data NAME` lists the files of a corpus and where to get them; put them below --data-dir.")
    for fault in faults:
        click.echo(f"error: {fault}", err=True)
    return 1 if faults else 0


def _print_table(statuses: list[tuple[CorpusStatus, str]]) -> None:
    header = ("corpus", "where", "rows", "licence", "title")
    rows = [
        (
            status.name,
            state,
            " / ".join(f"{count:,} {split}" for split, count in status.rows.items()),
            status.licence,
            status.title,
        )
        for status, state in statuses
    ]
    widths = [min(max(len(row[i]) for row in (header, *rows)), 46) for i in range(len(header) - 1)]
    for row in (header, tuple("-" * width for width in (*widths, 5)), *rows):
        cells = [_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _print_files(status: CorpusStatus) -> None:
    click.echo(f"\n{status.name}: {status.title}")
    click.echo(f"  licence: {status.licence}")
    if status.notes:
        import textwrap

        click.echo(textwrap.fill(status.notes, 112, initial_indent="  notes: ", subsequent_indent="    "))
    for file in status.files:
        where = str(file.path) if file.path else "missing"
        checksum = "" if file.checksum == "none" else f", checksum {file.checksum}"
        click.echo(f"  {file.source.path}: {where} ({file.source.size:,} bytes{checksum})")
        if file.path is None and file.source.url:
            click.echo(f"    from {file.source.url}")
