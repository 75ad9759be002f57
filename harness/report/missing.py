"""Numbers that are not there, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.figures.source import task_title
from harness.leaderboard.words import reason
from harness.printing import one_line

if TYPE_CHECKING:
    from harness.figures import Source


def missing_numbers(source: Source) -> list[dict[str, str]]:
    """A line for each model and reason: `model`, `tasks`, `reason`, `message`."""
    told: dict[tuple[str, str, str], dict[str, None]] = {}
    for record in source.records:
        if record.status != "ok":
            message = record.failure.message if record.failure is not None else ""
            key = (record.model.name, record.status, message)
            told.setdefault(key, {})[task_title(record.task_id)] = None
    ranks = {model.name: rank for rank, model in enumerate(source.models)}
    return [
        {
            "model": source.title(model),
            "tasks": "; ".join(tasks),
            "reason": reason(status),
            "message": one_line(message),
        }
        for (model, status, message), tasks in sorted(told.items(), key=lambda item: (ranks[item[0][0]], item[0]))
    ]
