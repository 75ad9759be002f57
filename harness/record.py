"""Result records: one versioned JSON file per evaluation, and the directory that holds them.

A record says everything that a number depends on: the model's content fingerprint, pooling and cut-off, the task's
protocol and the corpus's content fingerprint, the seed, the software and the device. A failed evaluation has a record
too. Per-example predictions lie beside the record in an `.npz` file of the same name. The record holds checksums of
both files; records written before checksums existed are read as unverified.

The directory: `RESULTS/records/MODEL/TASK--CORPUS--PROTOCOL--sSEED.json`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from harness.errors import RecordInvalid, RecordNewer, RecordSkipped, validation_reason
from harness.files import PARTIAL, write_bytes, write_text
from harness.metrics import range_of
from harness.outcome import Metric

#: Version of the JSON form. A newer file is refused.
SCHEMA = 1

#: Every state that an evaluation can end in.
STATUSES = ("ok", "failed", "weights-missing", "extra-missing", "data-missing", "skipped")

#: A record's checksum: 16 bytes of BLAKE2b over its values as JSON with sorted keys.
_CHECKSUM = "blake2b-16:"

Count = Annotated[int, Field(ge=0, lt=2**63)]
#: No measured number comes near the bound; a larger one overflows where it is shown in percent.
Number = Annotated[float, Field(ge=-1e15, le=1e15)]

#: Rounding may carry a perfect correlation this far beyond 1.
_ROUNDING = 1e-9


def _check_metrics(metrics: Mapping[str, Metric]) -> Mapping[str, Metric]:
    """Refuse numbers outside their metric's range, and intervals whose low end is above the high end."""
    for name, metric in metrics.items():
        least, most = range_of(name)
        known = [number for number in (metric.value, metric.low, metric.high) if number is not None]
        if not least - _ROUNDING <= min(known) <= max(known) <= most + _ROUNDING:
            raise ValueError(f"`{name}` is {metric}, outside [{least:g}, {most:g}]")
        if metric.low is not None and metric.high is not None and metric.low > metric.high:
            raise ValueError(f"the interval of `{name}` has its low end {metric.low} above its high end {metric.high}")
    return metrics


def _check_counts(counts: dict[str, int | str]) -> dict[str, int | str]:
    if any(isinstance(number, str) != (name == "part") for name, number in counts.items()):
        raise ValueError("counts are numbers of texts, and the name of their `part`")
    return counts


class _Details(TypedDict, total=False):
    """The parts of `details` that tables and figures read; other names may hold anything."""

    __pydantic_config__ = ConfigDict(extra="allow", strict=True)  # type: ignore[misc]
    classes: Annotated[list[str], Field(max_length=1000)]
    mae_observed: dict[str, Number]
    interval: str


class _Contamination(TypedDict, total=False):
    """The parts of a contamination judgement that tables and reports read."""

    __pydantic_config__ = ConfigDict(extra="allow", strict=True)  # type: ignore[misc]
    state: str | None
    basis: str | None
    corpus: str | None
    declared: list[str] | None
    matches: list[dict[str, str | Annotated[dict[str, Count | str], AfterValidator(_check_counts)]]]
    notes: list[dict[str, str | dict[str, Count | str]]]
    texts: dict[str, list[str] | dict[str, str]]


Contamination = Annotated[Mapping[str, Any], AfterValidator(TypeAdapter(_Contamination).validate_python)]


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
    max_length: Count | None = None
    dtype: str = ""
    backend: str = ""
    dimensions: Count | None = None
    vector_bytes: Count | None = None
    """Bytes that a vector takes in storage; None in older records, which hold four a dimension."""
    parameters: Count | None = None
    weights: str = ""
    revision: str | None = None
    licence: str | None = None

    @property
    def bytes_a_vector(self) -> int | None:
        """Bytes that a vector takes in storage, None where its length is not known."""
        return self.vector_bytes or (4 * self.dimensions if self.dimensions else None)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an evaluation has no number."""

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
    seed: Count
    status: Annotated[str, Field(pattern=f"^({'|'.join(STATUSES)})$")]
    data: str = ""
    """Content digest of the texts, labels and splits that were scored."""
    metrics: Annotated[Mapping[str, Metric], AfterValidator(_check_metrics)] = field(default_factory=dict)
    counts: Mapping[str, Count] = field(default_factory=dict)
    details: Annotated[Mapping[str, Any], AfterValidator(TypeAdapter(_Details).validate_python)] = field(
        default_factory=dict
    )
    contamination: Contamination = field(default_factory=dict)
    """`state` (`clean`, `overlap`, `unknown`) and the evidence for it."""
    timings: Mapping[str, Number] = field(default_factory=dict)
    """Seconds: `encode`, `score`; `texts_encoded` counts the texts that were not in the cache; of a service also the
    `tokens` that it counted and their `cost` in US dollars."""
    environment: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    """UTC, ISO 8601."""
    failure: Failure | None = None
    predictions: str = field(default="", compare=False)
    """SHA-256 of the `.npz` beside the record; empty without one, and in records older than this field."""
    schema: Annotated[int, Field(ge=1, le=SCHEMA)] = SCHEMA
    verified: bool = field(default=True, compare=False)
    """False for a record that was read from a file without a checksum; not part of the file."""

    @property
    def task_id(self) -> str:
        """`task/corpus/protocol`."""
        return f"{self.task}/{self.corpus}/{self.protocol}"

    @property
    def key(self) -> tuple[str, str, int]:
        """What identifies a record in a store: (model name, task id, seed)."""
        return (self.model.name, self.task_id, self.seed)

    def to_json(self) -> str:
        """Serialise, indented, so that a change of one number is a change of one line; the main metric comes first.

        The last line is a checksum of all others.
        """
        document = json.loads(json.dumps(asdict(self)))
        del document["verified"]
        return json.dumps({**document, "checksum": _checksum(document)}, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, origin: str = "a record") -> Record:
        """Read and check a record, a JSON document in UTF-8; `origin` says in messages where it came from.

        Raises:
            RecordInvalid: not JSON, a missing or ill-typed field, a number outside its range, a checksum that does
                not fit, or a newer schema.
        """
        try:
            raw = json.loads(text, parse_constant=_refuse_constant)
            stated = str(raw.get("checksum", ""))
            verified = stated.startswith(_CHECKSUM)
            if verified and stated != _checksum(raw):
                raise ValueError("its content does not fit its checksum: it is damaged")
            # The checksum of a newer version is not ours to judge.
            if type(schema := raw.get("schema")) is int and schema > SCHEMA:
                raise RecordNewer(
                    f"{origin} was written with record schema {schema}; this version reads up to {SCHEMA}: "
                    "upgrade affectbench (`pip install -U affectbench`)"
                )
            return replace(_RECORD.validate_json(text, strict=True), verified=verified)
        except (ValueError, AttributeError, RecursionError) as error:
            reason = validation_reason(error) if isinstance(error, ValidationError) else error
            raise RecordInvalid(f"{origin} is not a valid record ({reason}); delete it, or measure again") from error


_RECORD = TypeAdapter(Record)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _checksum(document: Mapping[str, Any]) -> str:
    """Digest of a record's values, whatever their order and the white space between them."""
    rest = {name: value for name, value in document.items() if name != "checksum"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return _CHECKSUM + hashlib.blake2b(canonical.encode("ascii"), digest_size=16).hexdigest()


def _file_part(name: str) -> str:
    """A name as part of a file name: one name, one part, and never a path of its own."""
    part = quote(name, safe="@-_.+")
    if len(part) > 100:  # file systems allow 255 bytes a name; a record's has four parts
        part = part[:100] + "~" + hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
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
            RecordInvalid: a number is not finite or outside its range; nothing is written.
            StorageFault: the directory cannot be written.
        """
        path, packed = self.path(*record.key), pack(predictions) if predictions else b""
        text = replace(record, predictions=hashlib.sha256(packed).hexdigest() if packed else "").to_json()
        Record.from_json(text, f"the record of {record.task_id}")
        if packed:
            write_bytes(path.with_suffix(".npz"), packed, "predictions")
        write_text(path, text, "a result record")
        return path

    def get(self, model: str, task_id: str, seed: int) -> Record | None:
        """The record of an evaluation, None when there is none.

        Raises:
            RecordInvalid: it is damaged, or its predictions are, or it is too new, or it is another evaluation's.
        """
        path = self.path(model, task_id, seed)
        if not path.is_file():
            return None
        record = self._read(path)
        if record.predictions:
            self._packed(record)
        return record

    def predictions(self, record: Record) -> dict[str, NDArray[np.generic]] | None:
        """Per-example predictions of a record, None when they were not kept or are gone.

        Raises:
            RecordInvalid: they are damaged, another measurement's, or arrays that are not predictions.
        """
        path = self.path(*record.key).with_suffix(".npz")
        if not path.exists():
            return None
        arrays = unpack(self._packed(record), str(path))
        rows = {array.shape[:1] for array in arrays.values()}
        if len(rows) > 1 or not all(_is_prediction(name, array) for name, array in arrays.items()):
            raise RecordInvalid(f"{path} does not hold predictions, a number for each row; delete it and run again")
        return arrays

    def _packed(self, record: Record) -> bytes:
        """The file of a record's predictions, if it is the one that the record names."""
        path = self.path(*record.key).with_suffix(".npz")
        packed = _bytes(path)
        if record.predictions and hashlib.sha256(packed).hexdigest() != record.predictions:
            raise RecordInvalid(f"{path} is damaged or another measurement's; delete it and run again")
        return packed

    def __iter__(self) -> Iterator[Record]:
        """All readable records, ordered by model and file name; each other file is named in a `RecordSkipped`."""
        for path in sorted(self.records_dir.glob("*/*.json")):
            if path.name.startswith(PARTIAL):
                continue
            try:
                record = self._read(path)
            except RecordInvalid as error:
                warnings.warn(f"{error}. The record is skipped", RecordSkipped, stacklevel=2)
            else:
                yield record

    def _read(self, path: Path) -> Record:
        record = Record.from_json(_bytes(path), str(path))
        if self.path(*record.key) != path:
            raise RecordInvalid(f"{path} holds the record of {record.model.name} on {record.task_id}; run again")
        return record


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecordInvalid(f"{path} cannot be read ({error}); delete the record and run again") from error


#: Bytes that the arrays of one file may unpack to.
_LARGEST_ARCHIVE = 2**30
#: Class numbers are below; one of 10¹² would make a table with as many columns.
_CLASSES = 1000


def unpack(packed: bytes, origin: str) -> dict[str, NDArray[np.generic]]:
    """The arrays of an `.npz` from its bytes; `origin` says in messages where they came from.

    Raises:
        RecordInvalid: not an `.npz`, damaged, with Python objects, or larger than 1 GiB unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if (stated := sum(entry.file_size for entry in archive.infolist())) > _LARGEST_ARCHIVE:
                raise ValueError(f"its arrays take {stated:,} bytes, more than the {_LARGEST_ARCHIVE:,} that are read")
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # zip, deflate and array headers each have their own errors
        raise RecordInvalid(f"{origin} is damaged ({error}); delete it and run again") from error


def pack(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Arrays as a compressed `.npz` whose bytes depend on nothing but the arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: arrays[name] for name in sorted(arrays)})  # type: ignore[arg-type]
    return buffer.getvalue()


def _is_prediction(name: str, array: NDArray[np.generic]) -> bool:
    """Whether an array holds finite numbers and no class out of range: a file may have been written by anybody."""
    if array.ndim not in (1, 2) or array.dtype.kind not in "biuf" or array.size == 0 or not np.isfinite(array).all():
        return False
    classes = array.dtype.kind in "iu" and name in ("gold", "predicted")
    return not classes or bool(0 <= array.min() <= array.max() < _CLASSES)


_PACKAGES = ("affectbench", "numpy", "scipy", "scikit-learn", "torch", "tokenizers", "transformers")


@cache
def environment() -> dict[str, str]:
    """Versions of what the numbers depend on, and the kind of machine; no host name, path or environment variable."""
    # Which code made a number, whatever its version says.
    root, code = Path(__file__).parent, hashlib.blake2b(digest_size=8)
    for path in sorted(root.rglob("*.py")):
        code.update(f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    found = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count() or 0),
        "code": code.hexdigest(),
    }
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
