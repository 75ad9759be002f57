"""`bench data`."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.corpora import CorpusRegistry
from harness.errors import BenchError
from harness.printing import echo, show_rows

if TYPE_CHECKING:
    from harness.corpora.files import CorpusStatus

_PLACES = {
    "built-in": "built in",
    "data-dir": "data directory",
    "cache": "cache",
    "hub": "can be fetched",
    "nowhere": "not here",
}
_HEADER = ("corpus", "where", "rows", "licence", "title")


@click.command()
@click.argument("names", nargs=-1)
@options.data_dir
@options.cache_dir
@options.offline
@click.option("--verify", is_flag=True, help="Read the corpora and compare every row with the published ones.")
@click.option("--fetch", is_flag=True, help="Fetch what is missing and can be fetched.")
@options.output_format
def data(
    names: tuple[str, ...],
    data_dir: Path | None,
    cache_dir: Path,
    offline: bool,
    verify: bool,
    fetch: bool,
    fmt: str,
) -> int:
    """Show which corpora are where: files, rows, checksums, licences.

    NAMES are corpora or collections (`ratings`), comma-separated or apart; all by default. With names, every file is
    listed.

    Exit code: 1 when --verify or --fetch found a fault.
    """
    options.go_offline(offline)
    corpora = CorpusRegistry(data_dir, cache_dir, offline=offline)
    wanted = [corpus for name in options.split_names(names) for corpus in corpora.matching(name)] or corpora.names()
    faults: list[str] = []
    rows, statuses = [], []
    for name in wanted:
        card, status = corpora.card(name), corpora.status(name)
        state = _PLACES[status.place]
        if fetch or (verify and status.available):
            try:
                status = corpora.fetch(name)
                state = f"{_PLACES[status.place]}, verified"
            except BenchError as error:
                faults.append(str(error))
                state += ", FAULT" if status.available else ""
        statuses.append(status)
        counts = " / ".join(f"{count:,} {split}" for split, count in card.rows.items())
        rows.append((name, state, counts, card.licence, card.title))
    shown = [[textwrap.shorten(cell, 46, placeholder="…") for cell in row] for row in rows] if fmt == "plain" else rows
    echo(show_rows([dict(zip(_HEADER, row, strict=True)) for row in shown], fmt))
    if fmt == "plain" and names:
        for status in statuses:
            _print_files(status)
    elif fmt == "plain":
        echo("\n`bench data NAME` lists the files of a corpus and where to get them; put them below --data-dir.")
    for message in faults:
        echo(f"error: {message}", err=True)
    return 1 if faults else 0


def _print_files(status: CorpusStatus) -> None:
    card = status.card
    echo(f"\n{card.name}: {card.title}\n  licence: {card.licence}")
    if card.notes:
        echo(textwrap.fill(card.notes, 112, initial_indent="  notes: ", subsequent_indent="    "))
    for file in status.files:
        if file.path is None:
            published = f" ({file.source.size:,} bytes)" if file.source.size else ""
            echo(f"  {file.source.path}: missing{published}; from {file.source.url or card.homepage}")
        elif file.size is None:
            echo(f"  {file.source.path}: {file.path} (a folder)")
        else:
            words = {
                True: "as published",
                False: f"not the published file of {file.source.size:,}",
                None: "no checksum",
            }
            echo(f"  {file.source.path}: {file.path} ({file.size:,} bytes, {words[file.published]})")
