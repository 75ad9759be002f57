"""`bench contamination`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from harness.cli import options
from harness.contamination import TextEvidence, TrainingTexts, write_evidence
from harness.corpora import CorpusRegistry
from harness.errors import DataMissing, UsageError
from harness.outcome import Metric
from harness.printing import echo, show_dicts
from harness.record import ResultStore
from harness.registry import find_encoder, select_tasks
from harness.tasks.base import Task
from harness.text_check import TextCheck, training_file

#: Levels at which texts can be equal, in the order of the columns.
_LEVELS = ("exact", "normal", "sentences", "near")


@click.command()
@click.option("--models", "-m", multiple=True, help="Encoders, comma-separated; none shows the tasks' own overlaps.")
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
    metavar="[NAME=]FILE",
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
      bench contamination --data-dir DATA             test texts in the tasks' own training parts
    """  # noqa: D301 (click reads the backspace character)
    options.go_offline(offline)
    if data_dir is not None and not data_dir.is_dir():
        raise UsageError(f"--data-dir {data_dir} is not a directory")

    plugins = {plugin.name: plugin for plugin in map(find_encoder, options.split_names(models))}
    named = _files(files, list(plugins))
    if write and not plugins:
        raise UsageError("--write keeps what is found of models: name some with --models")
    check = TextCheck(
        CorpusRegistry(data_dir, cache_dir, offline=offline),
        ResultStore(results_dir),
        weights_dirs=options.directories(weights_dirs, "--weights-dir"),
    )
    tasks: dict[str, Task] = {}
    absent: dict[str, str] = {}
    for name, task in select_tasks(suite, options.split_names(patterns)).items():
        try:
            check.rows(name, task)
        except DataMissing as error:
            absent[name] = str(error)
        else:
            tasks[name] = task
    if not tasks:
        raise DataMissing(f"none of the corpora is on this machine. {next(iter(absent.values()), '')}")
    feet = [f"Not compared, corpus not found: {', '.join(absent)}"] if absent else []
    if not plugins:
        echo(_show_own(check, tasks, fmt, feet))
        return
    found = [entry for name, plugin in plugins.items() for entry in check.model(plugin, tasks, named.get(name, ()))]
    echo(_show(found, fmt, feet))
    if write:
        path = write_evidence(results_dir, found)
        echo(f"written to {path}; `bench table` marks by it", err=True)


def _files(values: Sequence[str], models: Sequence[str]) -> dict[str, list[TrainingTexts]]:
    """Model → the training files that the user names."""
    found: dict[str, list[TrainingTexts]] = {}
    for value in values:
        name, separator, file = value.partition("=")
        if not separator or Path(value).is_file():
            if len(models) != 1:
                raise UsageError(f"--training-texts {value}: say whose they are, NAME=FILE")
            name, file = models[0], value
        if name not in models:
            raise UsageError(f"--training-texts {value}: {name} is not among the models")
        found.setdefault(name, []).append(training_file(Path(file)))
    return found


def _show_own(check: TextCheck, tasks: Mapping[str, Task], fmt: str, feet: Sequence[str]) -> str:
    rows: list[dict[str, object]] = []
    for name, task in tasks.items():
        own = check.own_training(name, task)
        counts = {} if own is None else own.overlap.counts(own.part)
        row: dict[str, object] = {"task": name, "training texts": None if own is None else own.training}
        rows.append(row | {key: counts.get(key) for key in ("part", "rows", *_LEVELS, "shared")})
    words = (
        "Scored texts that the task's own training or development part holds: equal; equal by letters and digits; with "
        "a sentence in common; with at least half of their word 8-grams.",
        "Tasks without counts score all their texts, fold by fold.",
        *feet,
    )
    return show_dicts(rows, fmt) + ("" if fmt in ("json", "csv") else "\n\n" + "\n".join(words))


def _show(found: Sequence[TextEvidence], fmt: str, feet: Sequence[str]) -> str:
    if fmt == "json":
        return json.dumps([asdict(entry) for entry in found], indent=1, ensure_ascii=False)
    rows = [
        {
            "model": entry.model,
            "task": entry.task_id,
            "state": entry.state,
            "basis": entry.contamination.get("basis", ""),
            "rows": entry.rows,
            "shared": int(entry.shared_rows.sum()),
            "metric": name,
            **_ends(entry.full.get(name), "", fmt),
            **_ends(entry.clean.get(name), "clean_", fmt),
            "remark": entry.remark,
        }
        for entry in found
        for name in (list(entry.full) if fmt == "csv" else list(entry.full)[:1]) or [""]
    ]
    if fmt == "csv":
        return show_dicts(rows, fmt)
    shown = ("model", "task", "state", "basis", "rows", "shared", "metric", "value", "clean_value", "remark")
    return "\n\n".join((show_dicts(rows, fmt, shown), "\n".join([*_evidence(found), *feet])))


def _ends(metric: Metric | None, prefix: str, fmt: str) -> dict[str, object]:
    """A number and its interval; rounded for people."""
    value, low, high = (None, None, None) if metric is None else (metric.value, metric.low, metric.high)
    shown = value if fmt == "csv" or value is None else f"{value:.3f}"
    return {f"{prefix}value": shown, f"{prefix}low": low, f"{prefix}high": high}


def _evidence(found: Sequence[TextEvidence]) -> list[str]:
    """Every match in words, and what was not compared."""
    lines: list[str] = []
    for model in dict.fromkeys(entry.model for entry in found):
        own = [entry for entry in found if entry.model == model]
        texts = own[0].contamination.get("texts", {})
        lines.append(f"{model}: texts compared: {', '.join(texts.get('compared', [])) or 'none'}")
        missing = texts.get("not_compared", {})
        lines += [
            f"  not compared, {reason}: {', '.join(name for name, why in missing.items() if why == reason)}"
            for reason in dict.fromkeys(missing.values())
        ]
        for entry in own:
            lines += [
                f"  {entry.task_id}: {match['trained_on']}, {match['basis']}, {match['why']}{_counts(match)}"
                for match in entry.contamination.get("matches", [])
            ]
            lines += [
                f"  {entry.task_id}: {note['trained_on']}, {note['kind']}: {note['text']}"
                for note in entry.contamination.get("notes", [])
                if note.get("kind") == "texts compared"
            ]
    return lines


def _counts(match: Mapping[str, object]) -> str:
    counts = match.get("counts")
    if not isinstance(counts, Mapping):
        return ""
    words = ", ".join(f"{counts[level]:,} {level}" for level in _LEVELS if level in counts)
    return f" ({words} of {counts['rows']:,} texts)"
