"""Which job is done next: the part of an engine that is the same wherever the jobs are done.

For each model it is found out what is left; then the texts of each task are encoded, and then its units are scored. A
job whose worker died is done again by another. What another run has claimed is put off until nothing else is left.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.engines.claims import Claims
from harness.engines.jobs import (
    Described,
    Encode,
    Encoded,
    Ended,
    Event,
    Finished,
    Found,
    Job,
    Look,
    Lost,
    Notice,
    Score,
)
from harness.errors import BenchError, TimeLimit, WorkerLost
from harness.planning import Estimator
from harness.units import Unit

if TYPE_CHECKING:
    from harness.engines.base import Plan, Watcher
    from harness.engines.crew import Crew
    from harness.record import Record
    from harness.units import Workbench

#: How often a job is begun that workers die over.
ATTEMPTS = 3

#: Characters times parameters of a part of a task that is worth a worker of its own: some ten seconds of a core.
_PART = 4e12
#: Seconds of a core for a character and a parameter: two operations a parameter and token, by `planning.CPU_RATE`.
_SECONDS = 5e-12
#: Encoders that do not say how large they are count as this many parameters.
_UNKNOWN_SIZE = 1_000_000

#: Seconds between two looks at the clock, and at what other runs hold.
_PAUSE = 1.0


@dataclass
class _Encoding:
    """A task of a model whose texts are being encoded."""

    left: int
    """Parts that are not done yet."""
    seconds: float = 0.0
    texts: int = 0


@dataclass(frozen=True)
class _Waiting:
    """A job that nobody does yet."""

    job: Job
    rank: tuple[float, ...]
    """Lower ranks are begun first."""
    claim: Hashable = None
    locks: tuple[Path, ...] = ()


@dataclass
class _Running:
    """A job that somebody does."""

    waiting: _Waiting
    heard: float | None = None
    """When its worker said something last; None before it began."""


class Schedule:
    """Does all units of a plan by a crew.

    Args:
        plan: what is to be done.
        bench: records what no worker could; its options hold for the run.
        watcher: whom to tell.
        crew: who works.
    """

    def __init__(self, plan: Plan, bench: Workbench, watcher: Watcher, crew: Crew) -> None:
        self._plan = plan
        self._bench = bench
        self._watcher = watcher
        self._crew = crew
        self._claims = Claims()
        self._estimator = Estimator({n: p.card for n, p in bench.plugins.items()}, bench.tasks, bench.corpora)
        self._place = {
            unit: (float(m), float(u)) for m, units in enumerate(plan.units.values()) for u, unit in enumerate(units)
        }
        self._records: dict[Unit, Record] = {}
        self._waiting: list[_Waiting] = []
        self._running: dict[Job, _Running] = {}
        self._encodings: dict[tuple[str, str], _Encoding] = {}
        self._described: dict[tuple[str, int | None], Mapping[str, Any]] = {}
        self._attempts: Counter[Job] = Counter()
        self._said: set[str] = set()

    def run(self) -> list[Record]:
        """Do everything, and give the records in the plan's order; fewer after a failure under `fail_fast`."""
        drop = self._crew.separate and self._bench.options.fresh
        for number, (model, units) in enumerate(self._plan.units.items()):
            rank = (number, -1.0) if self._crew.in_order else (float("-inf"), number)
            self._waiting.append(_Waiting(Look(model, units, drop=drop), rank))
        try:
            while (self._waiting or self._running) and not self._stopped():
                self._start()
                if not self._running:
                    self._wait_for_others()
                    continue
                for job, event in self._crew.wait(_PAUSE):
                    self._take(job, event)
                self._stop_overdue()
        finally:
            self._claims.close()
        return [self._records[unit] for unit in self._place if unit in self._records]

    def _stopped(self) -> bool:
        if not self._bench.options.fail_fast or all(record.status != "failed" for record in self._records.values()):
            return False
        self._watcher.notice("stopped at the first failure (--fail-fast); the same command goes on from here")
        return True

    # Beginning

    def _start(self) -> None:
        """Begin what can be begun."""
        crew = self._crew
        for waiting in sorted(self._waiting, key=lambda w: (not crew.holds(w.job.model), w.rank)):
            job = waiting.job
            if not crew.room(job):
                continue
            if waiting.locks and not self._claims.take(waiting.claim, waiting.locks, job.words):
                continue
            self._waiting.remove(waiting)
            self._running[job] = _Running(waiting)
            self._attempts[job] += 1
            crew.start(job)

    def _wait_for_others(self) -> None:
        """Let another run go on: all that is left to do is being done there."""
        if holders := self._claims.holders():
            self._notice(f"what is left is being done by {' and '.join(holders)}; waiting for it")
        time.sleep(_PAUSE)

    # Going on

    def _take(self, job: Job, event: Event) -> None:
        """Take in what a worker said."""
        running = self._running.get(job)
        if running is None:  # it was stopped
            return
        running.heard = time.monotonic()
        if isinstance(event, Found):
            self._found(job, event)
        elif isinstance(event, Encoded):
            self._encoded(job, event)
        elif isinstance(event, Described):
            self._describe(event)
        elif isinstance(event, Ended):
            self._ended(event.record, fresh=event.fresh)
        elif isinstance(event, Notice):
            self._notice(event.message)
        elif isinstance(event, Finished):
            self._finished(job)
        elif isinstance(event, Lost):
            self._lost(job, event.reason)

    def _found(self, job: Job, found: Found) -> None:
        """Lay out the work on a model."""
        self._watcher.model(job.model, len(job.units), found.texts, found.characters)
        size = self._bench.plugins[job.model].card.parameters or _UNKNOWN_SIZE
        for task, lacking in found.tasks.items():
            units = tuple(unit for unit in job.units if unit.task == task)
            work = lacking.characters * size
            parts = max(1, min(self._crew.encoders, int(work / _PART)))
            cost = work * _SECONDS + self._estimator.scoring(job.model, task).seconds
            self._encodings[job.model, task] = _Encoding(parts)
            for part in range(parts):
                encode = Encode(job.model, task, units, part, parts)
                self._waiting.append(
                    _Waiting(encode, self._rank(units[0], 0, cost), claim=(job.model, task), locks=lacking.locks)
                )

    def _encoded(self, job: Job, event: Encoded) -> None:
        # The vectors of a model's backbone count no text: the display counts the model's own.
        if event.texts:
            # Of several that encode at the same time each takes a share of the time that passes.
            together = sum(isinstance(other, Encode) for other in self._running)
            self._watcher.encoded(event.texts, event.seconds / max(together, 1), event.characters)
        if isinstance(job, Encode):
            encoding = self._encodings[job.model, job.task]
            encoding.seconds += event.seconds
            encoding.texts += event.texts

    def _describe(self, event: Described) -> None:
        """Remember the most that encoders say of themselves: the worker that scores may never load their weights."""
        for model, facts in event.facts.items():
            key = model, self._bench.tasks[event.task].max_length
            if len(facts) >= len(self._described.get(key, ())):
                self._described[key] = facts

    def _notice(self, message: str) -> None:
        # Workers that meet the same say the same.
        if message not in self._said:
            self._said.add(message)
            self._watcher.notice(message)

    def _ended(self, record: Record, *, fresh: bool) -> None:
        unit = Unit(*record.key)
        if unit not in self._records:
            self._records[unit] = record
            self._watcher.unit(record, fresh=fresh)

    def _finished(self, job: Job) -> None:
        """Go on with what a job was done for."""
        running = self._running.pop(job)
        if isinstance(job, Look):
            for unit in job.units:
                if unit not in self._records and (unit.model, unit.task) not in self._encodings:
                    self._add(unit)
        elif isinstance(job, Encode):
            encoding = self._encodings[job.model, job.task]
            encoding.left -= 1
            if encoding.left:
                return
            self._claims.release(running.waiting.claim)
            first, *others = job.units
            for unit, seconds, texts in [(first, encoding.seconds, encoding.texts), *((o, 0.0, 0) for o in others)]:
                if unit not in self._records:
                    self._add(unit, seconds, texts)
        else:
            self._claims.release(running.waiting.claim)

    def _add(self, unit: Unit, seconds: float = 0.0, texts: int = 0) -> None:
        described: dict[str, Mapping[str, Any]] = {}
        if self._crew.separate:
            cut = self._bench.tasks[unit.task].max_length
            described = {model: facts for (model, under), facts in self._described.items() if under == cut}
        job = Score(unit, seconds, texts, described)
        lock = self._bench.results.path(unit.model, unit.task, unit.seed).with_suffix(".lock")
        cost = self._estimator.scoring(unit.model, unit.task).seconds
        self._waiting.append(_Waiting(job, self._rank(unit, 1, cost), claim=unit, locks=(lock,)))

    def _rank(self, unit: Unit, stage: int, cost: float) -> tuple[float, ...]:
        """One worker goes through the plan as it stands; several do the longest jobs first."""
        return (*self._place[unit], stage) if self._crew.in_order else (-cost,)

    # What goes wrong

    def _lost(self, job: Job, reason: str) -> None:
        """Do a job again that a worker died over, unless workers always do."""
        if self._attempts[job] < ATTEMPTS:
            self._watcher.notice(f"{job.words}: {reason}; it is done again")
            # Its locks are held still.
            self._waiting.append(self._running.pop(job).waiting)
            return
        self._give_up(
            job, WorkerLost(f"{reason}, {ATTEMPTS} times; most likely for lack of memory: fewer processes take less")
        )

    def _stop_overdue(self) -> None:
        limit = self._bench.options.unit_timeout
        if limit is None:
            return
        now = time.monotonic()
        for job, running in list(self._running.items()):
            if running.heard is not None and now - running.heard > limit:
                self._crew.stop(job)
                self._give_up(job, TimeLimit(f"{job.words} made no progress for {limit:g} s (--unit-timeout)"))

    def _give_up(self, job: Job, error: BenchError) -> None:
        """Record that a job's units have no number, and go on with the others."""
        self._watcher.notice(str(error))
        for unit in job.units:
            if unit not in self._records:
                self._ended(self._bench.failed(unit, error), fresh=True)
        self._finished(job)
