"""`bench contamination`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.api import check_contamination
from harness.cli import options
from harness.contamination import in_words
from harness.printing import echo, show_rows

if TYPE_CHECKING:
    from harness.contamination import TextEvidence


@click.command()
@click.option("--models", "-m", multiple=True, help="Encoders, comma-separated  [default: those of the results]")
@options.results_dir
@options.data_dir
@options.cache_dir
@options.suite
@options.tasks
@click.option(
    "--training-texts",
    multiple=True,
    metavar="NAME=FILE",
    help="More training texts of a model, one text or one hash a line.",
)
@options.weights_dirs
@click.option("--write", is_flag=True, help="Keep the answer beside the records; `bench table` marks by it.")
@options.output_format
def contamination(
    models: tuple[str, ...],
    results_dir: Path,
    data_dir: Path | None,
    cache_dir: Path,
    suite: str | None,
    tasks: tuple[str, ...],
    training_texts: tuple[str, ...],
    weights_dirs: tuple[str, ...],
    write: bool,
    fmt: str,
) -> None:
    """Show which models were trained on evaluated texts, and their numbers without them.

    Compares texts, exactly, by letters and digits, by sentences and by word 8-grams: with the lists of hashes that
    checkpoints ship, with the declared corpora that are on this machine, and with --training-texts. The network is not
    used, and no text is printed or kept.

    \b
      bench contamination --models senticse,sentibert --data-dir DATA
    """  # noqa: D301 (click reads the backspace character)
    options.go_offline(True)
    files: dict[str, list[Path]] = {}
    for name, file in options.pairs(training_texts, "--training-texts"):
        files.setdefault(name, []).append(file)
    found = check_contamination(
        options.split_names(models),
        options.split_names(tasks),
        suite=suite,
        data_dir=data_dir,
        results_dir=results_dir,
        cache_dir=cache_dir,
        training_texts=files,
        weights_dirs=options.directories(weights_dirs, "--weights-dir"),
        write=write,
    )
    echo(_show(found, fmt))


def _show(found: Sequence[TextEvidence], fmt: str) -> str:
    """Every number for CSV and JSON; the first of each task for people, and the evidence in words."""
    for_people = fmt not in ("csv", "json")
    rows = [
        {
            "model": entry.model,
            "task": entry.task_id,
            "state": entry.state,
            "basis": entry.contamination.get("basis", ""),
            "rows": entry.rows,
            "shared": int(entry.shared_rows.sum()),
            "metric": name,
            **{
                f"{prefix}{end}": f"{number:.3f}" if for_people and number is not None else number
                for prefix, metrics in (("", entry.full), ("clean_", entry.clean))
                for end in ("value", "low", "high")
                for number in [getattr(metrics.get(name), end, None)]
            },
            "remark": entry.remark,
        }
        for entry in found
        for name in (list(entry.full)[: 1 if for_people else None] or [""])
    ]
    shown = ("model", "task", "state", "basis", "rows", "shared", "metric", "value", "clean_value", "remark")
    lines: list[str] = []
    for model in dict.fromkeys(entry.model for entry in found):
        own = [entry for entry in found if entry.model == model]
        texts = own[0].contamination["texts"]
        lines.append(f"{model}: texts compared: {', '.join(texts['compared']) or 'none'}")
        reasons: dict[str, list[str]] = {}
        for name, why in texts["not_compared"].items():
            reasons.setdefault(why, []).append(name)
        lines += [f"  not compared, {why}: {', '.join(names)}" for why, names in reasons.items()]
        lines += [f"  {entry.task_id}: {line}" for entry in own for line in in_words(entry.contamination)]
    return show_rows(rows, fmt, shown) + ("\n\n" + "\n".join(lines) if for_people else "")
