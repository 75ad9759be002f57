"""What a worker is asked to do, and what it says while doing it.

Jobs and events are small and pickle; vectors never travel in them. `perform` does a job at a workbench, wherever that
stands: in the first process, in one of several, or on another machine. What goes wrong with a unit is recorded by the
worker that met it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.record import Record
    from harness.units import Unit, Workbench


@dataclass(frozen=True)
class Look:
    """Find out what is left to do for a model."""

    model: str
    units: tuple[Unit, ...]
    drop: bool = False
    """Remove what is cached of the texts: all are to be encoded again."""

    @property
    def words(self) -> str:
        """What is done, for a notice."""
        return f"{self.model}: looking at what is done"


@dataclass(frozen=True)
class Encode:
    """Encode the texts of a task, or every so-manieth of them."""

    model: str
    task: str
    units: tuple[Unit, ...]
    """The units that wait for it, and fail with it."""
    part: int = 0
    parts: int = 1

    @property
    def words(self) -> str:
        """What is done, for a notice."""
        return f"{self.model}, {self.task}: encoding"


@dataclass(frozen=True)
class Score:
    """Score a unit whose texts are encoded."""

    unit: Unit
    encode_seconds: float = 0.0
    encoded: int = 0
    described: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, compare=False)
    """What encoders said of themselves where they encoded; see `Described`."""

    @property
    def model(self) -> str:
        """The unit's model."""
        return self.unit.model

    @property
    def units(self) -> tuple[Unit, ...]:
        """The unit alone."""
        return (self.unit,)

    @property
    def words(self) -> str:
        """What is done, for a notice."""
        return f"{self.unit.model}, {self.unit.task}: scoring"


Job = Look | Encode | Score


@dataclass(frozen=True)
class Waiting:
    """What a task lacks before it can be scored."""

    texts: int
    characters: int
    locks: tuple[Path, ...]
    """Held by whoever encodes them."""


@dataclass(frozen=True)
class Began:
    """The worker has the job before it; its first event."""


@dataclass(frozen=True)
class Found:
    """What is left to do for a model."""

    texts: int
    """Distinct texts to encode, over all tasks."""
    characters: int
    tasks: Mapping[str, Waiting]


@dataclass(frozen=True)
class Encoded:
    """A shard was encoded and stored."""

    texts: int
    seconds: float
    characters: int


@dataclass(frozen=True)
class Described:
    """What a task's encoders, by model, say of themselves where they encode; most when their weights are loaded."""

    task: str
    facts: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Ended:
    """A unit ended; `fresh` is False when its record was there already."""

    record: Record
    fresh: bool


@dataclass(frozen=True)
class Notice:
    """Something the user should know."""

    message: str


@dataclass(frozen=True)
class Finished:
    """The job is done; its last event."""


@dataclass(frozen=True)
class Lost:
    """The worker died over the job, which is as if it had never begun; its last event."""

    reason: str


Event = Began | Found | Encoded | Described | Ended | Notice | Finished | Lost


def perform(job: Job, bench: Workbench) -> Iterator[Event]:
    """Do a job, and say how it gets on.

    Raises:
        RecordNewer: a record was written by a newer version of this program.
    """
    yield Began()
    match job:
        case Look():
            yield from _look(job, bench)
        case Encode():
            yield from _encode(job, bench)
        case Score():
            yield from _score(job, bench)
    yield Finished()


def perform_apart(job: Job, bench: Workbench) -> Iterator[Event]:
    """Do a job in a worker, whose warnings nobody reads: they become notices."""
    with warnings.catch_warnings(record=True) as caught:
        for event in perform(job, bench):
            yield from (Notice(str(warning.message)) for warning in caught)
            caught.clear()
            yield event


def _look(job: Look, bench: Workbench) -> Iterator[Event]:
    try:
        bench.encoder(job.model)
    except Exception as error:  # a plugin's constructor may raise anything
        message = str(error)
        yield Found(0, 0, {})
        yield Notice(message if message.startswith(f"{job.model}:") else f"{job.model}: {message}")
        yield from (Ended(bench.failed(unit, error), fresh=True) for unit in job.units)
        return
    finished = {unit: record for unit in job.units if (record := bench.done(unit)) is not None}
    waiting = [unit for unit in job.units if unit not in finished]
    if job.drop:
        for task in dict.fromkeys(unit.task for unit in waiting):
            bench.drop(job.model, task)
    yield _found(job.model, waiting, bench)
    for task in dict.fromkeys(unit.task for unit in waiting):
        with suppress(Exception):  # of whatever kind: it is met again, and recorded, when the task is scored
            yield Described(task, bench.described(job.model, task))
    yield from (Ended(record, fresh=False) for record in finished.values())


def _found(model: str, units: list[Unit], bench: Workbench) -> Found:
    """What units lack; a text that several tasks need is counted once. Tasks without data lack nothing."""
    counted: set[tuple[int | None, str]] = set()
    tasks: dict[str, Waiting] = {}
    texts = characters = 0
    for task in dict.fromkeys(unit.task for unit in units):
        try:
            missing = bench.missing(model, task)
            locks = tuple(bench.locks(model, task))
        except Exception:  # of whatever kind: it is met again, and recorded, when the task is scored
            continue
        cut = bench.tasks[task].max_length
        new = [text for text in missing if (cut, text) not in counted]
        counted.update((cut, text) for text in new)
        texts += len(new)
        characters += bench.characters(model, task, new)
        if missing or bench.against_backbone(task):
            tasks[task] = Waiting(len(missing), bench.characters(model, task, missing), locks)
    return Found(texts, characters, tasks)


def _encode(job: Encode, bench: Workbench) -> Iterator[Event]:
    try:
        for texts, seconds, characters in bench.encode(job.model, job.task, part=(job.part, job.parts)):
            yield Encoded(texts, seconds, characters)
        yield Described(job.task, bench.described(job.model, job.task))
    except Exception as error:  # one task's failure, of whatever kind, must not take the others along
        yield from _failed(job, error, bench)


def _score(job: Score, bench: Workbench) -> Iterator[Event]:
    # Another run may have scored it since this one looked.
    if (record := bench.done(job.unit)) is not None:
        yield Ended(record, fresh=False)
        return
    seconds, encoded = job.encode_seconds, job.encoded
    try:
        bench.believe(job.unit.task, job.described)
        # Nothing is left to encode, but where the cache cannot be written, or was removed.
        for texts, more, characters in bench.encode(job.unit.model, job.unit.task):
            yield Encoded(texts, more, characters)
            seconds, encoded = seconds + more, encoded + texts
        yield Ended(bench.score(job.unit, encode_seconds=seconds, encoded=encoded), fresh=True)
    except Exception as error:
        yield from _failed(job, error, bench)


def _failed(job: Encode | Score, error: Exception, bench: Workbench) -> Iterator[Event]:
    """Record that a job's units have no number, and say so once."""
    records = [bench.failed(unit, error) for unit in job.units]
    yield Notice(f"{records[0].model.name}, {records[0].task_id}: {records[0].status}: {error}")
    yield from (Ended(record, fresh=True) for record in records)
