"""What comparing texts shows: joined with what names say, and kept as `contamination.json` beside the records.

Records say what names say, and are never changed. The file adds what texts show; tables apply it where it is about the
same weights and the same data. It holds counts, row numbers and numbers on the clean rows, never a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, TypeAdapter

from harness.contamination.judgement import STATES, Judgement, Match, conclude
from harness.contamination.overlap import Overlap, TrainingTexts
from harness.errors import RecordInvalid, RecordNewer
from harness.files import write_text
from harness.outcome import Metric
from harness.record import Contamination, Record

#: Name of the file in a results directory, and the version of its form.
FILE = "contamination.json"
SCHEMA = 1


@dataclass(frozen=True)
class Finding:
    """One training set, looked up in one evaluation set."""

    training: TrainingTexts
    overlap: Overlap


def judge_by_text(
    by_name: Judgement, part: str, findings: Sequence[Finding], not_compared: Mapping[str, str] | None = None
) -> Judgement:
    """Say whether a model has seen the texts of an evaluation set, by names and texts.

    Names come first and are never overruled where the corpus itself is declared: a model that was trained on EmoBank's
    training split is marked on its test split, whatever its texts are. Otherwise texts decide where they are known:

    * a shared text or sentence makes an overlap, whatever the names say (basis `text`, or the counts of a `descent`);
    * a `descent` or `source` whose training texts were all compared, as texts, and of which none is shared, is taken
      back: whoever trains on MR without SST's sentences is not marked on SST. Hashes of whole texts take nothing back:
      they cannot find a sentence inside a longer text;
    * a training set of which no text is at hand is judged by its name alone;
    * unknown stays unknown unless a shared text shows the overlap: that some texts are clean says nothing of others.

    Args:
        by_name: the answer of `judge`.
        part: which part of the corpus is scored: `test`, `all`.
        findings: the training sets whose texts were compared.
        not_compared: training set → why its texts were not.

    Returns:
        The answer; its evidence has `texts` as well: `compared`, `not_compared`.
    """
    evidence = by_name.evidence
    covering: dict[str, list[Finding]] = {}
    for finding in findings:
        for name in finding.training.covers:
            covering.setdefault(name, []).append(finding)
    matches: list[Match] = []
    notes: list[dict[str, Any]] = list(evidence.get("notes", ()))
    counted: set[int] = set()
    for match in (Match(**found) for found in evidence.get("matches", ())):
        compared = covering.get(match.trained_on, [])
        whole = bool(compared) and all(finding.training.texts is not None for finding in compared)
        marked = any(finding.overlap.marks for finding in compared)
        if whole and not marked and match.basis in ("descent", "source"):
            text = f"{match.why}, but none of the training texts is evaluated"
            notes.append({"trained_on": match.trained_on, "kind": "texts compared", "text": text})
            continue
        # Counts of the published files give way to those of the very texts, if these are of this set alone.
        own = [finding for finding in compared if finding.training.covers == (match.trained_on,)]
        if own and evidence["corpus"] == match.evaluated:
            match = replace(match, counts=own[0].overlap.counts(part))
            counted.update(map(id, own))
        elif compared and match.counts is None and evidence["corpus"] == match.evaluated:
            # A list of several sets: how many of its texts are evaluated, of whichever set they are.
            match = replace(match, counts=compared[0].overlap.counts(part))
        matches.append(match)
    matches += [
        Match(
            trained_on=finding.training.name,
            evaluated=evidence["corpus"],
            basis="text",
            why="training texts are evaluated",
            part=finding.training.part,
            counts=finding.overlap.counts(part),
        )
        for finding in findings
        if finding.overlap.marks and id(finding) not in counted
    ]
    declared = evidence["declared"]
    judged = conclude(evidence["corpus"], declared or (), matches, notes)
    compared_names = [finding.training.name for finding in findings]
    texts = {"compared": compared_names, "not_compared": dict(not_compared or {})}
    if judged.state == "clean" and by_name.state == "unknown":
        return Judgement("unknown", {**evidence, "texts": texts})
    basis = judged.evidence["basis"] if matches or declared is not None else evidence["basis"]
    return Judgement(judged.state, {**judged.evidence, "basis": basis, "declared": declared, "texts": texts})


def _ranges(text: str) -> str:
    from_ranges(text, 0)
    return text


def _judgement(found: Mapping[str, Any]) -> Mapping[str, Any]:
    if found.get("state") not in STATES:
        raise ValueError(f"unknown state {found.get('state')!r}")
    return found


@dataclass(frozen=True, kw_only=True)
class TextEvidence:
    """What texts show of one model on one task."""

    model: str
    task_id: Annotated[str, Field(pattern="^[^/]+/[^/]+/.+")]
    contamination: Annotated[Contamination, AfterValidator(_judgement)]
    """As in a record: `state`, `basis`, `matches`, ..., and `texts`."""
    fingerprint: str = ""
    """Of the model that was measured; empty where there is no record."""
    data: str = ""
    """Digest of the task's data."""
    rows: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    """Scored rows."""
    shared: Annotated[str, AfterValidator(_ranges)] = ""
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

    >>> to_ranges(np.array([1, 1, 0, 1], dtype=bool))
    '0-1,3'
    """
    numbers = np.flatnonzero(rows)
    if not len(numbers):
        return ""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def from_ranges(text: str, n: int) -> NDArray[np.bool_]:
    """Rows of `to_ranges`, (n,)."""
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
        schema = document["schema"]
        if schema > SCHEMA:
            raise RecordNewer(f"{path} was written with schema {schema}; this version reads up to {SCHEMA}: upgrade")
        entries = _ENTRIES.validate_python(document["entries"])
    except RecordNewer:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordInvalid(
            f"{path} is damaged ({type(error).__name__}: {error}); remove it and run bench contamination --write again"
        ) from error
    return {(entry.model, entry.task_id): entry for entry in entries}


_ENTRIES = TypeAdapter(list[TextEvidence])
