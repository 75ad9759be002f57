"""Everything that `bench` does, as one call each, for scripts and notebooks.

    import harness
    board = harness.run(["minilm", "lexicon"], "quick")      # bench run
    board                                                    # in a notebook: the overview as a table
    board.frame.xs("macro.f1", level="metric")               # pandas, one number a row
    board.compare("minilm", "lexicon").numbers               # bench compare
    harness.Leaderboard.read("results").table("II", fmt="latex")   # bench table

`Leaderboard` holds results; `run` measures them; the `list_…` functions give what can be measured.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from harness.comparison import Comparison, compare, find_recorded
from harness.contamination import apply_evidence, read_evidence
from harness.encoder import Encoder, encode_checked
from harness.errors import DataMissing, UsageError, unknown_name, validation_reason
from harness.evaluation import Evaluator, RunOptions
from harness.evaluation import plan as plan_evaluations
from harness.evaluation import run as run_plan
from harness.files import RESULTS_DIR, go_offline
from harness.leaderboard import Table, build_tables, long_csv, long_frame, render, with_limited
from harness.leaderboard.choice import Candidate, candidates, tested
from harness.leaderboard.render import STYLE, fragment
from harness.leaderboard.significance import against_start
from harness.progress import Progress
from harness.ray import measure as measure_on_ray
from harness.record import Record, ResultStore
from harness.registry import SUITES, encoder_plugins, load_encoder, recommended_poolings, select_tasks
from harness.registry import tasks as every_task
from harness.statistics.bootstrap import DRAWS
from harness.tasks.base import Task

#: Levels of the frame's index, outermost first.
INDEX = ("task", "corpus", "protocol", "split", "metric", "model")


def run(
    models: str | Encoder | type | Sequence[str | Encoder | type],
    tasks: str | Sequence[str] | None = None,
    *,
    suite: str | None = None,
    data_dir: str | Path | None = None,
    results_dir: str | Path = RESULTS_DIR,
    cache_dir: str | Path | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    device: str | None = None,
    dtype: str | None = None,
    batch_tokens: int | None = None,
    limit: int | None = None,
    engine: str = "local",
    address: str | None = None,
    workers: int | None = None,
    shard: str | None = None,
    weights_dirs: Mapping[str, str | Path] | None = None,
    tokenizer_dirs: Mapping[str, str | Path] | None = None,
    trust_remote_code: Sequence[str] = (),
    prompts: Mapping[str, str | Mapping[str, str]] | None = None,
    base_url: str | None = None,
    price: float | None = None,
    offline: bool = False,
    fresh: bool = False,
    fail_fast: bool = False,
    quiet: bool = False,
) -> Leaderboard:
    """Encode, score and record models on tasks, and give their results.

    Each distinct text is encoded once; what is recorded already is not measured again. A failed evaluation is recorded
    and the others go on: see `Leaderboard.failures`.

    Args:
        models: names as on the command line, encoders, encoder classes or a `SentenceTransformer`, one or several.
            `harness.interop.as_encoder` gives models of other libraries a name and a card.
        tasks: a suite's name; or families, family/corpus, ids or shell patterns, one or several. None for the suite,
            else for `paper` where its data is on this machine, else for `quick`.
        suite: only tasks of this suite.
        data_dir: directory of the corpora in their official layouts.
        results_dir: where records are kept.
        cache_dir: where embeddings and fetched corpora are kept; None follows XDG_CACHE_HOME.
        seeds: for tasks with a random part.
        device: `cpu`, `cuda`, ...; None for a GPU if there is one.
        dtype: `float32`, `bfloat16` or `float16`; None for float32.
        batch_tokens: most tokens in one batch.
        limit: use at most this many texts of each split, to try things out; the records say so, in a protocol of
            their own, and tables mark them with ~ and never rank them.
        engine: `local`, or `ray` for a Ray cluster, whose workers make models and tasks again from their names.
        address: of a Ray cluster, `auto` or `host:port`; None starts one on this machine for this run.
        workers: how many Ray tasks run at once on a cluster of our own; None for all cores.
        shard: `i/n` for the i-th of n shares of the plan, as job arrays do; None for all of it.
        weights_dirs: model → its own checkpoint.
        tokenizer_dirs: model → its vocabulary.
        trust_remote_code: hub models that may run code of their own.
        prompts: model → what stands before each text, or task family → that; the row's name says so. An empty text
            leaves out the prompt of the model's card.
        base_url: of the service that `api:` models are asked of, up to `/v1`; None for OPENAI_BASE_URL.
        price: of a million of its tokens in US dollars, for the record.
        offline: never use the network, in this process from now on.
        fresh: measure again what is recorded.
        fail_fast: stop at the first failure.
        quiet: show no progress.

    Raises:
        UsageError: a name that does not exist, a path that is no directory, or a value that an option does not take;
            nothing was done.
        ExtraMissing: Ray is asked for and not installed; nothing was done.
        StorageFault: the results directory cannot be written; nothing was done.
        KeyboardInterrupt: interrupted; what was finished is recorded, and the same call goes on from there.
    """
    given = {name: value for name, value in locals().items() if name != "quiet"}
    evaluator = _planned(**given)
    records = run_plan(evaluator, Progress(quiet=quiet), measure_on_ray if engine == "ray" else None)
    suite = evaluator.suite or "selected"
    return Leaderboard(records, store=evaluator.results, tasks=evaluator.tasks, suite=suite)


def plan(models: str | Encoder | type | Sequence[str | Encoder | type], **options: Any) -> pd.DataFrame:
    """What `run` would do with the same arguments: one evaluation a row, with its texts and whether it is recorded.

    With an embedding service among the models, `tokens` is about what each evaluation would send there, each text once.
    """
    evaluator = _planned(models=models, **options)
    services = {name for name, plugin in evaluator.plugins.items() if plugin.card.family == "service"}
    counted: set[tuple[Path, str]] = set()
    rows: list[dict[str, Any]] = []
    for one in evaluator.evaluations:
        recorded = not evaluator.options.fresh and getattr(evaluator.existing(one), "status", "") == "ok"
        cards = map(evaluator.corpora.card, evaluator.tasks[one.task].corpora)
        texts = sum(min(n, evaluator.options.limit or n) for card in cards for n in card.rows.values())
        rows.append({"model": one.model, "task": one.task, "seed": one.seed, "texts": texts, "recorded": recorded})
        if services:
            rows[-1]["tokens"] = 0
            with suppress(DataMissing):
                unpaid = one.model in services and not recorded
                rows[-1]["tokens"] = evaluator.estimated_tokens(one, counted) if unpaid else 0
    return pd.DataFrame(rows)


def _planned(**given: Any) -> Evaluator:
    """The plan of a run; raises as `run` does."""
    if given.get("suite") is None and given.get("tasks") in SUITES:
        given |= {"suite": given["tasks"], "tasks": ()}
    try:
        options = RunOptions(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise UsageError(validation_reason(error)) from error
    go_offline(options.offline)
    return plan_evaluations(options)


def encode(texts: Sequence[str], model: str, **options: Any) -> NDArray[np.float32]:
    """Turn texts into vectors.

    Args:
        texts: any strings.
        model: an encoder's name.
        options: of `harness.load_encoder`: `weights_dir`, `device`, `max_length`, ...

    Returns:
        float32 (len(texts), dimensions), checked.

    Raises:
        TypeError: one string in place of the texts, or the arguments exchanged.
        UsageError: no such encoder or option.
        WeightsMissing, ExtraMissing: it cannot be made here.
        EncoderFault: it raised, or broke its contract.
    """
    if isinstance(texts, str) or not isinstance(model, str):
        raise TypeError(
            "harness.encode(texts, model) takes a list of texts first and the model's name second, e.g. "
            f"harness.encode(['hi'], 'minilm'), not {type(texts).__name__} and {type(model).__name__}"
        )
    return encode_checked(load_encoder(model, **options), list(texts))


def _whole(record: Record) -> str:
    """Id of a record's task, also of a trial on some texts."""
    return record.task_id.partition("+limit-")[0]


def list_models() -> pd.DataFrame:
    """Declared encoders by name: what their cards say. Loads none of them; `bench models` also says which are ready."""
    shown = ["shown", "family", "base", "pooling", "parameters", "licence", "weights", "training_data"]
    cards = {plugin.name: plugin.card for plugin in encoder_plugins()}
    return _facts("model", cards, shown).rename(columns={"shown": "title"})


def list_tasks(suite: str | None = None) -> pd.DataFrame:
    """Tasks by id: corpus, protocol, metrics, suites, source.

    Args:
        suite: only this one.

    Raises:
        UsageError: no such suite.
    """
    shown = ["name", "metrics", "suites", "corpus", "protocol", "split", "stochastic", "summary", "source"]
    chosen = every_task() if suite is None else select_tasks(suite, [])
    return _facts("id", chosen, shown).rename(columns={"name": "task"})


def _facts(what: str, named: Mapping[str, object], fields: list[str]) -> pd.DataFrame:
    """Facts of things by name, tuples of names as text."""
    rows = {name: [getattr(thing, field) for field in fields] for name, thing in named.items()}
    texts = [[", ".join(value) if isinstance(value, tuple) else value for value in row] for row in rows.values()]
    return pd.DataFrame(texts, index=pd.Index(list(rows), name=what), columns=fields)


class Leaderboard:
    """Recorded results of some models on some tasks.

    Shown in a notebook it is the overview table; `print` shows the same as text.

    Args:
        records: results and failures.
        store: the directory that they are from, whose per-example predictions comparisons need.
        tasks: id → task, in the order of the tables; other records are left out.
        suite: name of the suite for titles; None where the tasks are of several.

    Attributes:
        records: the records of these tasks, failures and trials on some texts (`limit`) included.
    """

    def __init__(
        self, records: Iterable[Record], *, store: ResultStore, tasks: Mapping[str, Task], suite: str | None
    ) -> None:
        self.records = tuple(record for record in records if _whole(record) in tasks)
        self.store = store
        self.suite = suite
        self.declared = {name: tuple(task.metrics) for name, task in tasks.items()}
        """Task id → its metrics, whether or not it was measured."""
        measured = sorted({record.task_id: _whole(record) for record in self.records}.items())
        self._tasks = {name: self.declared[whole] for task in tasks for name, whole in measured if whole == task}

    @classmethod
    def read(
        cls,
        results_dir: str | Path = RESULTS_DIR,
        *,
        suite: str | None = None,
        tasks: str | Sequence[str] = (),
        models: str | Sequence[str] = (),
    ) -> Leaderboard:
        """Read what was measured before; nothing is measured.

        Args:
            results_dir: directory of records.
            suite: only this suite; None for all that was recorded.
            tasks: only these: families, family/corpus, ids or shell patterns.
            models: only these, by name.

        Raises:
            UsageError: no records, no such suite, task or model.
        """
        store = ResultStore(Path(results_dir))
        records = apply_evidence(store, read_evidence(store.directory))
        if not records:
            raise UsageError(
                f"there are no records in {store.directory}; measure first: bench run --models minilm,lexicon"
            )
        wanted = {find_recorded(name, records) for name in ([models] if isinstance(models, str) else models)}
        patterns = [tasks] if isinstance(tasks, str) else list(tasks)
        recorded = map(_whole, records)
        chosen = every_task(recorded) if suite is None and not patterns else select_tasks(suite, patterns)
        records = [record for record in records if not wanted or record.model.name in wanted]
        board = cls(records, store=store, tasks=chosen, suite=suite)
        if suite is not None and not board.records:
            raise UsageError(f"nothing of suite {suite} was measured: bench run --suite {suite} does")
        return board

    def of_suite(self) -> Leaderboard:
        """The part that belongs to the richest suite of which something was recorded."""
        every = every_task(map(_whole, self.records))
        names = dict.fromkeys(
            ("paper", "extended", "recipes", "quick", *(name for task in every.values() for name in task.suites))
        )
        suites = ((name, {id: task for id, task in every.items() if name in task.suites}) for name in names)
        measured = {_whole(record) for record in self.records if record.status == "ok"} or {*map(_whole, self.records)}
        suite, tasks = next(((name, tasks) for name, tasks in suites if measured & set(tasks)), ("none", {}))
        return Leaderboard(self.records, store=self.store, tasks=tasks, suite=suite)

    # Numbers

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The long table: one number a row, seeds joined.

        The index has the levels `INDEX`; columns are `value`, `low` and `high` (ends of the 95 % interval; NaN where
        there are none), `seeds`, `status` and `contamination`, as in the CSV form of `bench table --long`. An
        evaluation without a number keeps a row with NaN and its status.
        """
        return long_frame(self.records, self._tasks).set_index(list(INDEX))

    def scores(self, metric: str | None = None) -> pd.DataFrame:
        """One row a model, one column a task: its main number, or one metric where a task has it.

        Args:
            metric: e.g. `macro.f1`; None for the main metric of each task.

        Returns:
            Columns have the levels task, corpus, protocol, metric; tables' order; NaN where there is no number.

        Raises:
            UsageError: no task has such a metric.
        """
        main = {task: metric or metrics[0] for task, metrics in self._tasks.items()}
        wanted = [(*task.split("/", 2), name) for task, name in main.items() if name in self._tasks[task]]
        if metric is not None and not wanted:
            raise unknown_name("metric", metric, sorted(set().union(*self._tasks.values())))
        columns = pd.MultiIndex.from_tuples(wanted, names=["task", "corpus", "protocol", "metric"])
        numbers = self.frame["value"].droplevel("split").unstack("model")
        return numbers.reindex(columns).T.reindex(pd.Index(self.models, name="model"))

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in the order of their records."""
        return tuple(dict.fromkeys(record.model.name for record in self.records))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Ids of the tasks, in the order of the tables."""
        return tuple(self._tasks)

    @property
    def failures(self) -> tuple[Record, ...]:
        """Evaluations without a number; `record.failure.message` says why and what to do."""
        return tuple(record for record in self.records if record.status != "ok")

    def compare(
        self,
        first: str,
        second: str,
        *,
        tasks: Sequence[str] | None = None,
        metrics: Sequence[str] | None = None,
        draws: int = DRAWS,
    ) -> Comparison:
        """Test the differences between two models: the second minus the first on each task.

        Args:
            first: name of a model.
            second: name of another.
            tasks: ids; None for all of this leaderboard.
            metrics: None for the main metric of each task, `["all"]` for all.
            draws: bootstrap resamples.

        Raises:
            UsageError: a model without results, one model twice, or a metric that neither has.
        """
        first, second = (find_recorded(name, self.records) for name in (first, second))
        if first == second:
            raise UsageError(f"{first} is compared with itself: name two models")
        known = sorted({n for record in self.records if record.model.name in (first, second) for n in record.metrics})
        for name in metrics or ():
            if name not in (*known, "all"):
                raise unknown_name("metric", name, known)
        return compare(
            self.store,
            self.records,
            first,
            second,
            tasks=self.tasks if tasks is None else tasks,
            metrics=known if "all" in (metrics or ()) else metrics,
            draws=draws,
        )

    def choose(
        self, *, max_params: float | None = None, min_speed: float | None = None, max_bytes: float | None = None
    ) -> pd.DataFrame:
        """Models within limits: their mean score, cost, whether they are on the Pareto front, and where they are worse.

        Args:
            max_params: most weights.
            min_speed: fewest texts a second, as measured when the vectors were computed.
            max_bytes: most bytes a vector.

        Returns:
            One row a model, the best first; see `harness.leaderboard.choice.Candidate`. `attrs["tasks"]` names the
            tasks that `quality` is the mean of.
        """
        known = with_limited(self.records)
        within = {
            row.model
            for row in candidates(known, self.declared)[0]
            if (max_params is None or (row.parameters is not None and row.parameters <= max_params))
            and (min_speed is None or (row.speed or 0) >= min_speed)
            and (max_bytes is None or (row.vector_bytes or math.inf) <= max_bytes)
        }
        records = [record for record in known if record.model.name in within]
        rows, tasks = candidates(records, self.declared)
        rows = tested(rows, tasks, self.store, records)
        frame = pd.DataFrame([asdict(row) for row in rows], columns=[one.name for one in fields(Candidate)])
        frame.attrs["tasks"] = list(tasks)
        return frame.set_index("model")

    # Tables

    def tables(
        self,
        *names: str,
        published: bool = True,
        intervals: bool = False,
        columns: Sequence[str] = (),
        tests: bool | None = None,
    ) -> list[Table]:
        """Build tables of the suite, or of the richest suite that was recorded; see `harness.leaderboard.build_tables`.

        Args:
            names: `overview`, `I` to `V`; none for the overview and those of the paper's that anything
                belongs to.
            published: show the paper's numbers beside ours.
            intervals: show 95 % intervals as ±.
            columns: of the overview: `all`, corpora, families or patterns of task ids; none for a short choice.
            tests: mark what differs from the model it started from, and show intervals; None for suite recipes alone.

        Raises:
            UsageError: a table or a column that does not exist, or no model was measured on a task of the tables.
        """
        board = self if self.suite else self.of_suite()
        records, tests = with_limited(board.records), board.suite == "recipes" if tests is None else tests
        built = build_tables(
            records,
            suite=board.suite or "",
            which=names or None,
            published=published,
            intervals=intervals or tests,
            tasks=board.declared,
            columns=columns,
            recommended=recommended_poolings(self.models),
        )
        if not built:
            named = f"table {', '.join(names)}" if names else "any table"
            raise UsageError(f"no model was measured on a task of {named}; `bench tasks` lists them")
        return against_start(built, self.store, records) if tests else built

    def table(self, *names: str, fmt: str = "plain", **options: Any) -> str:
        """Tables as text in any format of `bench table`; options as for `tables`.

        Raises:
            UsageError: a table or a format that does not exist.
        """
        return render(self.tables(*names, **options), fmt)

    def to_csv(self) -> str:
        """The long table with every digit, as `bench table --format csv --long`."""
        return long_csv(long_frame(self.records, self._tasks))

    def to_json(self) -> str:
        """The same as a JSON list of objects."""
        rows = long_frame(self.records, self._tasks).astype(object)
        return json.dumps(rows.where(rows.notna(), None).to_dict("records"), indent=1) + "\n"

    def __repr__(self) -> str:
        return f"<Leaderboard: {len(self.models)} models, {len(self._tasks)} tasks, {len(self.records)} records>"

    def __str__(self) -> str:
        return self.table("overview").rstrip("\n")

    def _repr_html_(self) -> str:
        """The overview for a notebook; every name in it is escaped."""
        parts = [fragment(table) for table in self.tables("overview")]
        return f"<style>\n{STYLE}</style>\n" + "\n".join(parts)
