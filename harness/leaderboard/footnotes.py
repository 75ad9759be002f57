"""What must be said under a table: what models were trained on, why numbers are missing, what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from harness.leaderboard.combine import Unit
from harness.leaderboard.grid import Grid, Measured
from harness.leaderboard.names import EXPLANATIONS, REASONS, corpus_title
from harness.leaderboard.table import Column, Footnote, Row

Titles = Mapping[str, str]


def about_results(grid: Grid, wanted: Sequence[Measured], rows: Sequence[Row], titles: Titles) -> list[Footnote]:
    """Collect the remarks that follow from the records of a table."""
    units = {(unit.model.name, unit.task_id): unit for column in wanted for unit in grid.units(column)}.values()
    shown = [unit for unit in units if unit.metrics]
    return [
        *_contamination(shown, titles),
        *_missing(rows),
        *_seeds(shown, titles),
        *_misfits(shown, titles),
    ]


def about_absent(absent: Sequence[Measured]) -> list[Footnote]:
    """Name the columns that are left out since no model was run on them."""
    names = dict.fromkeys(
        f"{corpus_title(w.corpus)} ({w.group if w.group.endswith(w.protocol) else w.protocol})" for w in absent
    )
    return [Footnote(text=f"Not run for any model: {', '.join(names)}.")] if names else []


def about_published(rows: Sequence[Row], columns: Sequence[Column], cited: str) -> list[Footnote]:
    """Say where the published columns come from (`cited`) and what their asterisks mean."""
    published = [j for j, column in enumerate(columns) if column.origin == "published"]
    notes = [
        Footnote(
            text=f"Published: as printed by {cited}; its protocols are not given in full and may differ from ours."
        )
    ]
    if any(row.cells[j].flag for row in rows for j in published):
        notes.append(Footnote(text="* at a published number: the paper marks it as trained on the data set."))
    return notes


def _contamination(units: Sequence[Unit], titles: Titles) -> list[Footnote]:
    notes = []
    overlaps = _by_model([u for u in units if u.state == "overlap"], titles, _evidence)
    if overlaps:
        notes.append(
            Footnote(mark="*", text=f"trained on the data set or on texts of it, not ranked. {_sentences(overlaps)}")
        )
    unknown = list(dict.fromkeys(titles[u.model.name] for u in units if u.state == "unknown"))
    if unknown:
        notes.append(Footnote(mark="?", text=f"training data not declared, not ranked: {', '.join(unknown)}."))
    hints = _by_model([u for u in units if u.state == "clean" and _same_site(u)], titles, _same_site)
    if hints:
        notes.append(Footnote(text=f"Not marked, though of the same site. {_sentences(hints)}"))
    return notes


def _by_model(units: Iterable[Unit], titles: Titles, say: Callable[[Unit], str]) -> list[str]:
    """Say something of each model: `SentiCSE: MR (mr); SST5 (mr)`. Models of which it is the same share a line."""
    said: dict[str, dict[str, None]] = {}
    for unit in units:
        said.setdefault(titles[unit.model.name], {})[f"{corpus_title(unit.corpus)} ({say(unit)})"] = None
    lines: dict[str, list[str]] = {}
    for title, words in said.items():
        lines.setdefault("; ".join(words), []).append(title)
    return [f"{', '.join(names)}: {words}" for words, names in lines.items()]


def _sentences(lines: Iterable[str]) -> str:
    return " ".join(f"{line}." for line in lines)


def _objects(contamination: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = contamination.get(name)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _evidence(unit: Unit) -> str:
    """What was trained on, in as few words as identify it."""
    said: dict[str, None] = {}
    for match in _objects(unit.contamination, "matches"):
        words = str(match.get("trained_on", "")) or "overlap"
        counts = match.get("counts")
        if isinstance(counts, Mapping) and {"normal", "rows", "part"} <= set(counts):
            part = "" if counts["part"] == "all" else f" {counts['part']}"
            words += f", {counts['normal']:,} of {counts['rows']:,}{part} sentences shared"
        elif match.get("basis") != "declared" and match.get("why"):
            words += f", {match['why']}"
        said[words] = None
    return ", ".join(said) or "the evidence is in the record"


def _same_site(unit: Unit) -> str:
    notes = [n for n in _objects(unit.contamination, "notes") if n.get("kind") == "same site"]
    return ", ".join(dict.fromkeys(str(note.get("text", "")) for note in notes))


def _missing(rows: Sequence[Row]) -> list[Footnote]:
    states = {cell.status for row in rows for cell in row.cells}
    said = [f"{REASONS[state][1]}: {EXPLANATIONS[state]}" for state in REASONS if state in states & set(EXPLANATIONS)]
    return [Footnote(text="; ".join(said) + ".")] if said else []


def _seeds(units: Sequence[Unit], titles: Titles) -> list[Footnote]:
    notes = []
    counts = sorted({unit.seeds for unit in units if unit.seeds > 1})
    if counts:
        span = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        text = f"Means over {span} seeds where the protocol draws at random"
        single = any(unit.seeds == 1 for unit in units)
        notes.append(Footnote(text=f"{text}; other numbers are of one run." if single else f"{text}."))
    partial = _by_model(
        [unit for unit in units if unit.faults],
        titles,
        lambda unit: f"{sum(unit.faults.values())} of {unit.seeds + sum(unit.faults.values())}",
    )
    if partial:
        notes.append(Footnote(text="Seeds without a number, left out: " + "; ".join(partial) + "."))
    return notes


def _misfits(units: Sequence[Unit], titles: Titles) -> list[Footnote]:
    """Warn of numbers that stand side by side without being comparable."""
    notes = []
    data: dict[str, set[str]] = {}
    weights: dict[tuple[object, ...], set[str]] = {}
    for unit in units:
        data.setdefault(unit.task_id, set()).add(unit.data)
        model = unit.model
        options = (model.name, model.pooling, model.max_length, model.dtype, model.backend)
        weights.setdefault(options, set()).add(model.fingerprint)
    mixed = sorted(task for task, digests in data.items() if len(digests) > 1)
    if mixed:
        text = f"Warning: not all models were scored on the same data ({', '.join(mixed)}); run again."
        notes.append(Footnote(text=text))
    changed = dict.fromkeys(titles[str(key[0])] for key, prints in weights.items() if len(prints) > 1)
    if changed:
        text = f"Warning: the weights changed between the numbers of a row ({', '.join(changed)}); run again."
        notes.append(Footnote(text=text))
    return notes
