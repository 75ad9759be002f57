"""Single predictions: the scored rows on which models disagree most.

Predictions lie beside the records, texts do not: a page has them only where its maker hands in the corpora.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.corpora.base import CorpusLibrary
from harness.errors import BenchError
from harness.figures import Source
from harness.figures.source import task_title
from harness.registry import tasks

#: Characters of a text that a page shows.
_LONGEST = 1000


def explore(source: Source, library: CorpusLibrary | None, examples: int = 200) -> list[dict[str, Any]]:
    """Choose rows for every task that two models have predictions on.

    Args:
        source: the results.
        library: the corpora, None for a page without texts.
        examples: rows a task; those on which most pairs of models disagree, or whose predictions lie farthest apart.

    Returns:
        For each task, or dimension of one: `title`; `classes`, their names, None where numbers were predicted;
        `models`, titles in the order of the predictions; `total`, the number of scored rows; `rows`, the chosen ones'
        numbers from 0; their `gold`, `predicted` (a list a model) and `texts`, None where there are none; `why` not.
    """
    views: list[dict[str, Any]] = []
    for task_id in source.task_ids():
        by_model = {name: source.predictions(name, task_id) or {} for name in source.measured(task_id)}
        found = {key.removesuffix("gold") for arrays in by_model.values() for key in arrays if key.endswith("gold")}
        texts: list[str] | str | None = None
        # Valence, arousal, dominance.
        for dimension in sorted(found, key=lambda name: "vad".find(name[:1])):
            entered = {n: a for n, a in by_model.items() if {f"{dimension}gold", f"{dimension}predicted"} <= a.keys()}
            first = next((a[f"{dimension}gold"] for a in entered.values()), np.empty(0))
            # Models that were scored on the same rows as the first.
            entered = {n: a for n, a in entered.items() if np.array_equal(a[f"{dimension}gold"], first)}
            if len(entered) >= 2:
                texts = _texts(source, task_id, next(iter(entered)), library) if texts is None else texts
                views.append(_view(source, task_id, dimension, entered, texts, examples))
    return views


def _view(
    source: Source,
    task_id: str,
    dimension: str,
    entered: Mapping[str, dict[str, NDArray[Any]]],
    texts: list[str] | str,
    examples: int,
) -> dict[str, Any]:
    gold = next(iter(entered.values()))[f"{dimension}gold"]
    predicted = np.stack([arrays[f"{dimension}predicted"] for arrays in entered.values()])
    numeric = bool(np.issubdtype(gold.dtype, np.floating))
    spread = np.ptp(predicted, axis=0) if numeric else np.sum([a != b for a, b in combinations(predicted, 2)], axis=0)
    chosen = [int(i) for i in np.argsort(-spread, kind="stable")[:examples] if spread[i] > 0]
    if not isinstance(texts, str) and len(texts) != len(gold):
        texts = "its texts are not those that were scored"
    name = dimension.rstrip(".")
    highest = max(gold.max(), predicted.max())
    return {
        "title": f"{task_title(task_id)}, {name or task_id.split('/')[0]}",
        "classes": None if numeric else _classes(source, next(iter(entered)), task_id, highest),
        "models": [source.title(model) for model in entered],
        "total": len(gold),
        "rows": chosen,
        "gold": _plain(gold[chosen], numeric=numeric),
        "predicted": [_plain(row[chosen], numeric=numeric) for row in predicted],
        "texts": None if isinstance(texts, str) else [texts[i] for i in chosen],
        "why": texts if isinstance(texts, str) else "",
    }


def _plain(values: NDArray[Any], *, numeric: bool) -> list[float]:
    return [round(float(value), 3) if numeric else int(value) for value in values]


def _classes(source: Source, model: str, task_id: str, highest: int) -> list[str]:
    record = source.record(model, task_id)
    named = [] if record is None else [str(name) for name in record.details.get("classes", ())]
    if len(named) > highest:
        return named
    return ["negative", "positive"] if highest == 1 else [str(i) for i in range(int(highest) + 1)]


def _texts(source: Source, task_id: str, model: str, library: CorpusLibrary | None) -> list[str] | str:
    """Texts of the scored rows in their order, or why there are none."""
    task, record = tasks().get(task_id), source.record(model, task_id)
    if library is None or task is None or record is None:
        return "bench report --data-dir DIR, with your copy of the corpora, makes a page with texts for yourself"
    try:
        prepared = task.prepare(library)
    except BenchError:
        return "the corpus is not on this machine, or is not the published one: bench data says more"
    if prepared.fingerprint != record.data:
        return "the corpus on this machine is not the one that was scored"
    texts = prepared.texts[-(prepared.scored or 0) :]
    return [text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…" for text in texts]
