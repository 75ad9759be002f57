"""`bench compare` and `bench contamination`: numbers beside numbers."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from harness.api import Leaderboard
from harness.cli import options
from harness.comparison import Comparison
from harness.contamination import TextEvidence, in_words
from harness.errors import UsageError
from harness.files import go_offline
from harness.leaderboard.table import metric_label, metric_style
from harness.printing import echo, show_rows
from harness.text_check import check_contamination


@click.command()
@click.argument("first")
@click.argument("second")
@options.results_dir
@options.suite
@options.tasks
@click.option(
    "--metrics", multiple=True, **options.NAMES, help="These numbers in place of each task's main one; `all` for all."
)
@click.option("--draws", type=click.IntRange(min=100), default=1000, show_default=True, help="Bootstrap resamples.")
@options.output_format
def compare(
    first: str,
    second: str,
    results_dir: Path,
    suite: str | None,
    tasks: list[str],
    metrics: list[str],
    draws: int,
    fmt: str,
) -> None:
    """Compare two models: SECOND minus FIRST on each task.

    Every difference has a 95 % interval, a test and a p-value, with Holm's correction over the rows shown.

    \b
      bench compare minilm lexicon
    """  # noqa: D301 (click reads the backspace character)
    board = Leaderboard.read(results_dir, suite=suite, tasks=tasks)
    found = board.compare(first, second, metrics=metrics or None, draws=draws)
    if not found.numbers:
        raise UsageError(
            f"{first} and {second} have no number in common "
            f"({'; '.join(sorted({one.reason for one in found.left_out})) or 'no task'}). `bench run --models "
            f"{first},{second}` measures what is missing; `bench weights NAME` fetches missing weights first"
        )
    echo(_show_comparison(found, fmt))


def _show_comparison(found: Comparison, fmt: str) -> str:
    rows: list[dict[str, Any]] = [
        {"task": one.task_id, **asdict(one), "verdict": one.verdict(metric_style(one.metric).higher_is_better)}
        for one in found.numbers
    ]
    if fmt == "json":
        return json.dumps({**asdict(found), "numbers": rows}, indent=1, ensure_ascii=False)
    rows = [{**row, "seen": " ".join(row["seen"])} for row in rows]
    if fmt == "csv":
        return show_rows(rows, fmt)
    shown = [
        {
            "task": one.task_id,
            "metric": metric_label(one.metric),
            "first": f"{one.first:.3f}",
            "second": f"{one.second:.3f}",
            "difference": f"{one.difference:+.3f}" + ("" if one.low is None else f" [{one.low:+.3f}, {one.high:+.3f}]"),
            "p (Holm)": _rounded(one.adjusted),
            "verdict": one.verdict(metric_style(one.metric).higher_is_better),
        }
        for one in found.numbers
    ]
    seen = ",".join(sorted({name for number in found.numbers for name in number.seen}))
    feet = [
        f"First is {found.first}, second is {found.second}; the verdict is on the second.",
        "Differences: second minus first, with 95 % intervals. P (Holm): corrected for the rows shown.",
        *_by_reason("Tests, ", ((one.test, one.task_id) for one in found.numbers if one.test)),
        *([f"* {seen} may have seen the texts: bench contamination --models {seen}"] if seen else []),
        *_by_reason("Not tested, ", ((one.note, one.task_id) for one in found.numbers if one.note)),
        *_by_reason("Not compared, ", ((one.reason, one.task_id) for one in found.left_out)),
    ]
    return show_rows(shown, fmt) + "\n\n" + "\n".join(feet)


def _by_reason(intro: str, named: Iterable[tuple[str, str]], most: int = 4) -> list[str]:
    """A line for each reason, with the first names that it is given for."""
    reasons: dict[str, dict[str, None]] = {}
    for reason, name in named:
        reasons.setdefault(reason, {})[name] = None
    return [
        f"{intro}{reason}: {', '.join(list(names)[:most])}"
        + (f" and {len(names) - most} more (all: --format json)" if len(names) > most else "")
        for reason, names in reasons.items()
    ]


def _rounded(value: float | None) -> str:
    return "" if value is None else "<0.0001" if 0 < value < 0.0001 else f"{value:.4f}"


@click.command()
@options.models
@options.results_dir
@options.data_dir
@options.cache_dir
@options.suite
@options.tasks
@click.option(
    "--training-texts",
    multiple=True,
    type=options.NamedPath(click.Path(dir_okay=False, path_type=Path)),
    help="More training texts of a model, one text or one hash a line.",
)
@options.weights_dirs
@click.option("--write", is_flag=True, help="Keep the answer beside the records; `bench table` marks by it.")
@options.output_format
def contamination(models: list[str], training_texts: Sequence[tuple[str, Path]], fmt: str, **given: Any) -> None:
    """Show which models were trained on evaluated texts, and their numbers without them.

    Compares texts, exactly, by letters and digits, by sentences and by word 8-grams: with the lists of hashes that
    checkpoints ship, with the declared corpora that are on this machine, and with --training-texts. The network is not
    used, and no text is printed or kept.

    \b
      bench contamination --models senticse,sentibert --data-dir DATA
    """  # noqa: D301 (click reads the backspace character)
    go_offline(True)
    files: dict[str, list[Path]] = {}
    for name, file in training_texts:
        files.setdefault(name, []).append(file)
    echo(_show_evidence(check_contamination(models, training_texts=files, **given), fmt))


def _show_evidence(found: Sequence[TextEvidence], fmt: str) -> str:
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
                f"{prefix}{end}": _rounded(number) if for_people else number
                for prefix, metrics in (("", entry.full), ("clean_", entry.clean))
                for end in ("value", "low", "high")
                for number in [getattr(metrics.get(name), end, None)]
            },
            "remark": entry.remark,
        }
        for entry in found
        for name in (list(entry.full)[: 1 if for_people else None] or [""])
    ]
    if not for_people:
        return show_rows(rows, fmt)
    lines: list[str] = []
    for model, entries in groupby(found, key=lambda entry: entry.model):
        own = list(entries)
        texts = own[0].contamination["texts"]
        lines.append(f"{model}: texts compared: {', '.join(texts['compared']) or 'none'}")
        lines += _by_reason("  not compared, ", ((why, name) for name, why in texts["not_compared"].items()))
        lines += [f"  {entry.task_id}: {line}" for entry in own for line in in_words(entry.contamination)]
    shown = ("model", "task", "state", "basis", "rows", "shared", "metric", "value", "clean_value", "remark")
    return show_rows(rows, fmt, shown) + "\n\n" + "\n".join(lines)
