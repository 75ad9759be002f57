"""What does jobs: the first process itself, processes of this machine, or actors of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from harness.engines.jobs import Event, Finished, Job, perform

if TYPE_CHECKING:
    from harness.units import Workbench


class Crew(Protocol):
    """Workers that each do one job at a time."""

    @property
    def encoders(self) -> int:
        """Among how many workers the texts of a task may be divided."""
        ...

    @property
    def in_order(self) -> bool:
        """Whether there is one worker alone, which goes through a plan as it stands; several do long jobs first."""
        ...

    @property
    def separate(self) -> bool:
        """Whether workers have a workbench of their own, and share vectors by the cache alone."""
        ...

    def room(self, job: Job) -> bool:
        """Whether a worker is free for a job."""
        ...

    def holds(self, model: str) -> bool:
        """Whether a free worker did a job of this model last, and has its weights at hand."""
        ...

    def start(self, job: Job) -> None:
        """Let a free worker begin a job."""
        ...

    def wait(self, seconds: float) -> list[tuple[Job, Event]]:
        """What workers have said; nothing when none said anything for so long."""
        ...

    def stop(self, job: Job) -> None:
        """End the worker that does a job, at once and whatever it does; another takes its place."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...


class Here:
    """The first process: it does one job at a time, one event after another."""

    encoders = 1
    in_order = True
    separate = False

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._job: tuple[Job, Iterator[Event]] | None = None

    def room(self, job: Job) -> bool:
        """Whether nothing is under way; see `Crew`."""
        return self._job is None

    def holds(self, model: str) -> bool:
        """Whatever is at hand stays there."""
        return False

    def start(self, job: Job) -> None:
        """Take a job."""
        self._job = job, perform(job, self._bench)

    def wait(self, seconds: float) -> list[tuple[Job, Event]]:
        """Go on until there is something to say, however long it takes."""
        if self._job is None:
            return []
        job, events = self._job
        event = next(events)
        if isinstance(event, Finished):
            self._job = None
        return [(job, event)]

    def stop(self, job: Job) -> None:
        """Begin nothing more of a job; what runs in this process cannot be ended."""
        self._job = None

    def close(self) -> None:
        """Let go of what is held."""
        self._bench.close()
