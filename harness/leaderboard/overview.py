"""Plan of the overview: one row a model, the main metric of each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.leaderboard.assemble import Plan, Size
from harness.leaderboard.combine import Unit
from harness.leaderboard.grid import Measured
from harness.leaderboard.metrics import metric_label
from harness.leaderboard.names import corpus_title

#: Main metric of a task family when nobody says: as in the long table.
_MAIN = {
    "valence-arousal": "valence.pearson",
    "polarity": "accuracy",
    "emotion": "macro.f1",
    "geometry": "separation",
}

_CAPTIONS = {
    "sample": "No benchmark of record: a few sentences that come with the package, to see that a model and this "
    "installation work. Differences between models mean little here.",
}


def overview(units: Sequence[Unit], suite: str, tasks: Mapping[str, Sequence[str]] | None) -> list[Plan]:
    """Plan the overview of a suite.

    Args:
        units: results in the order of the tasks.
        suite: its name, for title and caption.
        tasks: task id → its metrics, the main one first; without it the order is that of the units and the main
            metric that of the task's family.
    """
    columns: dict[str, Measured] = {}
    for name, metrics in (tasks or {}).items():
        if metrics and name.count("/") >= 2:
            task, corpus, protocol = name.split("/", 2)
            columns[name] = _column(task, corpus, protocol, metrics[0])
    for unit in units:
        if unit.task_id not in columns:
            columns[unit.task_id] = _column(unit.task, unit.corpus, unit.protocol, _main(unit))
    if not columns:
        return []
    return [
        Plan(
            key="overview",
            title=f"Overview, suite {suite}",
            caption=_CAPTIONS.get(suite, "Main metric of each task; accuracy in percent. Param.: millions of weights."),
            columns=[Size(), *columns.values()],
        )
    ]


def _main(unit: Unit) -> str:
    family = _MAIN.get(unit.task, "")
    return family if family in unit.metrics or not unit.metrics else next(iter(unit.metrics))


def _column(task: str, corpus: str, protocol: str, metric: str) -> Measured:
    return Measured(
        task=task,
        corpus=corpus,
        protocol=protocol,
        metric=metric,
        head=f"{corpus_title(corpus)}\n{metric_label(metric)}",
        # The families of the paper are told apart by corpus and metric; others share both with them.
        group=protocol if task in _MAIN else f"{task}: {protocol}",
    )
