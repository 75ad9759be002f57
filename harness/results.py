"""Result records: one versioned JSON file per (model, task, corpus, protocol, seed), and the directory of them.

A record says everything that a number depends on: the model's content fingerprint, pooling and cut-off, the
task's protocol and the corpus's content fingerprint, the seed, the software and the device. What failed has a
record too. Per-example predictions lie beside the record in an `.npz` file of the same name. The file says the
checksums of both; records of before they did are read without.

The directory: `RESULTS/records/MODEL/TASK--CORPUS--PROTOCOL--sSEED.json`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness import strict_json
from harness.errors import RecordInvalid, RecordNewer
from harness.files import PARTIAL, write_bytes, write_text
from harness.outcome import Metric
from harness.predictions import check_archive, check_predictions
from harness.record_facts import check_contamination, check_details
from harness.redaction import redacted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Version of the JSON form. A newer file is refused, an older one is migrated.
SCHEMA = 1

#: Every state that a unit of work can end in.
STATUSES = ("ok", "failed", "weights-missing", "extra-missing", "data-missing", "skipped")


#: How a record's checksum is made: of its values as JSON with sorted keys, by 16 bytes of BLAKE2b.
_CHECKSUM = "blake2b-16:"


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """The encoder as it was used."""

    name: str
    title: str = ""
    family: str = ""
    base: str | None = None
    fingerprint: str = ""
    """Content digest of weights, tokeniser and options; empty when the model was never loaded."""
    pooling: str | None = None
    max_length: int | None = None
    dtype: str = ""
    backend: str = ""
    dimensions: int | None = None
    parameters: int | None = None
    weights: str = ""
    revision: str | None = None
    licence: str | None = None


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a unit has no number."""

    kind: str
    message: str
    traceback: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One result, or one failure."""

    model: ModelFacts
    task: str
    corpus: str
    protocol: str
    split: str
    seed: int
    status: str
    data: str = ""
    """Content digest of the texts, labels and splits that were scored."""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    contamination: Mapping[str, Any] = field(default_factory=dict)
    """`state` (`clean`, `overlap`, `unknown`) and the evidence for it."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds: `encode`, `score`; `texts_encoded` counts what was not in the cache."""
    environment: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    """UTC, ISO 8601."""
    failure: Failure | None = None
    predictions: str = field(default="", compare=False)
    """SHA-256 of the `.npz` beside the record; empty without one, and in records of before it was noted."""
    schema: int = SCHEMA

    @property
    def task_id(self) -> str:
        """`task/corpus/protocol`."""
        return f"{self.task}/{self.corpus}/{self.protocol}"

    @property
    def key(self) -> tuple[str, str, int]:
        """What identifies a record in a store: (model name, task id, seed)."""
        return (self.model.name, self.task_id, self.seed)

    def to_json(self) -> str:
        """Serialise, indented, so that a change of one number is a change of one line; the main metric stands first.

        The last line is a checksum of all others. Secrets of the environment and the user's home are left out.
        """
        document = _redacted(json.loads(json.dumps(asdict(self), allow_nan=False)))
        document["checksum"] = _checksum(document)
        return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, origin: str = "a record") -> Record:
        """Read and check a record.

        Args:
            text: the JSON document.
            origin: where it came from, for the error message.

        Raises:
            RecordInvalid: not JSON, a missing or ill-typed field, a checksum that does not fit, or a newer schema.
        """
        try:
            raw = strict_json.loads(text)
            fits = not isinstance(raw, dict) or _fits(raw)
        except (ValueError, RecursionError) as error:
            raise RecordInvalid(f"{origin} is not JSON ({error}): delete it, or measure again") from error
        if not fits:
            raise RecordInvalid(
                f"{origin} is damaged: its content does not fit its checksum; delete it, or measure again"
            )
        return _Reader(origin).record(raw)


def _redacted(document: dict[str, Any]) -> dict[str, Any]:
    """The document without secrets, but by the names that it is found by."""
    found: dict[str, Any] = redacted(document)
    found.update({name: document[name] for name in ("task", "corpus", "protocol", "split")})
    found["model"]["name"] = document["model"]["name"]
    return found


def _checksum(document: Mapping[str, Any]) -> str:
    """Digest of what a record's file says: of the values, whatever their order and the white space between."""
    rest = {name: value for name, value in document.items() if name != "checksum"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return _CHECKSUM + hashlib.blake2b(canonical.encode("ascii"), digest_size=16).hexdigest()


def _fits(document: Mapping[str, Any]) -> bool:
    """Whether a record's file is as it was written, as far as it says what that was."""
    stated = document.get("checksum", "")
    # Another version's checksum is not ours to judge, nor is the record of a newer one ours to call damaged.
    return stated == _checksum(document) if str(stated).startswith(_CHECKSUM) else isinstance(stated, str)


#: No measured number comes near it; a larger one overflows where it is shown in percent.
_LARGEST = 1e15

#: File systems allow 255 bytes a name; a record's has four parts.
_LONGEST_PART = 100


class _Reader:
    """Checks a decoded document field by field; everything unexpected is a `RecordInvalid` that names it."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def fail(self, what: str) -> RecordInvalid:
        return RecordInvalid(f"{self.origin}: {what}; it is no record of this program: remove it or run again")

    def mapping(self, raw: object, name: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise self.fail(f"`{name}` is not an object")
        return raw

    def text(self, raw: dict[str, Any], name: str, default: str | None = None) -> str:
        value = raw.get(name, default)
        if not isinstance(value, str):
            raise self.fail(f"`{name}` is not a string")
        return value

    def optional(self, raw: dict[str, Any], name: str, kind: type) -> Any:
        value = raw.get(name)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise self.fail(f"`{name}` is not of type {kind.__name__}")
        return value

    def number(self, value: object, name: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.fail(f"`{name}` is not a number")
        try:
            result = float(value)
        except OverflowError as error:
            raise self.fail(f"`{name}` is out of range") from error
        if not abs(result) <= _LARGEST:
            raise self.fail(f"`{name}` is not finite, or beyond {_LARGEST:g}")
        return result

    def metric(self, raw: object, name: str) -> Metric:
        values = self.mapping(raw, name)
        bounds = [
            None if values.get(side) is None else self.number(values[side], f"{name}.{side}")
            for side in ("low", "high")
        ]
        return Metric(self.number(values.get("value"), f"{name}.value"), bounds[0], bounds[1])

    def model(self, raw: dict[str, Any]) -> ModelFacts:
        return ModelFacts(
            name=self.text(raw, "name"),
            title=self.text(raw, "title", ""),
            family=self.text(raw, "family", ""),
            base=self.optional(raw, "base", str),
            fingerprint=self.text(raw, "fingerprint", ""),
            pooling=self.optional(raw, "pooling", str),
            max_length=self.optional(raw, "max_length", int),
            dtype=self.text(raw, "dtype", ""),
            backend=self.text(raw, "backend", ""),
            dimensions=self.optional(raw, "dimensions", int),
            parameters=self.optional(raw, "parameters", int),
            weights=self.text(raw, "weights", ""),
            revision=self.optional(raw, "revision", str),
            licence=self.optional(raw, "licence", str),
        )

    def integer(self, raw: dict[str, Any], name: str) -> int:
        value = raw.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.fail(f"`{name}` is not an integer")
        return value

    def free(self, raw: dict[str, Any], name: str, check: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
        found = self.mapping(raw.get(name, {}), name)
        try:
            check(found)
        except ValueError as error:
            raise self.fail(str(error)) from error
        return found

    def record(self, document: object) -> Record:
        raw = self.mapping(document, "record")
        schema = self.integer(raw, "schema")
        if schema > SCHEMA:
            raise RecordNewer(
                f"{self.origin} was written with record schema {schema}; this version reads up to {SCHEMA}: "
                "upgrade affectbench (`pip install -U affectbench`)"
            )
        if schema < 1:
            raise self.fail(f"there was never a record schema {schema}")
        status = self.text(raw, "status")
        if status not in STATUSES:
            raise self.fail(f"unknown status {status!r}")
        failure = raw.get("failure")
        if failure is not None:
            failure = self.mapping(failure, "failure")
        metrics = self.mapping(raw.get("metrics", {}), "metrics")
        counts = self.mapping(raw.get("counts", {}), "counts")
        timings = self.mapping(raw.get("timings", {}), "timings")
        environment = self.mapping(raw.get("environment", {}), "environment")
        return Record(
            model=self.model(self.mapping(raw.get("model"), "model")),
            task=self.text(raw, "task"),
            corpus=self.text(raw, "corpus"),
            protocol=self.text(raw, "protocol"),
            split=self.text(raw, "split"),
            seed=self.integer(raw, "seed"),
            status=status,
            data=self.text(raw, "data", ""),
            metrics={name: self.metric(value, f"metrics.{name}") for name, value in metrics.items()},
            counts={name: self.integer(counts, name) for name in counts},
            details=self.free(raw, "details", check_details),
            contamination=self.free(raw, "contamination", check_contamination),
            timings={name: self.number(value, f"timings.{name}") for name, value in timings.items()},
            environment={name: self.text(environment, name) for name in environment},
            created=self.text(raw, "created", ""),
            failure=None
            if failure is None
            else Failure(
                kind=self.text(failure, "kind"),
                message=self.text(failure, "message"),
                traceback=self.text(failure, "traceback", ""),
            ),
            predictions=self.text(raw, "predictions", ""),
            schema=SCHEMA,
        )


def _file_part(name: str) -> str:
    """A name as part of a file name: one name, one part, and never a path of its own."""
    part = quote(name, safe="@-_.+")
    if len(part) > _LONGEST_PART:
        part = part[:_LONGEST_PART] + "~" + hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
    return part if part.strip(".") else part.replace(".", "%2E")


class ResultStore:
    """The directory of records.

    >>> import tempfile
    >>> store = ResultStore(Path(tempfile.mkdtemp()))
    >>> record = Record(model=ModelFacts(name="hf:org/m"), task="polarity", corpus="mr",
    ...                 protocol="senteval-lr/1", split="cv10", seed=0, status="ok",
    ...                 metrics={"accuracy": Metric(0.75)})
    >>> store.save(record).name
    'polarity--mr--senteval-lr%2F1--s0.json'
    >>> store.get("hf:org/m", "polarity/mr/senteval-lr/1", 0).metrics["accuracy"].value
    0.75
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.records_dir = directory / "records"

    def path(self, model: str, task_id: str, seed: int) -> Path:
        """Where the record of a (model, task id, seed) lies."""
        task, corpus, protocol = task_id.split("/", 2)
        stem = "--".join(_file_part(part) for part in (task, corpus, protocol, f"s{seed}"))
        return self.records_dir / _file_part(model) / f"{stem}.json"

    def save(self, record: Record, predictions: Mapping[str, NDArray[np.generic]] | None = None) -> Path:
        """Write a record, its predictions first, each whole or not at all.

        A process killed between the two leaves an older record beside predictions that are not its own; `get`
        finds them by their checksum.

        Raises:
            StorageFault: the directory cannot be written.
        """
        path, packed = self.path(*record.key), b""
        if predictions:
            packed = pack(predictions)
            write_bytes(path.with_suffix(".npz"), packed, "predictions")
        record = replace(record, predictions=hashlib.sha256(packed).hexdigest() if packed else "")
        write_text(path, record.to_json(), "a result record")
        return path

    def get(self, model: str, task_id: str, seed: int) -> Record | None:
        """The record of a unit, None when there is none.

        Raises:
            RecordInvalid: it is damaged, or its predictions are, or it is too new.
        """
        path = self.path(model, task_id, seed)
        if not path.is_file():
            return None
        record = self._read(path)
        self._packed(record)
        return record

    def predictions(self, record: Record) -> dict[str, NDArray[np.generic]] | None:
        """Per-example predictions of a record, None when they were not kept or are gone.

        Raises:
            RecordInvalid: they are damaged, or another measurement's.
        """
        packed = self._packed(record) if self._beside(record).exists() else None
        if packed is None:
            return None
        origin = str(self._beside(record))
        found = unpack(packed, origin)
        try:
            check_predictions(found)
        except ValueError as error:
            raise RecordInvalid(f"{origin} holds no predictions ({error}); delete it and run again") from error
        return found

    def _beside(self, record: Record) -> Path:
        return self.path(*record.key).with_suffix(".npz")

    def _packed(self, record: Record) -> bytes | None:
        """The file of a record's predictions, if it is that one."""
        path = self._beside(record)
        try:
            packed = path.read_bytes()
        except FileNotFoundError:
            if not record.predictions:
                return None
            raise RecordInvalid(f"{path} is gone, whose record is there; run again to measure it again") from None
        except OSError as error:
            raise RecordInvalid(f"{path} cannot be read ({error}); delete it and run again") from error
        if record.predictions and hashlib.sha256(packed).hexdigest() != record.predictions:
            raise RecordInvalid(
                f"{path} is damaged or of another measurement: it does not fit the checksum in its record; "
                "delete it and run again"
            )
        return packed

    def __iter__(self) -> Iterator[Record]:
        """All records, ordered by model and file name.

        Raises:
            RecordInvalid: a file is damaged or too new; nothing is skipped in silence.
        """
        for path in sorted(self.records_dir.glob("*/*.json")):
            if not path.name.startswith(PARTIAL):
                yield self._read(path)

    @staticmethod
    def _read(path: Path) -> Record:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecordInvalid(f"{path} cannot be read ({error}); delete it and run again") from error
        return Record.from_json(text, str(path))


def unpack(packed: bytes, origin: str) -> dict[str, NDArray[np.generic]]:
    """The arrays of an `.npz`.

    Args:
        packed: the file's bytes.
        origin: where they came from, for the error message.

    Raises:
        RecordInvalid: they are no `.npz`, a damaged one, or one that unpacks to more than memory should hold.
    """
    import numpy as np

    try:
        check_archive(packed)
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # of zip, of deflate, of the arrays' headers, of memory for what they claim to hold
        raise RecordInvalid(f"{origin} is damaged ({error}); delete it and run again") from error


def pack(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Arrays as a compressed `.npz` whose bytes depend on nothing but the arrays."""
    import zipfile

    import numpy as np

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(entry, content.getvalue())
    return buffer.getvalue()
