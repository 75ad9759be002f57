"""Score a checkpoint through the harness, under the protocols of its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carl.ablation.results import EVALUATION
from harness.evaluation import RunOptions, run
from harness.progress import Progress
from harness.registry import select_tasks
from harness.store import EmbeddingStore

if TYPE_CHECKING:
    from harness.record import Record

#: What the paper's ablation reports, as far as everyone can have the data.
DEFAULT_TASKS = (
    "valence-arousal/emobank/official/1",
    "polarity/cr/senteval-lr/1",
    "polarity/mr/senteval-lr/1",
    "polarity/sst5/senteval-lr/1",
    "emotion/goemotions/ekman6-mapped/1",
)


def chosen_tasks(suite: str | None, patterns: Sequence[str]) -> tuple[str, ...]:
    """Ids of the tasks that encoders are scored on.

    Args:
        suite: of the harness; None with no pattern takes `DEFAULT_TASKS`.
        patterns: as for `bench run --tasks`.

    Raises:
        UsageError: no such suite or task.
    """
    if suite is None and not patterns:
        return DEFAULT_TASKS
    return tuple(select_tasks(suite, list(patterns)))


@dataclass(frozen=True)
class Evaluation:
    """How checkpoints are scored.

    The harness's own seed is 0 throughout: seeds of an ablation are those of the training.
    """

    tasks: Sequence[str]
    data_dir: Path | None
    cache_dir: Path
    device: str
    offline: bool = False

    def scores(self, checkpoint: Path, report: Callable[[str], None]) -> dict[str, dict[str, Any]]:
        """Score a checkpoint; its records go to `evaluation/` in it, its embeddings are not kept.

        Args:
            checkpoint: a directory that transformers could load.
            report: gets a line for each task, and notices.

        Returns:
            As in `results.RunResult.tasks`.

        Raises:
            KeyboardInterrupt: somebody pressed Ctrl-C.
        """
        options = RunOptions(
            results_dir=checkpoint / EVALUATION,
            cache_dir=self.cache_dir,
            data_dir=self.data_dir,
            device=self.device,
            offline=self.offline,
        )
        done = run([f"hf:{checkpoint}"], options, progress=_Reporter(report), tasks=list(self.tasks))
        if done.interrupted:
            raise KeyboardInterrupt
        store = EmbeddingStore(self.cache_dir)
        for fingerprint in {record.model.fingerprint for record in done.records} - {""}:
            store.forget(fingerprint)
        return {record.task_id: _entry(record) for record in done.records}


def _entry(record: Record) -> dict[str, Any]:
    if record.status != "ok":
        return {"status": record.status, "message": record.failure.message if record.failure else ""}
    metrics: Mapping[str, Any] = {name: asdict(metric) for name, metric in record.metrics.items()}
    return {"status": "ok", "metrics": metrics, "data": record.data}


class _Reporter(Progress):
    """Says how each task ended."""

    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__()
        self._report = report

    def line(self, text: str) -> None:
        """Pass it on."""
        self._report(f"  {text}")

    def ended(self, record: Record, *, fresh: bool) -> None:
        """Say the first number of a task."""
        if record.status == "ok":
            name, metric = next(iter(record.metrics.items()))
            self.line(f"{record.task_id}  {name} {metric.value:.4f}")
