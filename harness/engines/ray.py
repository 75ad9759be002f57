"""The engine for clusters: a plan on Ray, on the machines that it has or on a local cluster of its own.

Workers are Ray actors. Each makes its own workbench from names, reads corpora and weights by itself, puts vectors into
the cache and records into the results directory, and tells the driver no more than how it gets on; all machines
therefore share these directories. Where the cluster has GPUs, actors with one GPU each encode and actors with one core
each score; without, the latter do both. Ray is imported when a plan is executed and not before.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.engines.base import Plan, Watcher
from harness.engines.jobs import Event, Finished, Job, Lost, Score, perform_apart
from harness.engines.recipe import Recipe
from harness.engines.schedule import Schedule
from harness.errors import ExtraMissing, UsageError
from harness.workers import cores

if TYPE_CHECKING:
    from harness.record import Record
    from harness.units import Workbench

#: Bytes of Ray's object store on a cluster of our own: nothing large ever lies in it.
_OBJECT_STORE = 128 * 2**20

#: Milliseconds that Ray's processes may take to start.
_START_MS = 300_000


class RayEngine:
    """Does a plan on a Ray cluster.

    Args:
        address: of a cluster that runs (`auto` for the one that this machine belongs to, or `host:port`); None starts
            one on this machine and ends it with the run.
        workers: how many actors with a core each; None for all cores of the cluster.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self.address = address
        self.workers = workers

    def execute(self, plan: Plan, bench: Workbench, watcher: Watcher) -> list[Record]:
        """Do all units of a plan; see `Engine.execute`.

        Raises:
            ExtraMissing: Ray is not installed.
            UsageError: there is no such cluster, or workers cannot make a model.
        """
        recipe = Recipe.of(bench)
        with _connected(self.address, self.workers) as ray:
            crew = _Actors(ray, recipe, self.workers)
            try:
                return Schedule(plan, bench, watcher, crew).run()
            finally:
                crew.close()


@contextmanager
def _connected(address: str | None, workers: int | None) -> Iterator[Any]:
    """A connection to a cluster, ended with the run; the caller's own, when there is one already, is left alone."""
    try:
        import ray
    except ImportError as error:
        raise ExtraMissing("`--engine ray` needs Ray: pip install 'affectbench[ray]'") from error
    if ray.is_initialized():
        yield ray
        return
    # Ray gives up on its own helper after half a minute, which a busy machine may need and more.
    os.environ.setdefault("RAY_agent_register_timeout_ms", str(_START_MS))
    own: dict[str, Any] = {"num_cpus": workers or cores(), "object_store_memory": _OBJECT_STORE}
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(
            address=address or "local",
            include_dashboard=None if address else False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            **({} if address else own),
        )
    except Exception as error:  # Ray has many ways of saying that there is no such cluster
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise UsageError(f"no Ray cluster at {address or 'this machine'}: {reason}") from error
    try:
        # Ray answers SIGTERM itself; how a run ends is the command's business.
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                signal.signal(number, handler)
        yield ray
    finally:
        ray.shutdown()


class _Actor:
    """A workbench somewhere in the cluster."""

    def __init__(self, recipe: Recipe) -> None:
        self._bench = recipe.workbench()

    def perform(self, job: Job) -> Iterator[Event]:
        yield from perform_apart(job, self._bench)


@dataclass(eq=False)
class _Worker:
    handle: Any
    gpu: bool
    job: Job | None = None
    events: Any = None
    """Ray's generator of references to what the actor says."""
    model: str = ""


class _Actors:
    """A crew of actors; each is made when there is a job for it."""

    in_order = False
    separate = True

    def __init__(self, ray: Any, recipe: Recipe, workers: int | None) -> None:
        self._ray = ray
        self._recipe = recipe
        resources = ray.cluster_resources()
        wanted = recipe.options.device
        self._gpus = 0 if wanted == "cpu" else int(resources.get("GPU", 0))
        self._cpus = max(1, (workers or int(resources.get("CPU", 1))) - self._gpus)
        self.encoders = self._gpus or self._cpus
        self._workers: list[_Worker] = []

    def room(self, job: Job) -> bool:
        """See `Crew.room`."""
        same = self._same(job)
        return len(same) < self._most(job) or any(worker.job is None for worker in same)

    def holds(self, model: str) -> bool:
        """See `Crew.holds`."""
        return any(worker.job is None and worker.model == model for worker in self._workers)

    def start(self, job: Job) -> None:
        """See `Crew.start`."""
        free = [worker for worker in self._same(job) if worker.job is None]
        known = [worker for worker in free if worker.model == job.model]
        worker = (known or free or [self._new(self._on_gpu(job))])[0]
        worker.job, worker.model = job, job.model
        worker.events = worker.handle.perform.options(num_returns="streaming").remote(job)

    def wait(self, seconds: float) -> list[tuple[Job, Event]]:
        """See `Crew.wait`."""
        busy = {worker.events: worker for worker in self._workers if worker.job is not None}
        if not busy:
            return []
        ready, _ = self._ray.wait(list(busy), num_returns=1, timeout=seconds)
        said: list[tuple[Job, Event]] = []
        for events in ready:
            worker = busy[events]
            job = worker.job
            assert job is not None
            try:
                event: Event = self._ray.get(next(events))
            except self._ray.exceptions.RayTaskError as error:  # what is no unit's failure ends the run
                raise error.cause or error from error
            except (self._ray.exceptions.RayError, StopIteration) as error:
                self._end(worker)
                event = Lost(f"a Ray worker was lost ({type(error).__name__})")
            if isinstance(event, Finished):
                worker.job = None
            said.append((job, event))
        return said

    def stop(self, job: Job) -> None:
        """See `Crew.stop`."""
        for worker in [worker for worker in self._workers if worker.job == job]:
            self._end(worker)

    def close(self) -> None:
        """See `Crew.close`."""
        for worker in list(self._workers):
            self._end(worker)

    def _on_gpu(self, job: Job) -> bool:
        return self._gpus > 0 and not isinstance(job, Score)

    def _most(self, job: Job) -> int:
        return self._gpus if self._on_gpu(job) else self._cpus

    def _same(self, job: Job) -> list[_Worker]:
        """The actors that do jobs of a job's kind."""
        return [worker for worker in self._workers if worker.gpu == self._on_gpu(job)]

    def _new(self, gpu: bool) -> _Worker:
        remote = self._ray.remote(_Actor)
        # Whoever is lost is replaced by the schedule, which knows what was done; Ray restarts nobody.
        options = {"num_cpus": 1, "num_gpus": 1 if gpu else 0, "max_restarts": 0, "max_task_retries": 0}
        recipe = self._recipe
        if self._gpus and not gpu:
            # It computes no vectors, and has no such device.
            recipe = replace(recipe, options=replace(recipe.options, device=None))
        worker = _Worker(remote.options(**options).remote(recipe), gpu)
        self._workers.append(worker)
        return worker

    def _end(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        self._ray.kill(worker.handle, no_restart=True)
