"""`bench compare`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.errors import UsageError
from harness.printing import FORMATS, echo, show_rows

if TYPE_CHECKING:
    from harness.comparison import Change, Changes, Comparison, LeftOut
    from harness.record import ResultStore


@click.command()
@click.argument("models", nargs=-1)
@options.results_dir
@click.option(
    "--other-results-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Results of the second model, or of a second measurement.",
)
@click.option("--suite", default=None, help="Only tasks of this suite: quick, paper, extended or recipes.")
@click.option("--tasks", "-t", "patterns", multiple=True, help="Only these: a family, family/corpus, id or pattern.")
@click.option("--metrics", multiple=True, help="These numbers in place of the main one of each task; `all` for all.")
@click.option("--draws", type=click.IntRange(min=100), default=1000, show_default=True, help="Bootstrap resamples.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Between two measurements: largest difference that counts as none.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when a number changed between two measurements.")
@click.option("--format", "fmt", default="plain", show_default=True, help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
def compare(
    models: tuple[str, ...],
    results_dir: Path,
    other_results_dir: Path | None,
    suite: str | None,
    patterns: tuple[str, ...],
    metrics: tuple[str, ...],
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
    from harness.record import ResultStore

    if fmt not in FORMATS:
        raise UsageError(f"there is no format {fmt!r}; there are {', '.join(FORMATS)}")
    names = options.split_names(models)
    store = ResultStore(results_dir)
    other = ResultStore(other_results_dir) if other_results_dir is not None else store
    chosen = _tasks(suite, patterns)
    if other_results_dir is not None and len(set(names)) < 2:
        return _measurements(store, other, names, chosen, tolerance, exit_code, fmt)
    if len(names) != 2:
        raise UsageError(
            "name two models, or one or none with --other-results-dir: bench compare minilm lexicon"
            if len(models) != 2
            else f"{names[0]} is the same as itself; name another model, or --other-results-dir"
        )
    if exit_code:
        raise UsageError("--exit-code is for two measurements of the same models, with --other-results-dir")
    from harness.comparison import Side
    from harness.comparison import compare as compare_models
    from harness.contamination import apply_evidence, read_evidence

    wanted = options.split_names(metrics)
    records = [apply_evidence(place, read_evidence(place.directory)) for place in dict.fromkeys((store, other))]
    records = records if other is not store else records * 2
    first, second = (
        Side.of(place, name, found) for place, name, found in zip((store, other), names, records, strict=True)
    )
    every = {name for record in (*first.records, *second.records) for name in record.metrics}
    unknown = [name for name in wanted if name not in every and name != "all"]
    if unknown:
        raise UsageError(f"no record has a number {unknown[0]!r}; there are {', '.join(sorted(every))}")
    found = compare_models(
        first,
        second,
        tasks=chosen or _order(first.tasks, second.tasks),
        metrics=None if not wanted else sorted(every) if "all" in wanted else wanted,
        draws=draws,
    )
    if not found.numbers and not found.left_out:
        raise UsageError(f"neither {names[0]} nor {names[1]} was measured on any of these tasks")
    echo(_show_comparison(found, fmt))
    return 0


def _tasks(suite: str | None, patterns: Sequence[str]) -> list[str] | None:
    """Ids of the chosen tasks; None when nothing is chosen."""
    if suite is None and not patterns:
        return None
    from harness.registry import select_tasks

    return list(select_tasks(suite, options.split_names(tuple(patterns))))


def _order(*recorded: Mapping[str, object]) -> list[str]:
    """Recorded tasks in the order of the tables; those that no plugin declares come last."""
    from harness.registry import tasks

    known = list(tasks())
    ids = dict.fromkeys(name for side in recorded for name in side)
    return sorted(ids, key=lambda name: known.index(name) if name in known else len(known))


def _show_comparison(found: Comparison, fmt: str) -> str:
    from harness.leaderboard.metrics import metric_style

    verdicts = [number.verdict(metric_style(number.metric).higher_is_better) for number in found.numbers]
    if fmt == "json":
        document = asdict(found)
        for number, verdict in zip(document["numbers"], verdicts, strict=True):
            number["verdict"] = verdict
        return json.dumps(document, indent=1, ensure_ascii=False)
    exact = fmt == "csv"
    header = ["task", "metric", found.first, found.second, "diff.", "95 % interval", "p", "Holm", "test", found.second]
    if exact:
        numeric = ["first", "second", "difference", "low", "high", "test", "p", "adjusted"]
        header = ["task", "metric", *numeric, "verdict", "note", "seen"]
    rows: list[list[object]] = []
    notes: dict[str, int] = {}
    for number, verdict in zip(found.numbers, verdicts, strict=True):
        numbers = (number.first, number.second, number.difference, number.low, number.high)
        ps = (number.p, number.adjusted)
        if exact:
            rows.append(
                [number.task_id, number.metric, *numbers, number.test, *ps, verdict, number.note, " ".join(number.seen)]
            )
            continue
        mark = f" [{notes.setdefault(number.note, len(notes) + 1)}]" if number.note else ""
        shown = [f"{number.first:.4f}", f"{number.second:.4f}", _signed(number.difference)]
        interval = "" if number.low is None else f"[{_signed(number.low)}, {_signed(number.high)}]"
        rows.append([number.task_id, number.metric, *shown, interval, *map(_p, ps), number.test, verdict + mark])
    text = show_rows(header, rows, fmt)
    if exact:
        return text
    seen = ",".join(sorted({name for number in found.numbers for name in number.seen}))
    feet = [
        f"Differences are {found.second} minus {found.first}; Holm: p corrected for the number of rows shown.",
        *(f"[{mark}] {note}" for note, mark in notes.items()),
        *([f"* {seen} may have seen the texts: bench contamination --models {seen}"] if seen else []),
        *_feet(found.left_out),
    ]
    return "\n\n".join((text, "\n".join(feet)))


def _feet(left_out: Sequence[LeftOut], *, models: bool = False) -> list[str]:
    """What was not compared, by reason; with the models where it is not clear which."""
    reasons: dict[str, list[str]] = {}
    for one in left_out:
        name = f"{one.model} {one.task_id}" if models else one.task_id
        reasons.setdefault(one.reason, []).append(name)
    return [f"Not compared, {reason}: {', '.join(names)}" for reason, names in reasons.items()]


def _measurements(
    before: ResultStore,
    after: ResultStore,
    names: Sequence[str],
    tasks: Sequence[str] | None,
    tolerance: float,
    exit_code: bool,
    fmt: str,
) -> int:
    from harness.comparison import Side, changes

    for store in (before, after):
        for name in names:
            Side.of(store, name)
    found = changes(before, after, models=names or None, tasks=tasks, tolerance=tolerance)
    if not found.units and not found.changed:
        raise UsageError(
            f"{before.directory} and {after.directory} have no measured unit in common: nothing was compared"
        )
    echo(_show_changes(found, fmt, before.directory, after.directory, tolerance))
    return 1 if exit_code and found.changed else 0


def _show_changes(found: Changes, fmt: str, before: Path, after: Path, tolerance: float) -> str:
    if fmt == "json":
        return json.dumps(asdict(found), indent=1, ensure_ascii=False)
    header = ["model", "task", "seed", "what", "before", "after", "change"]
    rows = [
        [one.model, one.task_id, one.seed, one.what, _exact(one.before), _exact(one.after), _step(one)]
        for one in found.changed
    ]
    if fmt == "csv":
        return show_rows(header, rows, fmt)
    within = f" beyond {tolerance:g}" if tolerance else ""
    units = len({(one.model, one.task_id, one.seed) for one in found.changed})
    word = "difference" if len(found.changed) == 1 else "differences"
    end = (
        f"{len(found.changed)} {word}{within} in {units} of {found.units} units"
        if found.changed
        else f"No number changed{within}"
    )
    feet = [f"{end}; {found.numbers:,} numbers of {found.units} units compared ({before}, {after}).", *found.notes]
    feet += _feet(found.left_out, models=True)
    return "\n\n".join(([show_rows(header, rows, fmt)] if rows else []) + ["\n".join(feet)])


def _exact(value: float | str | None) -> str:
    return "none" if value is None else value if isinstance(value, str) else repr(value)


def _step(one: Change) -> str:
    both = isinstance(one.before, float) and isinstance(one.after, float)
    return f"{one.after - one.before:+.3g}" if both else ""  # type: ignore[operator]


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4f}" if value else f"{value:.4f}"


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return "<0.0001" if value < 0.0001 else "1" if value == 1 else f"{value:.4f}"
