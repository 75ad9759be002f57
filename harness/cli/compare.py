"""`bench compare` and `bench contamination`: numbers beside numbers."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from harness.api import Leaderboard, changes, check_contamination
from harness.cli import options
from harness.comparison import Changes, Comparison
from harness.contamination import TextEvidence, in_words
from harness.errors import UsageError
from harness.files import go_offline
from harness.leaderboard.words import metric_label, metric_style
from harness.printing import echo, show_rows
from harness.registry import select_tasks


@click.command()
@click.argument("models", nargs=-1, **options.NAMES)
@options.results_dir
@click.option(
    "--other-results-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Results of the second model, or of a second measurement.",
)
@options.suite
@options.tasks
@click.option(
    "--metrics", multiple=True, **options.NAMES, help="These numbers in place of each task's main one; `all` for all."
)
@click.option("--draws", type=click.IntRange(min=100), default=1000, show_default=True, help="Bootstrap resamples.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Between two measurements: largest difference that counts as none.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when a number changed between two measurements.")
@options.output_format
def compare(
    models: list[str],
    results_dir: Path,
    other_results_dir: Path | None,
    suite: str | None,
    tasks: list[str],
    metrics: list[str],
    draws: int,
    tolerance: float,
    exit_code: bool,
    fmt: str,
) -> int:
    """Compare two models, or two measurements of the same models.

    With two MODELS: the second minus the first on each task, with 95 % interval, test, p-value and Holm's correction
    over the rows shown. With --other-results-dir and one model or none: every number that is not the same in both
    directories, to the last digit.

    \b
      bench compare minilm lexicon
      bench compare --results-dir results --other-results-dir /tmp/after --exit-code
    """  # noqa: D301 (click reads the backspace character)
    other = other_results_dir or results_dir
    if other_results_dir is not None and len(models) < 2:
        chosen = list(select_tasks(suite, tasks)) if suite or tasks else None
        for directory in (results_dir, other):
            Leaderboard.read(directory, models=models)  # says so when it holds nothing of the model
        changed = changes(results_dir, other, models=models or None, tasks=chosen, tolerance=tolerance)
        if not changed.units and not changed.changed:
            raise UsageError(f"{results_dir} and {other} have no measured evaluation in common: nothing was compared")
        echo(_show_changes(changed, fmt, f"{results_dir}, {other}", f" beyond {tolerance:g}" if tolerance else ""))
        return int(exit_code and bool(changed.changed))
    if len(models) != 2:
        raise UsageError(
            "name two different models, or one or none with --other-results-dir: bench compare minilm lexicon"
        )
    if exit_code:
        raise UsageError("--exit-code is for two measurements of the same models, with --other-results-dir")
    first, second = (Leaderboard.read(place, suite=suite, tasks=tasks) for place in (results_dir, other))
    found = first.compare(*models, metrics=metrics or None, draws=draws, other=second)
    if not found.numbers:
        raise UsageError(
            f"{' and '.join(models)} have no number in common "
            f"({'; '.join(sorted({one.reason for one in found.left_out})) or 'no task'}). `bench run --models "
            f"{','.join(models)}` measures what is missing; `bench weights NAME` fetches missing weights first"
        )
    echo(_show_comparison(found, fmt))
    return 0


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
    tested = [one for one in found.numbers if one.test]
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
        *_by_reason("Tests, ", ((one.test, one.task_id) for one in tested)),
        *([f"* {seen} may have seen the texts: bench contamination --models {seen}"] if seen else []),
        *_by_reason("Not tested, ", ((one.note, one.task_id) for one in found.numbers if one.note)),
        *_by_reason("Not compared, ", ((one.reason, one.task_id) for one in found.left_out)),
    ]
    return show_rows(shown, fmt) + "\n\n" + "\n".join(feet)


def _by_reason(intro: str, named: Iterable[tuple[str, str]], most: int = 4) -> list[str]:
    """A paragraph for each reason, with the first names that it is given for."""
    reasons: dict[str, dict[str, None]] = {}
    for reason, name in named:
        reasons.setdefault(reason, {})[name] = None
    return [
        textwrap.fill(
            f"{intro}{reason}: {', '.join(list(names)[:most])}"
            + (f" and {len(names) - most} more (all: --format json)" if len(names) > most else ""),
            *(100,),
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for reason, names in reasons.items()
    ]


def _show_changes(found: Changes, fmt: str, places: str, within: str) -> str:
    if fmt == "json":
        return json.dumps(asdict(found), indent=1, ensure_ascii=False)
    rows = [{"model": one.model, "task": one.task_id, **asdict(one)} for one in found.changed]
    if fmt == "csv":
        return show_rows(rows, fmt)
    units = len({(one.model, one.task_id, one.seed) for one in found.changed})
    end = f"{len(rows)} differences{within} in {units} of {found.units} evaluations" if rows else ""
    feet = [
        f"{end or f'No number changed{within}'}; {found.numbers:,} numbers of {found.units} evaluations compared "
        f"({places}).",
        *found.notes,
        *_by_reason("Not compared, ", ((one.reason, f"{one.model} {one.task_id}") for one in found.left_out)),
    ]
    table = show_rows(rows, fmt, ("model", "task", "seed", "what", "before", "after")) + "\n\n" if rows else ""
    return table + "\n".join(feet)


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
