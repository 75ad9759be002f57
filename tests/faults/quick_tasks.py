"""A plugin for the tests of kills: tasks over made-up texts that are scored in milliseconds, in several shards each.

`install` declares them in a folder for `PYTHONPATH`, as an installed distribution would be.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.outcome import Metric, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORDS = "the a we you it film day rain was is felt looked happy sad awful lovely dull great not never very and but !"


@dataclass(frozen=True)
class Prepared:
    """Texts, and a number that depends on every one of their vectors."""

    texts: tuple[str, ...]
    fingerprint: str

    def evaluate(self, embeddings: NDArray[np.float32], seed: int) -> Outcome:
        """Resample the mean of the vectors."""
        import numpy as np

        rows = embeddings.astype(np.float64).mean(axis=1)
        drawn = np.random.default_rng(seed).integers(len(rows), size=(200, len(rows)))
        low, high = np.quantile(rows[drawn].mean(axis=1), (0.025, 0.975))
        return Outcome(
            metrics={"mean": Metric(float(rows.mean()), float(low), float(high))},
            predictions={"predicted": rows},
            counts={"texts": len(rows)},
        )


@dataclass(frozen=True)
class Task:
    """Some hundred made-up texts, of which a third are another task's as well."""

    number: int
    name: str = "quick"
    protocol: str = "mean/1"
    split: str = "test"
    max_length: int | None = None
    stochastic: bool = True
    metrics: tuple[str, ...] = ("mean",)
    suites: tuple[str, ...] = ("extended",)
    summary: str = "for tests"
    source: str = "none"
    corpora: tuple[str, ...] = ()

    @property
    def corpus(self) -> str:
        """Made up."""
        return f"made-up-{self.number}"

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        import numpy as np

        words, found = _WORDS.split(), []
        for part in (self.number, self.number, self.number + 1):
            drawn = np.random.default_rng(part).integers(len(words), size=(150, 10))
            found += [" ".join([words[i] for i in row]) for row in drawn]
        return tuple(found)

    def prepare(self, library: object) -> Prepared:
        """Make the texts up."""
        return Prepared(self._texts, f"quick-{self.number}")


def tasks() -> list[Any]:
    """Three of them."""
    return [Task(number) for number in range(3)]


def install(folder: Path) -> None:
    """Declare the tasks to whoever has `folder` on the path."""
    shutil.copy(__file__, folder / "affectbench_quick_tasks.py")
    facts = folder / "affectbench_quick_tasks-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: affectbench-quick-tasks\nVersion: 1.0\n", "utf-8")
    (facts / "entry_points.txt").write_text("[bench.tasks]\nquick = affectbench_quick_tasks:tasks\n", "utf-8")
