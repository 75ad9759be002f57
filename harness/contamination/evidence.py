"""What was found by comparing texts, kept as `contamination.json` beside the records.

Records say what names say, and are never changed. The file adds what texts show; tables apply it where it is about the
same weights and the same data. It holds counts, row numbers and numbers on the clean rows, never a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import strict_json
from harness.errors import RecordInvalid, RecordNewer
from harness.files import write_text
from harness.outcome import Metric
from harness.record import check_contamination

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.record import Record

#: Name of the file in a results directory, and the version of its form.
FILE = "contamination.json"
SCHEMA = 1

#: More rows than any evaluation set has; what a damaged file may claim is no reason to take memory for it.
_MOST_ROWS = 100_000_000

#: No measured number comes near it.
_LARGEST = 1e15


@dataclass(frozen=True, kw_only=True)
class TextEvidence:
    """What texts show of one model on one task."""

    model: str
    task_id: str
    contamination: Mapping[str, Any]
    """As in a record: `state`, `basis`, `matches`, ..., and `texts`."""
    fingerprint: str = ""
    """Of the model that was measured; empty where there is no record."""
    data: str = ""
    """Digest of the task's data."""
    rows: int = 0
    """Scored rows."""
    shared: str = ""
    """Numbers of the rows that the model was trained on, in the order of the predictions: `0-3,7`."""
    full: Mapping[str, Metric] = field(default_factory=dict)
    """Numbers on all rows, as recorded; the mean over seeds."""
    clean: Mapping[str, Metric] = field(default_factory=dict)
    """The same on the rows that the model was not trained on; empty where predictions do not determine them."""
    remark: str = ""
    """Why there are no numbers on the clean rows, where one would expect them."""

    @property
    def state(self) -> str:
        """`clean`, `overlap` or `unknown`."""
        return str(self.contamination["state"])

    @property
    def shared_rows(self) -> NDArray[np.bool_]:
        """Rows that the model was trained on (rows,)."""
        return from_ranges(self.shared, self.rows)

    def applies_to(self, record: Record) -> bool:
        """Whether a record is of the same weights and data."""
        same = (record.model.name, record.task_id) == (self.model, self.task_id)
        return same and (record.model.fingerprint, record.data) == (self.fingerprint, self.data)


def apply_evidence(records: Iterable[Record], evidence: Mapping[tuple[str, str], TextEvidence]) -> list[Record]:
    """Records with what texts show in place of what names say, where it is about the same weights and data.

    Args:
        records: any.
        evidence: (model, task id) → what was found (`read_evidence`).
    """
    found = []
    for record in records:
        known = evidence.get((record.model.name, record.task_id))
        fits = known is not None and known.applies_to(record)
        found.append(replace(record, contamination=known.contamination) if known is not None and fits else record)
    return found


def to_ranges(rows: NDArray[np.bool_]) -> str:
    """Numbers of the true rows as ranges.

    >>> import numpy as np
    >>> to_ranges(np.array([1, 1, 0, 1], dtype=bool))
    '0-1,3'
    """
    import numpy as np

    numbers = np.flatnonzero(rows)
    if not len(numbers):
        return ""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def from_ranges(text: str, n: int) -> NDArray[np.bool_]:
    """Rows of `to_ranges`, (n,)."""
    import numpy as np

    rows = np.zeros(n, dtype=np.bool_)
    for run in filter(None, text.split(",")):
        first, _, last = run.partition("-")
        rows[int(first) : int(last or first) + 1] = True
    return rows


def write_evidence(directory: Path, entries: Iterable[TextEvidence]) -> Path:
    """Write the file; entries of the same model and task are replaced, others stay.

    Raises:
        RecordInvalid: the file that is there is damaged or newer.
        StorageFault: the directory cannot be written.
    """
    everything = read_evidence(directory) | {(entry.model, entry.task_id): entry for entry in entries}
    document = {
        "schema": SCHEMA,
        "entries": [plain(everything[key]) for key in sorted(everything)],
    }
    path = directory / FILE
    write_text(path, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "text evidence")
    return path


def read_evidence(directory: Path) -> dict[tuple[str, str], TextEvidence]:
    """Read the file of a results directory: (model, task id) → what was found; empty where there is none.

    Raises:
        RecordInvalid: it is damaged or newer than this program.
    """
    path = directory / FILE
    if not path.is_file():
        return {}
    try:
        document = strict_json.loads(path.read_bytes())
        schema = document["schema"]
        if not isinstance(schema, int):
            raise ValueError("`schema` is not an integer")
        if schema > SCHEMA:
            raise RecordNewer(f"{path} was written with schema {schema}; this version reads up to {SCHEMA}: upgrade")
        entries = [_entry(raw) for raw in document["entries"]]
    except RecordNewer:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordInvalid(
            f"{path} is damaged ({type(error).__name__}: {error}); remove it and run bench contamination --write again"
        ) from error
    return {(entry.model, entry.task_id): entry for entry in entries}


def plain(entry: TextEvidence) -> dict[str, Any]:
    """The JSON-able form of an entry."""
    return {
        **{name: value for name, value in vars(entry).items() if name not in ("full", "clean")},
        "full": {name: vars(metric) for name, metric in entry.full.items()},
        "clean": {name: vars(metric) for name, metric in entry.clean.items()},
    }


def _entry(raw: dict[str, Any]) -> TextEvidence:
    if raw["contamination"]["state"] not in ("clean", "overlap", "unknown"):
        raise ValueError(f"unknown state {raw['contamination']['state']!r}")
    check_contamination(raw["contamination"])
    full, clean = ({name: _metric(metric) for name, metric in raw[side].items()} for side in ("full", "clean"))
    entry = TextEvidence(**{**raw, "full": full, "clean": clean})
    words = (entry.model, entry.task_id, entry.fingerprint, entry.data, entry.shared, entry.remark)
    if not all(isinstance(word, str) for word in words) or entry.task_id.count("/") < 2:
        raise ValueError("an entry's names are not strings, or its task is not family/corpus/protocol")
    if not isinstance(entry.rows, int) or not 0 <= entry.rows <= _MOST_ROWS:
        raise ValueError(f"an entry has {entry.rows!r} rows")
    from_ranges(entry.shared, entry.rows)
    return entry


def _metric(raw: Mapping[str, Any]) -> Metric:
    metric = Metric(**raw)
    for number in (metric.value, metric.low, metric.high):
        if isinstance(number, bool) or not isinstance(number, int | float | None) or metric.value is None:
            raise ValueError(f"{number!r} is not a number")
        if number is not None and abs(number) > _LARGEST:
            raise ValueError(f"{number:g} is too large")
    return metric
