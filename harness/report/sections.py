"""What the page says beside tables and figures: model cards, contamination, missing numbers, environments."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.contamination import TextEvidence, in_words
from harness.encoder import EncoderCard
from harness.errors import BenchError
from harness.figures import Source
from harness.figures.source import task_title
from harness.leaderboard.table import metric_label, metric_style, reason
from harness.record import ModelFacts, Record
from harness.registry import find_encoder

_VECTORS = {
    "cls": "last layer, first token",
    "mean": "last layer, mean over tokens",
    "pooler": "trained dense-tanh layer over the first token",
    "last": "last layer, last token",
}

_STATES = {"overlap": "overlap *", "unknown": "unknown ?", "clean": "clean"}


def model_cards(source: Source) -> list[dict[str, Any]]:
    """A card for each model: `name`, `title`, `url` (https or http alone, else empty) and `rows` of label and value."""
    found = []
    for facts in source.models:
        card = _declared(facts.name)
        url = card.url if card is not None and card.url.startswith(("https://", "http://")) else ""
        rows = [(label, value) for label, value in _facts(facts, card) if value]
        found.append({"name": facts.name, "title": source.titles[facts.name], "url": url, "rows": rows})
    return found


def _declared(name: str) -> EncoderCard | None:
    """The plugin's card; None where the plugin is not on this machine. A record never makes code run."""
    try:
        return None if ".py:" in name else find_encoder(name).card
    except BenchError:
        return None


def _facts(facts: ModelFacts, card: EncoderCard | None) -> list[tuple[str, str]]:
    trained = ""
    if card is not None:
        declared = card.training_data
        trained = "not declared" if declared is None else ", ".join(declared) or "nothing"
    return [
        ("family", facts.family),
        ("base model", facts.base or ""),
        ("weights", facts.weights),
        ("revision", facts.revision or ""),
        ("vector", _VECTORS.get(facts.pooling or "", facts.pooling or "")),
        ("cut after", f"{facts.max_length:,} tokens" if facts.max_length else ""),
        ("dimensions", f"{facts.dimensions:,}" if facts.dimensions else ""),
        ("parameters", f"{facts.parameters:,}" if facts.parameters else ""),
        ("trained on", trained),
        ("of its training", "" if card is None else card.training_notes),
        ("licence", facts.licence or "none stated"),
        ("notes", "" if card is None else card.notes),
        ("cite", "" if card is None else card.citation),
        ("measured with", " ".join(filter(None, (facts.backend, facts.dtype)))),
        ("fingerprint", facts.fingerprint),
    ]


def evidence_lines(source: Source) -> list[dict[str, str]]:
    """One line for each model and kind of evidence: which tasks it concerns, how it is known, what it is."""
    lines: list[dict[str, str]] = []
    for model in source.models:
        own = [one for one in source.evaluations if one.model.name == model.name and one.metrics]
        told: dict[tuple[str, str, str], dict[str, None]] = {}
        for one in own:
            why = "; ".join(dict.fromkeys(in_words(one.contamination)))
            told.setdefault((one.state, str(one.contamination.get("basis", "")), why), {})[task_title(one.task_id)] = (
                None
            )
        for (state, basis, why), tasks in told.items():
            where = "all tasks" if len(told) == 1 and len(own) > 1 else "; ".join(tasks)
            words = {"model": source.titles[model.name], "state": state, "word": _STATES[state]}
            lines.append(words | {"tasks": where, "basis": basis, "reason": why})
    return lines


def clean_numbers(source: Source, evidence: Mapping[tuple[str, str], TextEvidence]) -> list[dict[str, str]]:
    """Each number on all rows and on the rows that the model was not trained on, where texts were compared."""
    shown = {model.name for model in source.models}
    return [
        {
            "model": source.titles[model],
            "task": task_title(task_id),
            "metric": metric_label(name),
            "rows": f"{found.rows:,}",
            "shared": f"{int(found.shared_rows.sum()):,}",
            "full": metric_style(name).show(full.value),
            "clean": metric_style(name).show(found.clean[name].value) if name in found.clean else found.remark or "–",
        }
        for (model, task_id), found in sorted(evidence.items())
        if model in shown and any(found.applies_to(record) for record in source.records)
        for name, full in found.full.items()
    ]


def missing_numbers(source: Source) -> list[dict[str, str]]:
    """A line for each model and reason: `model`, `tasks`, `reason`, `message`."""
    told: dict[tuple[str, str, str], dict[str, None]] = {}
    for record in source.records:
        if record.status != "ok":
            message = record.failure.message if record.failure is not None else ""
            told.setdefault((record.model.name, record.status, message), {})[task_title(record.task_id)] = None
    return [
        {"model": source.titles[name], "tasks": "; ".join(tasks), "reason": reason(status), "message": message}
        for model in source.models
        for (name, status, message), tasks in sorted(told.items())
        if name == model.name
    ]


def environments(records: Sequence[Record]) -> list[dict[str, object]]:
    """The distinct environments of measured records, the most frequent first: `records` and `rows` (name, value)."""
    # Digests of the corpora differ from task to task and say nothing of the machine.
    counts = Counter(
        tuple(sorted((name, value) for name, value in record.environment.items() if name != "corpora"))
        for record in records
        if record.status == "ok"
    )
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"records": count, "rows": list(facts)} for facts, count in ordered]


def span(records: Sequence[Record]) -> str:
    """From when to when it was measured: one date, or two; empty where no record says."""
    days = sorted(record.created[:10] for record in records if record.created)
    return " to ".join(dict.fromkeys((days[0], days[-1]))) if days else ""
