"""`bench contamination`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.errors import DataMissing, UsageError
from harness.printing import FORMATS, echo, show_rows

if TYPE_CHECKING:
    from harness.contamination import TextEvidence, TrainingTexts
    from harness.outcome import Metric
    from harness.tasks.base import Task
    from harness.text_check import OwnTraining, TextCheck

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
@click.option("--format", "fmt", default="plain", show_default=True, help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
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
    if fmt not in FORMATS:
        raise UsageError(f"there is no format {fmt!r}; there are {', '.join(FORMATS)}")
    options.go_offline(offline)
    if data_dir is not None and not data_dir.is_dir():
        raise UsageError(f"--data-dir {data_dir} is not a directory")
    from harness.contamination import write_evidence
    from harness.corpora import CorpusRegistry
    from harness.record import ResultStore
    from harness.registry import find_encoder, select_tasks
    from harness.text_check import TextCheck

    plugins = {plugin.name: plugin for plugin in map(find_encoder, options.split_names(models))}
    named = _files(files, list(plugins))
    if write and not plugins:
        raise UsageError("--write keeps what is found of models: name some with --models")
    check = TextCheck(
        CorpusRegistry(data_dir, cache_dir, offline=offline),
        ResultStore(results_dir),
        weights_dirs=options.directories(weights_dirs, "--weights-dir"),
    )
    tasks, absent = _present(check, select_tasks(suite, options.split_names(patterns)))
    if not tasks:
        raise DataMissing(f"none of the corpora is on this machine. {next(iter(absent.values()), '')}")
    feet = [f"Not compared, corpus not found: {', '.join(absent)}"] if absent else []
    if not plugins:
        echo(_show_own([_own(check, name, task) for name, task in tasks.items()], fmt, feet))
        return
    found = [entry for name, plugin in plugins.items() for entry in check.model(plugin, tasks, named.get(name, ()))]
    echo(_show(found, fmt, feet))
    if write:
        path = write_evidence(results_dir, found)
        echo(f"written to {path}; `bench table` marks by it", err=True)


def _present(check: TextCheck, tasks: Mapping[str, Task]) -> tuple[dict[str, Task], dict[str, str]]:
    """Tasks whose corpora are here, and the others with the reason."""
    present: dict[str, Task] = {}
    absent: dict[str, str] = {}
    for name, task in tasks.items():
        try:
            check.rows(name, task)
        except DataMissing as error:
            absent[name] = str(error)
        else:
            present[name] = task
    return present, absent


def _files(values: Sequence[str], models: Sequence[str]) -> dict[str, list[TrainingTexts]]:
    """Model → the training files that the user names."""
    from harness.text_check import training_file

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


def _own(check: TextCheck, name: str, task: Task) -> tuple[str, OwnTraining | None]:
    return name, check.own_training(name, task)


def _show_own(found: Sequence[tuple[str, OwnTraining | None]], fmt: str, feet: Sequence[str]) -> str:
    rows = [
        {"task": name, "training texts": None, **dict.fromkeys(("part", "rows", *_LEVELS, "shared"))}
        if own is None
        else {"task": name, "training texts": own.training, **own.overlap.counts(own.part)}
        for name, own in found
    ]
    if fmt == "json":
        return json.dumps(rows, indent=1)
    header = ["task", "training texts", "part", "rows", *_LEVELS, "shared", "share"]
    cells = [[row.get(name) for name in header[:-1]] + [_share(row.get("shared"), row.get("rows"))] for row in rows]
    if fmt == "csv":
        return show_rows(header[:-1], [row[:-1] for row in cells], fmt)
    words = (
        "Scored texts that the task's own training or development part holds: equal; equal by letters and digits; with "
        "a sentence in common; with at least half of their word 8-grams.",
        "Tasks without counts score all their texts, fold by fold.",
        *feet,
    )
    return "\n\n".join((show_rows(header, cells, fmt), "\n".join(words)))


def _show(found: Sequence[TextEvidence], fmt: str, feet: Sequence[str]) -> str:
    if fmt == "json":
        return json.dumps([asdict(entry) for entry in found], indent=1, ensure_ascii=False)
    if fmt == "csv":
        return _csv(found)
    from harness.contamination import TELLING

    header = ["model", "task", "state", "basis", "rows", "shared", "share", "number", "all rows", "clean rows"]
    cells: list[list[object]] = []
    remarks: dict[str, int] = {}
    for entry in found:
        name = next(iter(entry.full), "")
        clean = _number(entry.clean.get(name))
        if entry.remark:
            clean = f"[{remarks.setdefault(entry.remark, len(remarks) + 1)}]"
        elif name and not entry.shared:
            clean = "the same"
        shared = int(entry.shared_rows.sum())
        share = _share(shared, entry.rows)
        basis = entry.contamination.get("basis", "")
        head = (entry.model, entry.task_id, entry.state, basis, entry.rows, shared, share)
        cells.append([*head, name, _number(entry.full.get(name)), clean])
    lines = [f"[{mark}] {remark}" for remark, mark in remarks.items()]
    if any(entry.shared and entry.state == "clean" for entry in found):
        lines.append(f"Shared texts of fewer than {TELLING} letters and digits alone make no asterisk.")
    return "\n\n".join((show_rows(header, cells, fmt), "\n".join([*lines, *_evidence(found), *feet])))


def _evidence(found: Sequence[TextEvidence]) -> list[str]:
    """Every match in words, and what was not compared."""
    lines: list[str] = []
    for model in dict.fromkeys(entry.model for entry in found):
        own = [entry for entry in found if entry.model == model]
        texts = own[0].contamination.get("texts", {})
        compared, missing = texts.get("compared", []), texts.get("not_compared", {})
        lines.append(f"{model}: texts compared: {', '.join(compared) or 'none'}")
        reasons: dict[str, list[str]] = {}
        for name, reason in missing.items():
            reasons.setdefault(reason, []).append(name)
        lines += [f"  not compared, {reason}: {', '.join(names)}" for reason, names in reasons.items()]
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
    words = [f"{counts[level]:,} {_WORDS[level]}" for level in _LEVELS if level in counts]
    part = "" if counts["part"] == "all" else f" {counts['part']}"
    return f" ({', '.join(words)} of {counts['rows']:,}{part} texts)"


_WORDS = {
    "exact": "exactly",
    "normal": "by letters and digits",
    "sentences": "by a sentence",
    "near": "by half of their 8-grams",
}


def _csv(found: Sequence[TextEvidence]) -> str:
    header = ["model", "task", "state", "basis", "rows", "shared", "metric", "value", "low", "high"]
    header += ["clean_value", "clean_low", "clean_high", "remark"]
    rows: list[list[object]] = []
    for entry in found:
        head = [entry.model, entry.task_id, entry.state, entry.contamination.get("basis"), entry.rows]
        head.append(int(entry.shared_rows.sum()))
        for name in entry.full or [""]:
            rows.append([*head, name, *_ends(entry.full.get(name)), *_ends(entry.clean.get(name)), entry.remark])
    return show_rows(header, rows, "csv")


def _ends(metric: Metric | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if metric is None else (metric.value, metric.low, metric.high)


def _number(metric: Metric | None) -> str:
    if metric is None:
        return ""
    interval = "" if metric.low is None or metric.high is None else f" [{metric.low:.3f}, {metric.high:.3f}]"
    return f"{metric.value:.3f}{interval}"


def _share(shared: object, rows: object) -> str:
    if not isinstance(shared, int) or not isinstance(rows, int) or not rows:
        return ""
    share = 100 * shared / rows
    return "0 %" if not shared else "<0.1 %" if share < 0.1 else f"{share:.1f} %"
