"""The record of a measurement: one JSON file that grows row by row, and the tables written from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness import strict_json
from harness.errors import RecordInvalid, UsageError
from harness.files import write_text
from harness.perf.rows import GOALS, Row
from harness.perf.scaling import Series

NAME = "perf.json"

#: Marks between which `--markdown` puts the table into a document.
OPEN, CLOSE = "<!-- bench perf -->", "<!-- end -->"

_SCHEMA = 1


@dataclass(frozen=True)
class SpeedRecord:
    """Rows and series, each with the machine it was measured on."""

    rows: Mapping[str, Row] = field(default_factory=dict)
    series: tuple[Series, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    """The machine while the series were measured."""

    def with_rows(self, rows: Iterable[Row]) -> SpeedRecord:
        """The record with rows added, or in place of earlier ones."""
        return replace(self, rows={**self.rows, **{row.key: row for row in rows}})

    def ordered(self) -> list[Row]:
        """Rows in the order of the table."""
        return [self.rows[key] for key in GOALS if key in self.rows]

    def save(self, directory: Path) -> Path:
        """Write the record into a directory.

        Raises:
            StorageFault: it cannot be written.
        """
        content = {
            "schema": _SCHEMA,
            "rows": [row.as_dict() for row in self.ordered()],
            "series": [series.as_dict() for series in self.series],
            "environment": dict(self.environment),
        }
        path = directory / NAME
        write_text(path, json.dumps(content, indent=1) + "\n", "the speed record")
        return path

    @classmethod
    def read(cls, directory: Path) -> SpeedRecord:
        """The record of a directory; an empty one where there is none.

        Raises:
            RecordInvalid: damaged, or of another version.
        """
        path = directory / NAME
        if not path.is_file():
            return cls()
        try:
            raw = strict_json.loads(path.read_bytes())
            if raw["schema"] != _SCHEMA:
                raise RecordInvalid(f"{path} was written by another version; remove it and measure again")
            rows = [Row.from_dict(row) for row in raw["rows"]]
            series = tuple(Series.from_dict(one) for one in raw["series"])
            return cls({row.key: row for row in rows}, series, raw["environment"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordInvalid(f"{path} is damaged ({error}); remove it and measure again") from error


def table(record: SpeedRecord) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and cells of the table."""
    header = ("", "against", "measured", "quartiles", "at least", "aim", "verdict", "found")
    rows = []
    for row in record.ordered():
        goal = row.goal
        value = shown(row.value, goal.unit) if row.value is not None else "-"
        within = "-" if row.rounds < 2 else f"{shown(row.low, '')} to {shown(row.high, '')}"
        promised = [shown(limit, goal.unit) if limit is not None else "-" for limit in (goal.at_least, goal.aim)]
        sign = "≤ " if goal.less_is_better else ""
        promised = [limit if limit == "-" else sign + limit for limit in promised]
        verdict = {"not measured": "-"}.get(row.verdict, row.verdict)
        rows.append((goal.title, goal.peer, value, within, *promised, verdict, row.detail or row.reason))
    return header, rows


def shown(value: float | None, unit: str) -> str:
    """A number with three digits and its unit.

    >>> [shown(1.6634, "×"), shown(41.04, "×"), shown(0, "rows"), shown(75, "%"), shown(161.2, "ms")]
    ['1.66 ×', '41.0 ×', '0', '75 %', '161 ms']
    """
    if value is None:
        return "-"
    whole = value == int(value) or abs(value) >= 100
    number = f"{value:,.0f}" if whole else f"{value:.{2 if abs(value) < 10 else 1}f}"
    return number if unit in ("", "rows") else f"{number} {unit}"


def markdown(record: SpeedRecord) -> str:
    """The table with what it was measured on, and the fitted powers.

    Raises:
        UsageError: nothing was measured.
    """
    if not record.rows:
        raise UsageError("there is no speed record to print; measure first: bench perf")
    header, cells = table(record)
    lines = [_line(header), _line(["---"] * len(header)), *map(_line, cells), ""]
    lines += [f"- {line}" for line in circumstances(record)]
    if record.series:
        powers = ", ".join(f"{one.name} {one.exponent:.2f}" for one in record.series)
        lines += [f"- Fitted powers of growth (1 is linear): {powers}."]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def circumstances(record: SpeedRecord) -> list[str]:
    """On what and how it was measured, and how busy the machine was: a sentence each."""
    rows = [row for row in record.ordered() if row.value is not None]
    if not rows:
        return []
    places = sorted({_place(row.environment) for row in rows})
    # A count is the same on a busy machine.
    timed = [row for row in rows if row.goal.unit != "rows"]
    loads = [float(row.environment["load"]) for row in timed if "load" in row.environment]
    clocks = sorted({str(row.environment.get("clock", "wall")) for row in rows})
    said = [f"Measured on {'; '.join(places)}, by the {' and the '.join(clocks)} clock."]
    if loads:
        cores = max(int(row.environment.get("usable_cores", 1)) for row in rows)
        # Before the first row the load is that of others; before a later one the row before it counts in.
        own = max(int(row.environment.get("threads", 1)) for row in rows)
        busy = min(loads) > 0.5 * cores or max(loads) > own + 0.5 * cores
        said.append(
            f"Load average when each timed row began: {min(loads):.1f} to {max(loads):.1f} on {cores} cores"
            + (
                ": **the machine was not at rest**; ratios of contestants that took turns bear that, seconds do not."
                if busy
                else ", in part the measurement's own."
            )
        )
    if any(row.environment.get("quick") for row in rows):
        said.append("**Quick sizes: they show that everything works, and say little about speed.**")
    return said


def _place(environment: Mapping[str, Any]) -> str:
    return (
        f"{environment.get('processor', 'an unknown processor')}, threads of each contestant: "
        f"{environment.get('threads', '?')}, "
        f"torch {environment.get('torch', '?')}, Python {environment.get('python', '?')}"
    )


def put_into(document: Path, block: str) -> None:
    """Replace what stands between the marks of a document; a new file becomes the block.

    Raises:
        UsageError: the document has no such marks.
        StorageFault: it cannot be written.
    """
    marked = f"{OPEN}\n{block}{CLOSE}"
    if not document.is_file():
        write_text(document, marked + "\n", "the document")
        return
    text = document.read_text("utf-8")
    before, opened, rest = text.partition(OPEN)
    _, closed, after = rest.partition(CLOSE)
    if not opened or not closed:
        raise UsageError(f"--markdown {document}: the lines {OPEN} and {CLOSE} must stand in it")
    write_text(document, before + marked + after, "the document")
