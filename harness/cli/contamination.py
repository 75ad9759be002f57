"""`bench contamination`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.contamination import TrainingTexts, in_words, write_evidence
from harness.corpora import CorpusRegistry
from harness.errors import UsageError
from harness.printing import echo, show_dicts
from harness.record import ResultStore
from harness.registry import find_encoder, select_tasks
from harness.text_check import check_texts, training_file

if TYPE_CHECKING:
    from harness.contamination import TextEvidence


@click.command()
@click.option("--models", "-m", multiple=True, required=True, help="Encoders, comma-separated.")
@options.results_dir
@options.data_dir
@options.cache_dir
@options.offline
@click.option("--suite", default=None, help="quick, paper, extended or recipes  [default: paper]")
@click.option("--tasks", "-t", "patterns", multiple=True, help="Only these: a family, family/corpus, id or pattern.")
@click.option(
    "--training-texts",
    "files",
    multiple=True,
    metavar="NAME=FILE",
    help="More training texts of a model, one text or one hash a line.",
)
@click.option("--weights-dir", "weights_dirs", multiple=True, metavar="NAME=DIR", help="A model's own checkpoint.")
@click.option("--write", is_flag=True, help="Keep the answer beside the records; `bench table` marks by it.")
@options.output_format
def contamination(
    models: tuple[str, ...],
    results_dir: Path,
    data_dir: Path | None,
    cache_dir: Path,
    offline: bool,
    suite: str | None,
    patterns: tuple[str, ...],
    files: tuple[str, ...],
    weights_dirs: tuple[str, ...],
    write: bool,
    fmt: str,
) -> None:
    """Show which models were trained on evaluated texts, and their numbers without them.

    Compares texts, exactly, by letters and digits, by sentences and by word 8-grams: with the lists of hashes that
    checkpoints ship, with the declared corpora that are on this machine, and with --training-texts. No text is printed
    or kept.

    \b
      bench contamination --models senticse,sentibert --data-dir DATA
    """  # noqa: D301 (click reads the backspace character)
    options.go_offline(offline)
    plugins = {plugin.name: plugin for plugin in map(find_encoder, options.split_names(models))}
    found, absent = check_texts(
        list(plugins.values()),
        select_tasks(suite, options.split_names(patterns)),
        CorpusRegistry(data_dir, cache_dir, offline=offline),
        ResultStore(results_dir),
        files=_files(files, list(plugins)),
        weights_dirs=options.directories(weights_dirs, "--weights-dir"),
    )
    echo(_show(found, fmt))
    if absent:
        echo(f"Not compared, corpus not found: {', '.join(absent)}", err=True)
    if write:
        path = write_evidence(results_dir, found)
        echo(f"written to {path}; `bench table` marks by it", err=True)


def _files(values: Sequence[str], models: Sequence[str]) -> dict[str, list[TrainingTexts]]:
    """Model → the training files that the user names."""
    found: dict[str, list[TrainingTexts]] = {}
    for value in values:
        name, _, file = value.partition("=")
        if name not in models or not file:
            raise UsageError(f"--training-texts takes NAME=FILE of one of the models, not {value!r}")
        found.setdefault(name, []).append(training_file(Path(file)))
    return found


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
    return show_dicts(rows, fmt, shown) + ("\n\n" + "\n".join(lines) if for_people else "")
