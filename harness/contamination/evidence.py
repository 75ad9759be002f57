"""What comparing texts shows, kept as `contamination.json` beside the records.

Records say what names say, and are never changed. The file adds what texts show; tables apply it where it is about the
same weights and the same data. It holds counts, row numbers and numbers on the clean rows, never a text.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter

from harness.errors import RecordInvalid, RecordNewer
from harness.files import write_text
from harness.outcome import Metric
from harness.record import Contamination, Record

#: Name of the file in a results directory, and the version of its form.
FILE = "contamination.json"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class TextEvidence:
    """What texts show of one model on one task."""

    model: str
    task_id: Annotated[str, Field(pattern="^[^/]+/[^/]+/.+")]
    contamination: Contamination
    """As in a record: `state`, `basis`, `matches`, ..., and `texts`."""
    fingerprint: str = ""
    """Of the model that was measured; empty where there is no record."""
    data: str = ""
    """Digest of the task's data."""
    rows: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    """Scored rows."""
    shared: Annotated[str, Field(pattern=r"^(\d{1,9}(-\d{1,9})?(,|$))*$")] = ""
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
        rows = np.zeros(self.rows, dtype=np.bool_)
        for run in filter(None, self.shared.split(",")):
            first, _, last = run.partition("-")
            rows[int(first) : int(last or first) + 1] = True
        return rows

    def applies_to(self, record: Record) -> bool:
        """Whether a record is of the same weights and data."""
        measured = (record.model.name, record.task_id, record.model.fingerprint, record.data)
        return measured == (self.model, self.task_id, self.fingerprint, self.data)


def apply_evidence(records: Iterable[Record], evidence: Mapping[tuple[str, str], TextEvidence]) -> list[Record]:
    """Records with what texts show in place of what names say, where it is about the same weights and data.

    Args:
        records: any.
        evidence: (model, task id) → what was found (`read_evidence`).
    """
    known = ((record, evidence.get((record.model.name, record.task_id))) for record in records)
    return [
        replace(record, contamination=found.contamination) if found and found.applies_to(record) else record
        for record, found in known
    ]


def to_ranges(rows: NDArray[np.bool_]) -> str:
    """Numbers of the true rows as ranges.

    >>> to_ranges(np.array([1, 1, 0, 1], dtype=bool))
    '0-1,3'
    """
    numbers = np.flatnonzero(rows)
    if not len(numbers):
        return ""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def write_evidence(directory: Path, entries: Iterable[TextEvidence]) -> Path:
    """Write the file; entries of the same model and task are replaced, others stay.

    Raises:
        RecordInvalid: the file that is there is damaged or newer.
        StorageFault: the directory cannot be written.
    """
    everything = read_evidence(directory) | {(entry.model, entry.task_id): entry for entry in entries}
    document = {"schema": SCHEMA, "entries": [asdict(everything[key]) for key in sorted(everything)]}
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
        document = json.loads(path.read_bytes())
        if (schema := document["schema"]) > SCHEMA:
            raise RecordNewer(f"{path} was written with schema {schema}; this version reads up to {SCHEMA}: upgrade")
        entries = _ENTRIES.validate_python(document["entries"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordInvalid(
            f"{path} is damaged ({type(error).__name__}: {error}); remove it and run bench contamination --write again"
        ) from error
    return {(entry.model, entry.task_id): entry for entry in entries}


_ENTRIES = TypeAdapter(list[TextEvidence])
