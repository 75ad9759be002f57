"""What commands that show results begin with: the records of a suite, marked by what texts show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import split_names
from harness.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from harness.contamination import TextEvidence
    from harness.record import Record, ResultStore


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """Records of one suite."""

    store: ResultStore
    records: list[Record]
    suite: str
    tasks: dict[str, tuple[str, ...]]
    """Task id → its metrics, the main one first, in the suite's order."""
    evidence: dict[tuple[str, str], TextEvidence]
    """(model, task id) → what comparing texts showed."""
    recommended: dict[str, str]
    """Encoder → the pooling that its authors trained, where its card says so."""


def read_recorded(
    results_dir: Path, suite: str | None = None, models: tuple[str, ...] = (), *, every_suite: bool = False
) -> Recorded:
    """Read the records of a directory.

    Args:
        results_dir: the directory.
        suite: its name; None takes the richest of which something was recorded: real corpora before the sample.
        models: only these, comma-separated or repeated; none takes all.
        every_suite: whether no suite means all of them.

    Raises:
        UsageError: there are no records, or none of a model.
    """
    from harness.contamination import apply_evidence, read_evidence
    from harness.record import ResultStore
    from harness.registry import recommended_poolings, select_tasks, tasks

    store = ResultStore(results_dir)
    evidence = read_evidence(results_dir)
    records = apply_evidence(store, evidence)
    if not records:
        raise UsageError(f"there are no records in {results_dir}; measure first: bench run --models minilm,lexicon")
    wanted = split_names(models)
    known = sorted({record.model.name for record in records})
    for name in wanted:
        if name not in known:
            raise unknown_name("recorded model", name, known)
    if wanted:
        records = [record for record in records if record.model.name in wanted]
    chosen = suite or _richest({record.task_id for record in records})
    found = tasks() if every_suite and suite is None else select_tasks(chosen, [])
    numbers = {identity: task.metrics for identity, task in found.items()}
    return Recorded(
        store=store,
        records=[record for record in records if record.task_id in numbers],
        suite=chosen,
        tasks=numbers,
        evidence=evidence,
        recommended=recommended_poolings(record.model.name for record in records),
    )


def _richest(tasks: set[str]) -> str:
    from harness.registry import select_tasks

    return next(
        (suite for suite in ("paper", "extended", "recipes", "quick") if tasks & set(select_tasks(suite, []))), "sample"
    )
