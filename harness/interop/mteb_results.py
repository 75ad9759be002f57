"""Read result files of mteb, to stand beside ours where both score the same data, and never in our columns.

mteb (1.11 and newer) writes `ORG__MODEL/REVISION/TASK.json` with the scores of every split and subset; the model's name
is in the folder or in `model_meta.json` beside the file. Its protocol is another one than ours even on the same data:
see `PROTOCOLS`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import DataInvalid, DataMissing

if TYPE_CHECKING:
    from harness.record import Record

#: Task of mteb → family and corpus of ours that score the same texts, and how mteb's protocol differs.
PROTOCOLS: Mapping[str, tuple[str, str]] = {
    "ImdbClassification": (
        "polarity/imdb",
        "16 training texts, mean of 10 draws, logistic regression with C = 1; test cut to 2,048 texts by some versions",
    ),
    "ImdbClassification.v2": (
        "polarity/imdb",
        "16 training texts, mean of 10 draws, logistic regression with C = 1; repeated texts removed",
    ),
}

#: Scores of mteb that we have under another name or the same.
_METRICS: Mapping[str, str] = {
    "accuracy": "accuracy",
    "f1": "macro.f1",
    "f1_weighted": "weighted.f1",
    "precision": "macro.precision",
    "precision_weighted": "weighted.precision",
    "recall": "macro.recall",
    "recall_weighted": "weighted.recall",
    "main_score": "main",
}

_MODEL_META = "model_meta.json"


@dataclass(frozen=True, kw_only=True)
class ForeignScore:
    """One number that another benchmark measured."""

    model: str
    """Hub id, as mteb has it."""
    task: str
    """mteb's name of the task."""
    split: str
    subset: str
    metric: str
    """Our name of the metric; `main` for the main score where that is none of ours."""
    value: float
    """As in the file: fractions for accuracies and F1."""
    protocol: str
    """`mteb VERSION`, and how it differs from ours where the task matches."""
    revision: str
    """Of the data set."""
    matches: str
    """Family and corpus of ours on the same texts, `polarity/imdb`; empty for none."""


def read_mteb(paths: str | Path | Iterable[str | Path]) -> list[ForeignScore]:
    """Read result files.

    Args:
        paths: files, or folders that are searched for them.

    Returns:
        Scores ordered by model, task, split, subset and metric.

    Raises:
        DataMissing: a path that is not there, or a folder without result files.
        DataInvalid: a file that is no result of mteb 1.11 or newer; names file and field.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    found = [score for path in given for file in _files(Path(path)) for score in _scores(file)]
    return sorted(found, key=lambda one: (one.model, one.task, one.split, one.subset, one.metric, one.protocol))


def beside(scores: Sequence[ForeignScore], records: Iterable[Record]) -> list[tuple[ForeignScore, list[Record]]]:
    """Put our records of the same model on the same texts beside each score.

    A record is of the same model when its weights are the score's hub id, or when it was measured by that name
    (`hf:ID`, `st:ID`). All protocols of ours are given: none is the foreign one.
    """
    measured = [record for record in records if record.status == "ok"]
    return [
        (
            score,
            [
                record
                for record in measured
                if score.matches == f"{record.task}/{record.corpus}"
                and score.metric in record.metrics
                and _same(score.model, record)
            ],
        )
        for score in scores
    ]


def _same(model: str, record: Record) -> bool:
    name = record.model.name.partition("@")[0]
    own = {record.model.weights, name.removeprefix("hf:").removeprefix("st:"), name}
    return model in own or model.removeprefix("affectbench/") == record.model.name


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise DataMissing(f"{path}: there is no such file or folder")
    files = [file for file in sorted(path.rglob("*.json")) if file.name not in (_MODEL_META, "run_settings.json")]
    if not files:
        raise DataMissing(f"{path} holds no result files; mteb writes ORG__MODEL/REVISION/TASK.json")
    yield from files


def _scores(file: Path) -> Iterator[ForeignScore]:
    document = _object(file)
    name, scores = document.get("task_name"), document.get("scores")
    if not isinstance(name, str) or not isinstance(scores, dict):
        raise DataInvalid(
            f"{file}: no `task_name` with `scores`: it is no result file of mteb 1.11 or newer. Older ones: load them "
            "with mteb (`TaskResult.from_disk`), save them again (`to_disk`) and read those"
        )
    matches, difference = PROTOCOLS.get(name, ("", ""))
    protocol = f"mteb {document.get('mteb_version') or 'of unknown version'}"
    for split, subsets in scores.items():
        if not isinstance(subsets, list) or not all(isinstance(subset, dict) for subset in subsets):
            raise DataInvalid(f"{file}: `scores.{split}` is not a list of objects")
        for subset in subsets:
            for theirs, ours in _METRICS.items():
                value = subset.get(theirs)
                if theirs == "main_score" and any(subset.get(other) == value for other in _METRICS if other != theirs):
                    continue
                if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                    yield ForeignScore(
                        model=_model(file),
                        task=name,
                        split=str(split),
                        subset=str(subset.get("hf_subset", "default")),
                        metric=ours,
                        value=float(value),
                        protocol=f"{protocol}: {difference}" if difference else protocol,
                        revision=str(document.get("dataset_revision") or ""),
                        matches=matches,
                    )


def _model(file: Path) -> str:
    """Hub id of the model that a file is about."""
    meta = file.with_name(_MODEL_META)
    if meta.is_file():
        name = _object(meta).get("name")
        if isinstance(name, str) and name:
            return name
    folder = file.parent.parent.name
    return folder.replace("__", "/", 1) if "__" in folder else folder or "unknown"


def _object(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_bytes())  # with NaN, which mteb writes where a score has no value
    except OSError as error:
        raise DataMissing(f"{file} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DataInvalid(f"{file} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise DataInvalid(f"{file} holds no JSON object")
    return document
