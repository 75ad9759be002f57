"""Which models saw which evaluated texts, and their numbers without these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.contamination import TextEvidence
from harness.figures.source import task_title
from harness.leaderboard.metrics import metric_label, metric_style
from harness.printing import one_line

if TYPE_CHECKING:
    from harness.figures import Source
    from harness.leaderboard.evaluations import Evaluation

_WORDS = {"overlap": "overlap *", "unknown": "unknown ?", "clean": "clean"}


def evidence_lines(source: Source) -> list[dict[str, str]]:
    """One line a model and corpus that is not plainly clean, and one for each model that is clean everywhere."""
    lines: list[dict[str, str]] = []
    for model in source.models:
        units = [unit for unit in source.units if unit.model.name == model.name and unit.metrics]
        told: dict[tuple[str, str, str], list[str]] = {}
        for unit in units:
            key = (unit.state, str(unit.contamination.get("basis", "")), _said(unit))
            told.setdefault(key, []).append(task_title(unit.task_id))
        for (state, basis, said), tasks in told.items():
            everywhere = len(tasks) == len(units) and len(units) > 1
            lines.append(
                {
                    "model": source.title(model.name),
                    "state": state,
                    "word": _WORDS[state],
                    "tasks": "all tasks" if everywhere else "; ".join(dict.fromkeys(tasks)),
                    "basis": basis,
                    "said": one_line(said),
                }
            )
    return lines


def _said(unit: Evaluation) -> str:
    """The evidence in words."""
    said = [_match(match) for match in _objects(unit.contamination, "matches")]
    said += [f"{note.get('trained_on', '')}: {note.get('text', '')}" for note in _objects(unit.contamination, "notes")]
    return "; ".join(dict.fromkeys(filter(None, said)))


def _objects(contamination: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = contamination.get(name)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _match(match: Mapping[str, Any]) -> str:
    words = str(match.get("trained_on", "")) or "overlap"
    counts = match.get("counts")
    if isinstance(counts, Mapping) and "rows" in counts:
        levels = [
            f"{counts[name]:,} {name}"
            for name in ("exact", "normal", "sentences", "near")
            if isinstance(counts.get(name), int)
        ]
        words += f" ({', '.join(levels)} of {counts['rows']:,} texts)" if levels else ""
    why = match.get("why")
    return f"{words}: {why}" if why else words


def clean_numbers(source: Source, evidence: Mapping[tuple[str, str], TextEvidence]) -> list[dict[str, str]]:
    """Each number on all rows and on the rows that the model was not trained on, where texts were compared."""
    lines = []
    shown = {model.name for model in source.models}
    for (model, task_id), found in sorted(evidence.items()):
        if model not in shown or not any(found.applies_to(record) for record in source.records):
            continue
        for name, full in found.full.items():
            other = found.clean.get(name)
            style = metric_style(name)
            lines.append(
                {
                    "model": source.title(model),
                    "task": task_title(task_id),
                    "metric": metric_label(name),
                    "rows": f"{found.rows:,}",
                    "shared": f"{int(found.shared_rows.sum()):,}",
                    "full": style.show(full.value),
                    "clean": style.show(other.value) if other is not None else found.remark or "–",
                }
            )
    return lines
