"""Measuring on a Ray cluster, or on a local one of its own.

One Ray task measures the evaluations of one model on one corpus. It makes its encoder from the model's name, reads
corpora and weights by itself, and writes vectors and records where this process would; all machines therefore share
these directories. Ray schedules the tasks, and runs a task again whose worker died.
"""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import chdir, contextmanager, suppress
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.errors import BenchError, ExtraMissing, UsageError, WorkerLost, first_line
from harness.evaluation import Evaluation, Evaluator, RunOptions
from harness.evaluation import measure as measure_here
from harness.progress import Progress
from harness.record import Record
from harness.registry import find_encoders, tasks, with_prompts

#: How often Ray runs a task again whose worker died.
_RETRIES = 2

#: Variables that workers on other machines need as they are here.
_VARIABLES = ("AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE", "HF_HOME", "HF_HUB_CACHE", "NLTK_DATA", "XDG_CACHE_HOME")


def measure(evaluator: Evaluator, progress: Progress) -> list[Record]:
    """Measure a plan on the cluster that its options name; see `harness.evaluation.measure`.

    What no worker could measure is recorded by this process.

    Raises:
        ExtraMissing: Ray is not installed.
        UsageError: there is no such cluster, or a model is known to this process only.
    """
    if lost := sorted(name for name, plugin in evaluator.plugins.items() if plugin.spec is None):
        raise UsageError(
            f"workers cannot make {', '.join(lost)}: Ray needs models that have a name on the command line"
        )

    options = evaluator.options.model_copy(update={"models": ()})
    variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    records: dict[Evaluation, Record] = {}
    began = datetime.now(UTC).isoformat(timespec="seconds")
    with _connected(options.address, options.workers) as ray:
        gpus = int(ray.cluster_resources().get("GPU", 0)) if options.device != "cpu" else 0
        work = ray.remote(_work).options(num_cpus=1, num_gpus=min(gpus, 1), max_retries=_RETRIES)
        pending: dict[Any, list[Evaluation]] = {}
        for (model, *_), members in groupby(sorted(evaluator.evaluations, key=evaluator.piece), key=evaluator.piece):
            group, spec = list(members), evaluator.plugins[model].spec
            pending[work.remote(options, spec, group, Path.cwd(), variables)] = group
        while pending:
            ready, _ = ray.wait(list(pending), num_returns=1, timeout=1.0)
            for one in ready:
                group = pending.pop(one)
                try:
                    found, notices = ray.get(one)
                except ray.exceptions.RayTaskError as error:  # not an evaluation's failure: it ends the run
                    raise error.cause or error from error
                except ray.exceptions.RayError as error:
                    words = f"the Ray worker died {_RETRIES + 1} times ({type(error).__name__}), maybe short of memory"
                    found, notices = [_lost(e, evaluator, progress, began, WorkerLost(words)) for e in group], []
                for notice in notices:
                    progress.notice(notice)
                for evaluation, (record, fresh) in zip(group, found, strict=False):
                    records[evaluation] = record
                    progress.ended(record, fresh=fresh)
                if options.fail_fast and any(record.status == "failed" for record, _ in found):
                    pending.clear()
    return [records[evaluation] for evaluation in evaluator.evaluations if evaluation in records]


def _work(
    options: RunOptions, spec: str, group: list[Evaluation], directory: Path, variables: dict[str, str]
) -> tuple[list[tuple[Record, bool]], list[str]]:
    """Measure evaluations of one model in a worker: records, whether they are new, and notices."""
    os.environ.update(variables)
    try:
        os.chdir(directory)
    except OSError as error:
        raise BenchError(f"a worker has no directory {directory}: machines of a run share the file system") from error
    progress = Progress()
    plugin = with_prompts(find_encoders([spec])[0], options.prompts)
    measure_here(Evaluator(options, {plugin.name: plugin}, tasks(), group), progress)
    return progress.found, list(progress.notices)


def _lost(
    evaluation: Evaluation, evaluator: Evaluator, progress: Progress, began: str, error: WorkerLost
) -> tuple[Record, bool]:
    """What a task whose workers died each time finished of an evaluation, or a failure."""
    with suppress(BenchError):
        record = evaluator.existing(evaluation)
        if record is not None and record.status == "ok" and record.created >= began:
            return record, True
        if (record := evaluator.recorded(evaluation, progress)) is not None:
            return record, False
    return evaluator.failed(evaluation, error), True


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
        # Ray lets workers import from the driver's working directory first, whatever modules lie there.
        with chdir("/"):
            ray.init(address or "local", **({} if address else own), log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray has many ways of saying that there is no such cluster
        raise UsageError(f"no Ray cluster at {address or 'this machine'}: {first_line(error)}") from error
    try:
        with suppress(ValueError):  # not the main thread; Ray has replaced no handler there
            for number, handler in handlers.items():
                signal.signal(number, handler)
        yield ray
    finally:
        ray.shutdown()
