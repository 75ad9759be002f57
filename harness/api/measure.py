"""`bench run` as a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.leaderboard import Leaderboard
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.encoder import Encoder
    from harness.engines import Engine
    from harness.registry import EncoderPlugin


def run(
    models: str | Encoder | Sequence[str | Encoder],
    tasks: str | Sequence[str] | None = None,
    *,
    suite: str | None = None,
    data_dir: str | Path | None = None,
    results_dir: str | Path = "results",
    cache_dir: str | Path | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    device: str | None = None,
    dtype: str | None = None,
    batch_tokens: int | None = None,
    processes: int | None = 1,
    engine: str | Engine = "local",
    address: str | None = None,
    shard: str | None = None,
    unit_timeout: float | None = None,
    max_memory: int | str | None = None,
    weights_dirs: Mapping[str, str | Path] | None = None,
    tokenizer_dirs: Mapping[str, str | Path] | None = None,
    trust_remote_code: Sequence[str] = (),
    offline: bool = False,
    fresh: bool = False,
    fail_fast: bool = False,
    quiet: bool = False,
) -> Leaderboard:
    """Encode, score and record models on tasks, and give their results.

    Each distinct text is encoded once; what is recorded already is not done again. A unit that fails is recorded and
    the others go on: see `Leaderboard.failures`.

    Args:
        models: names as on the command line, or encoders (see `harness.interop.as_encoder` for models of other
            libraries), one or several.
        tasks: a suite's name; or families, family/corpus, ids or shell patterns, one or several. None for the suite,
            else for the paper's.
        suite: only tasks of this suite.
        data_dir: directory of the corpora in their official layouts.
        results_dir: where records are kept.
        cache_dir: where embeddings and fetched corpora are kept; None follows XDG_CACHE_HOME.
        seeds: for tasks with a random part.
        device: `cpu`, `cuda`, ...; None for a GPU if there is one.
        dtype: `float32`, `bfloat16` or `float16`; None for float32.
        batch_tokens: most tokens in one batch.
        processes: how many processes encode; 1 is this one, None takes what is quickest. More than one needs models
            that pickle and, in a script, a guarded main module. With Ray, how many workers: None for all cores.
        engine: where units are done: `local`, `ray`, or an engine of your own (see `harness.engines`). Ray makes
            models and tasks again in its workers, from names: encoders cannot be given.
        address: of a Ray cluster, `auto` or `host:port`; None starts one on this machine for this run.
        shard: `i/n` for the i-th of n shares of the plan, as job arrays do; None for all of it.
        unit_timeout: seconds after which an encoder without progress, or a scoring unit, is stopped and counts as
            failed. Needs names too.
        max_memory: bytes of anonymous memory that arrays may take, or a text such as `2GB`; None for 2 GB.
        weights_dirs: model → its own checkpoint.
        tokenizer_dirs: model → its vocabulary.
        trust_remote_code: hub models that may run code of their own.
        offline: never use the network, in this process from now on.
        fresh: measure again what is recorded.
        fail_fast: stop at the first failure.
        quiet: show no progress.

    Raises:
        UsageError: a name that does not exist, a directory that is none, or a value that an option does not take;
            nothing was done.
        ExtraMissing: Ray is asked for and not installed; nothing was done.
        StorageFault: the results directory cannot be written; nothing was done.
        KeyboardInterrupt: interrupted; what was finished is recorded.
    """
    import sys

    from harness.cli import options
    from harness.cli.progress import LiveProgress, PlainProgress, SilentProgress
    from harness.files import cache_root
    from harness.planning import Shard
    from harness.record import ResultStore
    from harness.registry import SUITES, select_tasks
    from harness.runner import run as run_plan
    from harness.units import RunOptions

    patterns = [tasks] if isinstance(tasks, str) else list(tasks or ())
    if suite is None and len(patterns) == 1 and patterns[0] in SUITES:
        suite, patterns = patterns[0], []
    chosen = [models] if isinstance(models, str) or not isinstance(models, Sequence) else list(models)
    if data_dir is not None and not Path(data_dir).is_dir():
        raise UsageError(f"data_dir {data_dir} is not a directory; harness.list_corpora() says which files are needed")
    plugins = [one if isinstance(one, str) else _plugin(one) for one in chosen]
    names = [plugin if isinstance(plugin, str) else plugin.name for plugin in plugins]
    for plugin in plugins:
        if not isinstance(plugin, str) and names.count(plugin.name) > 1:
            raise UsageError(f"two models are called {plugin.name!r}; give the encoder's card another name")
    chosen_engine = _engine(engine, address, processes)
    if unit_timeout is not None and not unit_timeout > 0:
        raise UsageError(f"unit_timeout takes seconds above 0, not {unit_timeout!r}")
    share = None if shard is None else Shard.parse(shard)
    most = None if max_memory is None else options.size(str(max_memory), "max_memory")
    options.go_offline(offline)
    watcher = SilentProgress() if quiet else LiveProgress() if sys.stderr.isatty() else PlainProgress()
    report = run_plan(
        plugins,
        RunOptions(
            results_dir=Path(results_dir),
            cache_dir=cache_root() if cache_dir is None else Path(cache_dir),
            data_dir=None if data_dir is None else Path(data_dir),
            device=device,
            dtype=dtype,
            batch_tokens=batch_tokens,
            processes=processes,
            weights_dirs=_paths(weights_dirs, "weights_dirs"),
            tokenizer_dirs=_paths(tokenizer_dirs, "tokenizer_dirs"),
            trusted=tuple(trust_remote_code),
            offline=offline,
            fresh=fresh,
            fail_fast=fail_fast,
            max_memory=most,
            unit_timeout=unit_timeout,
        ),
        engine=chosen_engine,
        watcher=watcher,
        suite=suite,
        tasks=patterns,
        seeds=tuple(seeds),
        shard=share,
    )
    if report.interrupted:
        raise KeyboardInterrupt("interrupted; the same call goes on from here")
    selected = select_tasks(suite, patterns)
    return Leaderboard(
        report.records,
        store=ResultStore(Path(results_dir)),
        suite=suite or ("selected" if patterns else "paper"),
        tasks={name: task.metrics for name, task in selected.items()},
    )


def _engine(engine: str | Engine, address: str | None, workers: int | None) -> Engine:
    """The engine of a name, or the one that is given.

    Raises:
        UsageError: no engine, or an address where there is no cluster.
    """
    from harness.engines import LocalEngine, RayEngine

    if address is not None and engine != "ray":
        raise UsageError('address is that of a Ray cluster: add engine="ray"')
    if engine == "ray":
        return RayEngine(address, workers)
    if engine == "local":
        return LocalEngine()
    if isinstance(engine, str) or not callable(getattr(engine, "execute", None)):
        raise UsageError(f"engine takes 'local', 'ray' or an object with a method `execute`, not {engine!r}")
    return engine


def _plugin(encoder: Encoder) -> EncoderPlugin:
    """A plugin for an encoder that is there already.

    Raises:
        UsageError: no encoder.
    """
    from harness.encoder import Encoder as Contract
    from harness.registry import EncoderPlugin

    if not isinstance(encoder, Contract):
        raise UsageError(
            f"{type(encoder).__name__} is no encoder: it needs a `card` and a method `encode(texts)`; "
            "harness.interop.as_encoder wraps models of other libraries"
        )
    return EncoderPlugin(encoder.card.name, encoder.card, lambda: encoder, origin=type(encoder).__qualname__)


def _paths(given: Mapping[str, str | Path] | None, option: str) -> dict[str, Path]:
    paths = {name: Path(path) for name, path in (given or {}).items()}
    for name, path in paths.items():
        if not path.is_dir():
            raise UsageError(f"{option}[{name!r}]: {path} is not a directory")
    return paths
