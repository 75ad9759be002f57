"""A crew of processes of this machine, of one thread each.

A process can be ended whatever it does, and its death, for lack of memory say, leaves the others alone.
"""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from harness.engines.jobs import Event, Finished, Job, Lost, perform_apart
from harness.workers import settle

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from harness.engines.recipe import Recipe

#: Seconds that a process is given to end.
_PATIENCE = 5.0


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    jobs: Connection
    """Where jobs go to and events come from."""
    lifeline: Connection
    job: Job | None = None
    model: str = ""

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.lifeline.close()
        self.jobs.close()
        self.process.join(_PATIENCE)


class Processes:
    """Up to so many processes; each is started when there is a job for it.

    Args:
        recipe: of the workbench that each makes.
        most: how many.
    """

    in_order = False
    separate = True

    def __init__(self, recipe: Recipe, most: int) -> None:
        self.encoders = most
        self._recipe = recipe
        self._workers: list[_Worker] = []

    def room(self, job: Job) -> bool:
        """See `Crew.room`."""
        return len(self._workers) < self.encoders or any(worker.job is None for worker in self._workers)

    def holds(self, model: str) -> bool:
        """See `Crew.holds`."""
        return any(worker.job is None and worker.model == model for worker in self._workers)

    def start(self, job: Job) -> None:
        """See `Crew.start`."""
        free = [worker for worker in self._workers if worker.job is None]
        known = [worker for worker in free if worker.model == job.model]
        worker = (known or free or [self._new()])[0]
        worker.job, worker.model = job, job.model
        with suppress(OSError):  # it has died, as `wait` will notice
            worker.jobs.send(job)

    def wait(self, seconds: float) -> list[tuple[Job, Event]]:
        """See `Crew.wait`."""
        said: list[tuple[Job, Event]] = []
        ready = wait([worker.jobs for worker in self._workers], seconds)
        for worker in [worker for worker in self._workers if worker.jobs in ready]:
            job = worker.job
            try:
                event = worker.jobs.recv()
            except (EOFError, OSError):
                self._workers.remove(worker)
                worker.end()
                if job is not None:
                    said.append((job, Lost(f"a worker process ended ({_reason(worker.process.exitcode)})")))
                continue
            if isinstance(event, Exception):
                raise event
            if isinstance(event, Finished):
                worker.job = None
            if job is not None:
                said.append((job, event))
        if not self._workers:
            time.sleep(seconds)
        return said

    def stop(self, job: Job) -> None:
        """See `Crew.stop`."""
        for worker in [worker for worker in self._workers if worker.job == job]:
            self._workers.remove(worker)
            worker.end()

    def close(self) -> None:
        """See `Crew.close`."""
        for worker in self._workers:
            worker.end()
        self._workers = []

    def _new(self) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        # Nothing is ever sent: the worker waits for the end that closes when this process closes it, or ends.
        hears, lifeline = context.Pipe(duplex=False)
        process = context.Process(target=_serve, args=(self._recipe, theirs, hears), daemon=True)
        process.start()
        theirs.close()
        hears.close()
        worker = _Worker(process, ours, lifeline)
        self._workers.append(worker)
        return worker


def _reason(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    return signal.Signals(-code).name


def _serve(recipe: Recipe, jobs: Connection, lifeline: Connection) -> None:
    """Do jobs until there are no more."""
    settle(lifeline)
    try:
        bench = recipe.workbench()
        while True:
            for event in perform_apart(jobs.recv(), bench):
                jobs.send(event)
    except EOFError:
        return
    except Exception as error:  # what is no unit's failure ends the run, as it does in one process
        jobs.send(error)
