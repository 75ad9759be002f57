"""With what the numbers were made: software and devices of the records."""

from __future__ import annotations

from collections.abc import Sequence

from harness.printing import one_line
from harness.record import Record

#: Digests of the corpora differ from task to task and say nothing of the machine.
_LEFT_OUT = {"corpora"}


def environments(records: Sequence[Record]) -> list[dict[str, object]]:
    """The distinct environments of measured records, the most frequent first: `records` and `rows` (name, value)."""
    counts: dict[tuple[tuple[str, str], ...], int] = {}
    for record in records:
        if record.status == "ok":
            facts = tuple(
                sorted((one_line(k), one_line(v)) for k, v in record.environment.items() if k not in _LEFT_OUT)
            )
            counts[facts] = counts.get(facts, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"records": count, "rows": list(facts)} for facts, count in ordered]


def span(records: Sequence[Record]) -> str:
    """From when to when it was measured: one date, or two; empty where no record says."""
    days = sorted(record.created[:10] for record in records if record.created)
    return "" if not days else days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
