"""From names to records: the plan is models × tasks × seeds; an engine does it.

>>> from harness.runner import seeds_of
>>> seeds_of(stochastic=False, seeds=(0, 1, 2))
(0,)
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from harness.engines.base import Engine, Plan, Watcher
from harness.errors import StorageFault, UsageError
from harness.files import PARTIAL, storage_fault
from harness.leftovers import remove_leftovers
from harness.planning import Estimator, Shard, share_of
from harness.record import Record
from harness.registry import EncoderPlugin, find_encoder, select_tasks
from harness.units import RunOptions, Unit, Workbench


@dataclass(frozen=True)
class RunReport:
    """How a run ended."""

    records: tuple[Record, ...]
    interrupted: bool = False

    @property
    def failed(self) -> tuple[Record, ...]:
        """Units that ought to have a number and have none."""
        return tuple(r for r in self.records if r.status in ("failed", "data-missing"))

    @property
    def unavailable(self) -> tuple[Record, ...]:
        """Units whose model's weights or extras are not on this machine."""
        return tuple(r for r in self.records if r.status in ("weights-missing", "extra-missing"))


def seeds_of(*, stochastic: bool, seeds: Sequence[int]) -> tuple[int, ...]:
    """Seeds that a task is run with: all of them where they matter, else seed 0 alone."""
    return tuple(dict.fromkeys(seeds)) if stochastic else (0,)


def planned(
    models: Sequence[str | EncoderPlugin],
    options: RunOptions,
    *,
    suite: str | None = None,
    tasks: Sequence[str] = (),
    seeds: Sequence[int] = (0,),
    shard: Shard | None = None,
) -> tuple[Plan, Workbench]:
    """What a run would do, and where; nothing is read or written for it.

    Args:
        models: encoder names, see `harness.registry.find_encoder`, or what it gives.
        options: directories, device and the like.
        suite: a suite's name; see `harness.registry.select_tasks`.
        tasks: task patterns.
        seeds: for tasks with a random part.
        shard: the share of the plan that is done here; None for all of it.

    Raises:
        UsageError: a name that does not exist.
    """
    if not models:
        raise UsageError("no model is named; `bench models` lists them, e.g. --models minilm,lexicon")
    specs: dict[str, str] = {}
    plugins: dict[str, EncoderPlugin] = {}
    for model in models:
        plugin = model if isinstance(model, EncoderPlugin) else find_encoder(model)
        plugins[plugin.name] = plugin
        if isinstance(model, str):
            specs[plugin.name] = model
    chosen = select_tasks(suite, list(tasks))
    if not chosen:
        raise UsageError(f"suite {suite!r} has no tasks in this installation; `bench tasks` lists all")
    known = {plugin.partition("@")[0] for plugin in plugins}
    # A task may need the model that another was made from: its weights may be given as well.
    known |= {name for plugin in plugins.values() if (base := plugin.card.base) for name in (base, f"hf:{base}")}
    for name in (*options.weights_dirs, *options.tokenizer_dirs, *options.trusted):
        if name not in known:
            raise UsageError(f"a directory or trust is given for {name!r}, which is not among the models of this run")
    bench = Workbench(options, plugins, chosen, specs)
    units = {
        model: tuple(
            Unit(model, task, seed)
            for task, spec in chosen.items()
            for seed in seeds_of(stochastic=spec.stochastic, seeds=seeds)
        )
        for model in plugins
    }
    if shard is not None:
        cards = {name: plugin.card for name, plugin in plugins.items()}
        units = share_of(units, shard, Estimator(cards, chosen, bench.corpora))
    return Plan(units), bench


def run(
    models: Sequence[str | EncoderPlugin],
    options: RunOptions,
    *,
    engine: Engine,
    watcher: Watcher,
    suite: str | None = None,
    tasks: Sequence[str] = (),
    seeds: Sequence[int] = (0,),
    shard: Shard | None = None,
) -> RunReport:
    """Measure models on tasks.

    What is measured already is not done again; what fails is recorded and leaves the rest alone. After Ctrl-C the
    report holds nothing of the running engine, but all finished units have their records.

    Args:
        models: encoder names, see `harness.registry.find_encoder`, or what it gives.
        options: directories, device and the like.
        engine: where to do it.
        watcher: whom to tell.
        suite: a suite's name; see `harness.registry.select_tasks`.
        tasks: task patterns.
        seeds: for tasks with a random part.
        shard: the share of the plan that is done here; None for all of it.

    Raises:
        UsageError: a name that does not exist; nothing was done.
        StorageFault: the results directory cannot be written; nothing was done.
    """
    plan, bench = planned(models, options, suite=suite, tasks=tasks, seeds=seeds, shard=shard)
    _check_writable(options)
    remove_leftovers(options.results_dir, options.cache_dir)
    watcher.begin(plan)
    try:
        records = engine.execute(plan, bench, watcher)
    except KeyboardInterrupt:
        return RunReport((), interrupted=True)
    finally:
        watcher.end()
    return RunReport(tuple(records))


def _check_writable(options: RunOptions) -> None:
    """Find out before hours of work that results could not be saved."""
    # Of a name of its own: another run may begin at the same moment.
    probe = options.results_dir / f"{PARTIAL}{secrets.token_hex(4)}-writable"
    try:
        options.results_dir.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        fault = storage_fault(error, options.results_dir, "results")
        raise StorageFault(f"{fault} (--results-dir)") from error
