"""Results as an object: a pandas frame, tables in every format, comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError, unknown_name

if TYPE_CHECKING:
    import pandas as pd

    from harness.comparison import Comparison
    from harness.leaderboard import Table
    from harness.record import Record, ResultStore

#: Levels of the frame's index, outermost first.
INDEX = ("task", "corpus", "protocol", "split", "metric", "model")


class Leaderboard:
    """Recorded results of some models on some tasks.

    Shown in a notebook it is the overview table; `print` shows the same as text.

    Args:
        records: results and failures.
        store: the directory that they are from, whose per-example predictions comparisons need.
        suite: name of the suite for titles.
        tasks: task id → its metrics, the main one first, in the order of the tables; other records are left out.

    Attributes:
        records: the records of these tasks, failures included.
    """

    def __init__(
        self, records: Sequence[Record], *, store: ResultStore, suite: str, tasks: Mapping[str, Sequence[str]]
    ) -> None:
        self.records = tuple(record for record in records if record.task_id in tasks)
        self.store = store
        self.suite = suite
        self._tasks = {name: tuple(metrics) for name, metrics in tasks.items()}

    @classmethod
    def read(
        cls,
        results_dir: str | Path = "results",
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
            RecordInvalid: a record is damaged or too new.
        """
        from harness.contamination import apply_evidence, read_evidence
        from harness.record import ResultStore
        from harness.registry import select_tasks
        from harness.registry import tasks as every_task

        place = Path(results_dir)
        store = ResultStore(place)
        records = apply_evidence(store, read_evidence(place))
        if not records:
            raise UsageError(f"there are no records in {place}; measure first: harness.run(['minilm'], 'sample')")
        wanted = [models] if isinstance(models, str) else list(models)
        known = sorted({record.model.name for record in records})
        for name in wanted:
            if name not in known:
                raise unknown_name("recorded model", name, known)
        patterns = [tasks] if isinstance(tasks, str) else list(tasks)
        chosen = every_task() if suite is None and not patterns else select_tasks(suite, patterns)
        recorded = {record.task_id for record in records}
        return cls(
            [record for record in records if not wanted or record.model.name in wanted],
            store=store,
            suite=suite or "all",
            tasks={name: task.metrics for name, task in chosen.items() if name in recorded},
        )

    # Numbers

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The long table: one number a row, seeds joined.

        The index has the levels `INDEX`; columns are `value`, `low` and `high` (ends of the 95 % interval; NaN where
        there are none), `seeds`, `status` and `contamination`, as in the CSV form of `bench table --long`. A unit
        without a number keeps a row with NaN and its status.
        """
        from harness.leaderboard import long_frame, long_rows

        return long_frame(long_rows(self.records, self._tasks)).set_index(list(INDEX))

    def scores(self, metric: str | None = None) -> pd.DataFrame:
        """One row a model, one column a task: its main number, or one metric where a task has it.

        Args:
            metric: e.g. `macro.f1`; None for the main metric of each task.

        Returns:
            Columns have the levels task, corpus, protocol, metric; tables' order; NaN where there is no number.

        Raises:
            UsageError: no task has such a metric.
        """
        import pandas as pd

        columns: dict[tuple[str, str, str, str], pd.Series[float]] = {}
        for task_id, metrics in self._tasks.items():
            name = metrics[0] if metric is None else metric
            if name not in metrics:
                continue
            task, corpus, protocol = task_id.split("/", 2)
            rows = self.frame.loc[
                (self.frame.index.get_level_values("task") == task)
                & (self.frame.index.get_level_values("corpus") == corpus)
                & (self.frame.index.get_level_values("protocol") == protocol)
                & (self.frame.index.get_level_values("metric") == name)
            ]
            values = rows["value"].dropna()
            columns[task, corpus, protocol, name] = pd.Series(
                values.to_numpy(), index=values.index.get_level_values("model"), dtype="float64"
            )
        if metric is not None and not columns:
            every = sorted({name for metrics in self._tasks.values() for name in metrics})
            raise unknown_name("metric", metric, every)
        table = pd.DataFrame(columns, index=pd.Index(self.models, name="model"))
        table.columns = pd.MultiIndex.from_tuples(list(columns), names=["task", "corpus", "protocol", "metric"])
        return table

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
        """Units without a number; `record.failure.message` says why and what to do."""
        return tuple(record for record in self.records if record.status != "ok")

    def compare(
        self,
        first: str,
        second: str,
        *,
        tasks: Sequence[str] | None = None,
        metrics: Sequence[str] | None = None,
        other: Leaderboard | None = None,
    ) -> Comparison:
        """Test the differences between two models: the second minus the first on each task.

        Args:
            first: name of a model.
            second: name of another.
            tasks: ids; None for all of this leaderboard.
            metrics: None for the main metric of each task.
            other: where the second model's results are, if not here.

        Raises:
            UsageError: a model without results.
        """
        from harness.comparison import Side, compare

        place = other or self
        return compare(
            Side.of(self.store, first, self.records),
            Side.of(place.store, second, place.records),
            tasks=self.tasks if tasks is None else tasks,
            metrics=metrics,
        )

    # Tables

    def tables(
        self,
        *names: str,
        published: bool = True,
        intervals: bool = False,
        brackets: bool = False,
    ) -> list[Table]:
        """Build tables; see `harness.leaderboard.build_tables`.

        Args:
            names: `overview`, `I` to `V`; none for the overview and those of the paper's that anything belongs to.
            published: show the paper's numbers beside ours.
            intervals: show 95 % intervals as ±.
            brackets: show them by their ends.
        """
        from harness.leaderboard import build_tables

        return build_tables(
            self.records,
            suite=self.suite,
            which=names or None,
            published=published,
            intervals=intervals,
            brackets=brackets,
            tasks=self._tasks,
        )

    def table(
        self,
        *names: str,
        fmt: str = "plain",
        published: bool = True,
        intervals: bool = False,
        brackets: bool = False,
    ) -> str:
        """Tables as text in any format of `bench table`; arguments as for `tables`.

        Raises:
            UsageError: a table or a format that does not exist.
        """
        from harness.leaderboard import render

        return render(self.tables(*names, published=published, intervals=intervals, brackets=brackets), fmt)

    def to_markdown(self, *names: str, intervals: bool = False) -> str:
        """Tables in GitHub's Markdown."""
        return self.table(*names, fmt="markdown", intervals=intervals)

    def to_latex(self, *names: str, intervals: bool = False) -> str:
        """Tables in LaTeX (booktabs, siunitx)."""
        return self.table(*names, fmt="latex", intervals=intervals)

    def to_html(self, *names: str, intervals: bool = False) -> str:
        """Tables as a whole HTML document."""
        return self.table(*names, fmt="html", intervals=intervals)

    def to_csv(self) -> str:
        """The long table with every digit, as `bench table --format csv --long`."""
        from harness.leaderboard import long_csv, long_rows

        return long_csv(long_rows(self.records, self._tasks))

    def __repr__(self) -> str:
        return f"<Leaderboard: {len(self.models)} models, {len(self._tasks)} tasks, {len(self.records)} records>"

    def __str__(self) -> str:
        return self.table("overview").rstrip("\n")

    def _repr_html_(self) -> str:
        """The overview for a notebook; every name in it is escaped."""
        from harness.leaderboard.render import STYLE, fragment

        parts = [fragment(table) for table in self.tables("overview")]
        return f"<style>\n{STYLE}</style>\n" + "\n".join(parts)
