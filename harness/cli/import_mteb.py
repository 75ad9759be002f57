"""`bench import-mteb`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.errors import UsageError
from harness.printing import FORMATS, show_rows

if TYPE_CHECKING:
    from harness.interop import ForeignScore
    from harness.record import Record

_HEADER = ("model", "mteb task", "split", "metric", "mteb", "ours", "our protocol", "mteb's protocol")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.results_dir
@click.option("--all", "everything", is_flag=True, help="Show tasks without a counterpart of ours, too.")
@click.option("--format", "fmt", default="plain", show_default=True, help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
def import_mteb(paths: tuple[Path, ...], results_dir: Path, everything: bool, fmt: str) -> None:
    """Show result files of mteb beside our records.

    PATHS are files, or folders that hold them. A number of mteb stands in a column of its own, with its protocol: even
    on the same texts it is measured in another way, and it never enters our tables.

    \b
      bench import-mteb ~/.cache/mteb/results/sentence-transformers__all-MiniLM-L6-v2
    """  # noqa: D301 (click reads the backspace character)
    if fmt not in FORMATS:
        raise UsageError(f"there is no format {fmt!r}; there are {', '.join(FORMATS)}")
    from harness.interop.mteb_results import PROTOCOLS, beside, read_mteb
    from harness.record import ResultStore

    scores = read_mteb(paths)
    shown = [score for score in scores if everything or score.matches]
    pairs = beside(shown, ResultStore(results_dir))
    if fmt == "json":
        click.echo(json.dumps([_entry(score, records) for score, records in pairs], indent=1, ensure_ascii=False))
        return
    if fmt == "csv":
        click.echo(show_rows(_HEADER, [[*row, score.protocol] for score, row in _rows(pairs)], fmt))
        return
    notes: dict[str, int] = {}
    rows = []
    for score, row in _rows(pairs):
        version, _, difference = score.protocol.partition(": ")
        mark = f" [{notes.setdefault(difference, len(notes) + 1)}]" if difference else ""
        rows.append([*row, version + mark])
    left = sorted({score.task for score in scores if not score.matches})
    feet = [f"[{mark}] {difference}" for difference, mark in notes.items()]
    if rows:
        feet.append("Two protocols: mteb's numbers and ours are not comparable digit by digit.")
    else:
        feet.append(f"None of these tasks has a counterpart of ours; there are {', '.join(PROTOCOLS)}.")
    if left and not everything:
        feet.append(f"Without a counterpart (--all shows them): {', '.join(left)}")
    click.echo("\n\n".join(([show_rows(_HEADER, rows, fmt)] if rows else []) + ["\n".join(feet)]))


def _rows(pairs: Sequence[tuple[ForeignScore, list[Record]]]) -> Iterator[tuple[ForeignScore, list[object]]]:
    """Each score beside each record of ours on the same texts, without mteb's protocol."""
    for score, records in pairs:
        head: list[object] = [score.model, score.task, score.split, score.metric, score.value]
        if not records:
            yield score, [*head, None, "not measured here" if score.matches else ""]
        for record in records:
            yield score, [*head, record.metrics[score.metric].value, record.protocol]


def _entry(score: ForeignScore, records: list[Record]) -> dict[str, object]:
    ours = [
        {
            "model": record.model.name,
            "protocol": record.protocol,
            "seed": record.seed,
            "value": record.metrics[score.metric].value,
        }
        for record in records
    ]
    return {**asdict(score), "ours": ours}
