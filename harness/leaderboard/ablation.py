"""Results of CARL's ablations as records: `carl ablate` writes one JSON object a run, Table V shows them.

An arm is named as its configuration: `carl-minilm-no-ptd`; `carl-minilm-full` and `carl-minilm-before` are the method
as it is and the backbone before any training. A name without an arm, `carl-minilm`, is no row of Table V.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import strict_json
from harness.errors import RecordInvalid
from harness.outcome import Metric
from harness.record import STATUSES, Failure, ModelFacts, Record

#: Where ablations lie below a results directory: any depth, one file an ablation.
FILES = "ablation/**/runs.jsonl"

#: No measured number comes near it; NaN is not below it.
_LARGEST = 1e15

#: Arm → row of the paper's Table V; the paper does not say what its Base RWA is.
_PRINTED = {"full": "CARL", "no-ptd": "w/o TP", "no-mccl": "w/o MCCL"}

#: Architecture in a name → the paper's base. MiniLM's layers are BERT's.
_BASES = {"minilm": "BERT", "bert": "BERT", "roberta": "RoBERTa"}

_NAME = re.compile(rf"carl-({'|'.join(_BASES)})((?:-plus|-cpu)*)-(?!plus\b|cpu\b)(.+)")


def arm_of(model: str) -> tuple[str, str] | None:
    """(what it starts from and trains on, arm) of a model's name; None for one that is no arm.

    >>> arm_of("carl-minilm-cpu-no-ptd"), arm_of("carl-minilm-cpu")
    (('carl-minilm-cpu', 'no-ptd'), None)
    """
    match = _NAME.fullmatch(model.partition("@")[0])
    return None if match is None else (f"carl-{match[1]}{match[2]}", match[3])


def printed_as(model: str) -> tuple[str, str] | None:
    """(base, model) of the paper's row that an arm corresponds to.

    >>> printed_as("carl-roberta-no-mccl")
    ('RoBERTa', 'w/o MCCL')
    """
    found = arm_of(model)
    if found is None or found[1] not in _PRINTED:
        return None
    return _BASES[found[0].split("-")[1]], _PRINTED[found[1]]


def read_ablations(results_dir: Path) -> list[Record]:
    """All runs below a results directory as records; none where there are none.

    The seed of a record is that of the training. The vectors of two seeds differ by intent, so that these records
    carry no fingerprints.

    Raises:
        RecordInvalid: a file is not what `carl ablate` writes; names file and line.
    """
    records: list[Record] = []
    for path in sorted(results_dir.glob(FILES)):
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise RecordInvalid(f"{path} cannot be read ({error}); remove it or run the ablation again") from error
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                records += _records(strict_json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise RecordInvalid(
                    f"{path}, line {number}: no run of an ablation ({type(error).__name__}: {error}); "
                    "remove the file or run the ablation again"
                ) from error
    return records


def _records(run: Mapping[str, Any]) -> list[Record]:
    arm = str(run["arm"])
    base = str(run["config"]["name"]).removesuffix(f"-{arm}")
    model = ModelFacts(name=f"{base}-{arm}", title=arm, family=base)
    found = []
    for task_id, result in run["tasks"].items():
        task, corpus, protocol = task_id.split("/", 2)
        status = str(result["status"])
        if status not in STATUSES:
            raise ValueError(f"unknown status {status!r}")
        found.append(
            Record(
                model=model,
                task=task,
                corpus=corpus,
                protocol=protocol,
                split=str(result.get("split", "")),
                seed=int(run["seed"]),
                status=status,
                metrics={name: _metric(value) for name, value in result.get("metrics", {}).items()},
                contamination={"state": "clean"} if status == "ok" else {},
                failure=None if status == "ok" else Failure(kind=status, message=str(result.get("message", ""))),
            )
        )
    return found


def _metric(raw: Mapping[str, Any]) -> Metric:
    found = [None if raw.get(side) is None else float(raw[side]) for side in ("value", "low", "high")]
    value, low, high = found
    if value is None or not all(number is None or abs(number) <= _LARGEST for number in found):
        raise ValueError(f"{raw.get('value')!r} is not a number")
    return Metric(value, low, high)
