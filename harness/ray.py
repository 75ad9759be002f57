"""Measuring on a Ray cluster, or on a local one of its own.

One Ray task measures the evaluations of one model on one corpus. It makes its encoder from the model's name, reads
corpora and weights by itself, and writes vectors and records where this process would; all machines therefore share
these directories. Ray schedules the tasks, and runs a task again whose worker died.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import BenchError, ExtraMissing, UsageError, WorkerLost
from harness.evaluation import Evaluation, Evaluator, RunOptions
from harness.evaluation import measure as measure_here
from harness.progress import Progress
from harness.registry import find_encoder, tasks

if TYPE_CHECKING:
    from harness.record import Record

#: How often Ray runs a task again whose worker died.
_RETRIES = 2

#: Variables that workers on other machines need as they are here.
_VARIABLES = ("AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE", "HF_HOME", "HF_HUB_CACHE", "NLTK_DATA", "XDG_CACHE_HOME")


def measure(
    evaluations: Sequence[Evaluation],
    evaluator: Evaluator,
    progress: Progress,
    _stopped: object = None,
    *,
    address: str | None = None,
    workers: int | None = None,
) -> list[Record]:
    """Measure evaluations on the cluster at `address`, or on one of our own with so many `workers`.

    See `harness.run` and `harness.evaluation.measure`. What no worker could measure is recorded by this process.

    Raises:
        ExtraMissing: Ray is not installed.
        UsageError: there is no such cluster, or a model is known to this process only.
    """
    specs = {name: plugin.spec for name, plugin in evaluator.plugins.items() if plugin.spec is not None}
    if lost := sorted(evaluator.plugins.keys() - specs):
        raise UsageError(
            f"workers cannot make {', '.join(lost)}: Ray needs models that have a name on the command line"
        )

    def piece(evaluation: Evaluation) -> tuple[str, tuple[str, ...]]:
        return evaluation.model, evaluator.tasks[evaluation.task].corpora

    records: dict[Evaluation, Record] = {}
    with _connected(address, workers) as ray:
        gpus = int(ray.cluster_resources().get("GPU", 0)) if evaluator.options.device != "cpu" else 0
        work = ray.remote(_work).options(num_cpus=1, num_gpus=min(gpus, 1), max_retries=_RETRIES)
        variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        pending: dict[Any, list[Evaluation]] = {}
        for (model, _), members in groupby(sorted(evaluations, key=piece), key=piece):
            group = list(members)
            pending[work.remote(evaluator.options, (model, specs[model]), group, str(Path.cwd()), variables)] = group
        while pending:
            ready, _ = ray.wait(list(pending), num_returns=1, timeout=1.0)
            for one in ready:
                group = pending.pop(one)
                try:
                    found, notices = ray.get(one)
                except ray.exceptions.RayTaskError as error:  # not an evaluation's failure: it ends the run
                    raise error.cause or error from error
                except ray.exceptions.RayError as error:
                    found, notices = _lost(group, evaluator, progress, error), []
                for notice in notices:
                    progress.notice(notice)
                for evaluation, (record, fresh) in zip(group, found, strict=False):
                    records[evaluation] = record
                    progress.ended(record, fresh=fresh)
                if evaluator.options.fail_fast and any(record.status == "failed" for record, _ in found):
                    pending.clear()
    return [records[evaluation] for evaluation in evaluations if evaluation in records]


class _Collector(Progress):
    """Collects what a worker says."""

    def __init__(self) -> None:
        super().__init__()
        self.notices: list[str] = []
        self.found: list[tuple[Record, bool]] = []

    def line(self, text: str) -> None:
        """Keep a notice for the driver."""
        self.notices.append(text.removeprefix("note: "))

    def ended(self, record: Record, *, fresh: bool) -> None:
        """Keep a record for the driver."""
        self.found.append((record, fresh))


def _work(
    options: RunOptions,
    model: tuple[str, str],
    evaluations: list[Evaluation],
    directory: str,
    variables: dict[str, str],
) -> tuple[list[tuple[Record, bool]], list[str]]:
    """Measure evaluations of one model in a worker."""
    os.environ.update(variables)
    try:
        os.chdir(directory)
    except OSError as error:
        raise BenchError(
            f"a worker has no directory {directory}: all machines of a run must share the file system on which it is "
            "started, with its corpora, cache and results"
        ) from error
    name, spec = model
    plugin = replace(find_encoder(spec), name=name)
    known = tasks()
    evaluator = Evaluator(options, {plugin.name: plugin}, {e.task: known[e.task] for e in evaluations})
    progress = _Collector()
    measure_here(evaluations, evaluator, progress)
    return progress.found, progress.notices


def _lost(
    group: Sequence[Evaluation], evaluator: Evaluator, progress: Progress, error: Exception
) -> list[tuple[Record, bool]]:
    """Records of a task whose workers died each time: what they finished, and failures for the rest."""
    found = []
    for evaluation in group:
        record = None
        with suppress(BenchError):
            record = None if evaluator.options.fresh else evaluator.recorded(evaluation, progress)
        lost = WorkerLost(f"the Ray worker died {_RETRIES + 1} times ({type(error).__name__}), maybe short of memory")
        found.append((record or evaluator.failed(evaluation, lost), record is None))
    return found


@contextmanager
def _connected(address: str | None, workers: int | None) -> Iterator[Any]:
    """A connection to a cluster, ended with the run; an existing connection of the caller is left alone."""
    try:
        import ray
    except ImportError as error:
        raise ExtraMissing("`--engine ray` needs Ray: pip install 'affectbench[ray]'") from error
    if ray.is_initialized():
        yield ray
        return
    # Ray gives up on its own helper after half a minute; a busy machine may need more.
    os.environ.setdefault("RAY_agent_register_timeout_ms", "300000")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    own: dict[str, Any] = {"num_cpus": workers, "object_store_memory": 128 * 2**20, "include_dashboard": False}
    try:
        ray.init(
            address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **({} if address else own)
        )
    except Exception as error:  # Ray has many ways of saying that there is no such cluster
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise UsageError(f"no Ray cluster at {address or 'this machine'}: {reason}") from error
    try:
        with suppress(ValueError):  # not the main thread; Ray has replaced no handler there
            for number, handler in handlers.items():
                signal.signal(number, handler)
        yield ray
    finally:
        ray.shutdown()
