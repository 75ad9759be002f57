"""`bench import-mteb`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import options
from harness.printing import echo, show_dicts


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.results_dir
@click.option("--all", "everything", is_flag=True, help="Show tasks without a counterpart of ours, too.")
@options.output_format
def import_mteb(paths: tuple[Path, ...], results_dir: Path, everything: bool, fmt: str) -> None:
    """Show result files of mteb beside our records.

    PATHS are files, or folders that hold them. Numbers of mteb keep a column of their own with their protocol, which
    differs even on the same texts; they never enter our tables.

    \b
      bench import-mteb ~/.cache/mteb/results/sentence-transformers__all-MiniLM-L6-v2
    """  # noqa: D301 (click reads the backspace character)
    from harness.interop import PROTOCOLS, beside, read_mteb
    from harness.record import ResultStore

    scores = read_mteb(paths)
    pairs = beside([score for score in scores if everything or score.matches], ResultStore(results_dir))
    rows = [
        {
            "model": score.model,
            "mteb task": score.task,
            "split": score.split,
            "metric": score.metric,
            "mteb": score.value,
            "ours": record and record.metrics[score.metric].value,
            "our model": record and record.model.name,
            "our protocol": record.protocol if record else "not measured here" if score.matches else "",
            "mteb's protocol": score.protocol,
        }
        for score, records in pairs
        for record in (*records, *([] if records else [None]))
    ]
    if rows or fmt == "json":
        echo(show_dicts(rows, fmt))
    if fmt in ("json", "csv"):
        return
    if not rows:
        echo(f"None of these tasks has a counterpart of ours; there are {', '.join(PROTOCOLS)}.")
    left = sorted({score.task for score in scores if not score.matches})
    if left and not everything:
        echo(f"\nWithout a counterpart (--all shows them): {', '.join(left)}")
