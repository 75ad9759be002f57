"""What figures and reports are made of: records in the order of the tables, and predictions."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.figures.drawing import two_lines
from harness.leaderboard.evaluations import Results, ordered
from harness.leaderboard.table import corpus_title
from harness.record import Record, ResultStore

#: What the marks behind titles mean.
MARKS = " * or ?: the model saw the texts, or may have."


class Source(Results):
    """Results of one directory.

    Args:
        store: where the predictions are.
        records: results and failures; those of tasks that are not in `tasks` are left out.
        tasks: task id → its metrics, the main one first, in the order of the suite; None takes all.
        baseline: the model that others are compared with; None takes BERT, else MiniLM, else the first with weights.
        recommended: encoder → the pooling that its authors trained; it comes first.

    Raises:
        RecordInvalid: seeds of one evaluation do not fit together.
    """

    def __init__(
        self,
        store: ResultStore,
        records: Iterable[Record],
        tasks: Mapping[str, Sequence[str]] | None = None,
        *,
        baseline: str | None = None,
        recommended: Mapping[str, str] | None = None,
    ) -> None:
        self.store, self.baseline, self.metrics = store, baseline, tasks or {}
        self.records = [record for record in records if tasks is None or record.task_id in tasks]
        super().__init__(ordered(self.records, tasks), recommended)

    def task_ids(self, family: str = "") -> list[str]:
        """Tasks with a number of any model, in order; of one family or of all."""
        found = dict.fromkeys(one.task_id for one in self.evaluations if one.metrics)
        return [task_id for task_id in found if not family or task_id.split("/")[0] == family]

    def main_tasks(self, family: str = "") -> list[str]:
        """One task of each family and corpus, the one that most models were measured on, the first of equals."""
        found: dict[str, list[str]] = {}
        for task_id in self.task_ids(family):
            found.setdefault(task_id.rsplit("/", 2)[0], []).append(task_id)
        return [max(tasks, key=lambda task_id: len(self.measured(task_id))) for tasks in found.values()]

    def measured(self, task_id: str) -> list[str]:
        """Models with a number on a task, in order."""
        return [one.model.name for one in self.of(task_id) if one.metrics]

    def value(self, model: str, task_id: str, metric: str) -> float | None:
        """One number, None where there is none."""
        one = self.get(model, task_id)
        return one.metrics[metric].value if one is not None and metric in one.metrics else None

    def main(self, task_id: str) -> str:
        """A task's main metric."""
        declared = self.metrics.get(task_id, ())
        return declared[0] if declared else next(next(iter(one.metrics)) for one in self.of(task_id) if one.metrics)

    def record(self, model: str, task_id: str) -> Record | None:
        """The record of a model's first seed on a task, None where nothing was measured."""
        found = [r for r in self.records if (r.model.name, r.task_id, r.status) == (model, task_id, "ok")]
        return min(found, key=lambda record: record.seed, default=None)

    def predictions(self, model: str, task_id: str) -> dict[str, NDArray[np.generic]] | None:
        """Predictions of a model's first seed on a task, None where none were kept."""
        record = self.record(model, task_id)
        return None if record is None else self.store.predictions(record)

    def mark(self, model: str, task_id: str) -> str:
        """What stands behind a model's title over a task: a blank and `*` or `?`, or nothing; captions say `MARKS`."""
        one = self.get(model, task_id)
        return {"overlap": " *", "unknown": " ?"}.get(one.state, "") if one is not None and one.metrics else ""

    def panel(self, model: str, task_id: str) -> str:
        """What stands over a model's panel: its title, in two lines where it says the vector, and its mark."""
        return two_lines(self.titles[model]) + self.mark(model, task_id)


def task_title(task_id: str) -> str:
    """A task in a few words: `EmoBank, official/1`."""
    _, corpus, protocol = task_id.split("/", 2)
    return f"{corpus_title(corpus)}, {protocol}"
