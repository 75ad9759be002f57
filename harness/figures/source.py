"""What figures are made of: records in the order of the tables, predictions, and vectors where they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.corpora.base import CorpusLibrary
from harness.figures.drawing import short
from harness.leaderboard.evaluations import Evaluation, Results, ordered
from harness.leaderboard.words import corpus_title
from harness.record import ModelFacts, Record, ResultStore

#: What the marks behind titles mean.
MARKS = " * or ?: the model saw the texts, or may have."


@dataclass(frozen=True, kw_only=True)
class Source:
    """Results of one directory, and where to look for more."""

    store: ResultStore
    records: tuple[Record, ...]
    evaluations: tuple[Evaluation, ...]
    models: tuple[ModelFacts, ...]
    """In the order of the tables' rows."""
    titles: Mapping[str, str]
    """Model → how figures call it."""
    metrics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Task id → its metrics, the main one first; in the order of the suite."""
    library: CorpusLibrary | None = None
    """The corpora, None where no figure may read them."""
    cache_dir: Path | None = None
    """Where embeddings are kept, None where no figure may read them."""
    baseline: str | None = None
    """The model that others are compared with; None takes BERT, else MiniLM, else the first with weights."""

    @classmethod
    def of(
        cls,
        store: ResultStore,
        records: Iterable[Record],
        tasks: Mapping[str, Sequence[str]] | None = None,
        *,
        library: CorpusLibrary | None = None,
        cache_dir: Path | None = None,
        baseline: str | None = None,
        recommended: Mapping[str, str] | None = None,
    ) -> Source:
        """Put records in order; records of other tasks than those of the suite are left out.

        Args:
            store: where the predictions are.
            records: results and failures.
            tasks: task id → its metrics, the main one first, in the order of the suite; None takes all.
            library: the corpora.
            cache_dir: where embeddings are.
            baseline: the model that others are compared with.
            recommended: encoder → the pooling that its authors trained; it comes first.

        Raises:
            RecordInvalid: seeds of one evaluation do not fit together.
        """
        kept = tuple(record for record in records if tasks is None or record.task_id in tasks)
        evaluations = ordered(kept, tasks)
        found = Results(evaluations, recommended=recommended or {})
        return cls(
            store=store,
            records=kept,
            evaluations=evaluations,
            models=tuple(found.models),
            titles=found.titles(),
            metrics={name: tuple(numbers) for name, numbers in (tasks or {}).items()},
            library=library,
            cache_dir=cache_dir,
            baseline=baseline,
        )

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

    def of_model(self, model: str, task_id: str) -> Evaluation | None:
        """A model's numbers on a task, None where it has none."""
        found = (one for one in self.evaluations if (one.model.name, one.task_id) == (model, task_id) and one.metrics)
        return next(found, None)

    def value(self, model: str, task_id: str, metric: str) -> float | None:
        """One number, None where there is none."""
        one = self.of_model(model, task_id)
        found = None if one is None else one.metrics.get(metric)
        return None if found is None else found.value

    def clean(self, model: str, task_id: str) -> bool:
        """Whether a model has the main number of a task and is known to have seen none of its texts."""
        one = self.of_model(model, task_id)
        return one is not None and one.state == "clean" and self.main(task_id) in one.metrics

    def mark(self, model: str, task_id: str) -> str:
        """What stands behind a model's title over a task: a blank and `*` or `?`, or nothing; captions say `MARKS`."""
        one = self.of_model(model, task_id)
        return {"overlap": " *", "unknown": " ?"}.get(one.state, "") if one is not None else ""

    def measured(self, task_id: str) -> list[str]:
        """Models with a number on a task, in order."""
        return [model.name for model in self.models if self.of_model(model.name, task_id) is not None]

    def main(self, task_id: str) -> str:
        """A task's main metric."""
        declared = self.metrics.get(task_id, ())
        if declared:
            return declared[0]
        return next(next(iter(one.metrics)) for one in self.evaluations if one.task_id == task_id and one.metrics)

    def record(self, model: str, task_id: str) -> Record | None:
        """The record of a model's first seed on a task, None where nothing was measured."""
        found = [r for r in self.records if (r.model.name, r.task_id, r.status) == (model, task_id, "ok")]
        return min(found, key=lambda record: record.seed, default=None)

    def predictions(self, model: str, task_id: str) -> dict[str, NDArray[np.generic]] | None:
        """Predictions of a model's first seed on a task, None where none were kept."""
        record = self.record(model, task_id)
        return None if record is None else self.store.predictions(record)

    def title(self, model: str) -> str:
        """How figures call a model."""
        return self.titles[model]

    def panel(self, model: str, task_id: str) -> str:
        """What stands over a model's panel: its title, in two lines where it says the vector, and its mark."""
        return short(self.title(model)).replace(", ", ",\n", 1) + self.mark(model, task_id)


def task_title(task_id: str) -> str:
    """A task in a few words: `EmoBank, official/1`."""
    _, corpus, protocol = task_id.split("/", 2)
    return f"{corpus_title(corpus)}, {protocol}"
