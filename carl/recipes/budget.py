"""One budget for all: the same number of distinct texts, and the same number of floating-point operations.

Equal passes over the texts would give a step that attacks tokens, or reads every text twice, more computation than
a plain one; equal steps as well. So the budget fixes the distinct texts and the operations, and a cheap recipe goes
over the texts more often than a dear one. Operations are counted, not estimated: torch counts those of the matrix
products of the very forward and backward passes that training runs, on the first batches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

#: Batches on which operations are counted.
COUNTED = 2


@dataclass(frozen=True)
class Budget:
    """What a run may spend and what it spends."""

    texts: int
    """Distinct texts."""
    operations: float
    """Floating-point operations that all runs of this budget may spend."""
    step_operations: float
    """Of one step of this recipe, forward and backward."""
    batch: int
    """Texts of a step; a text that a recipe reads twice in it counts once."""

    @property
    def steps(self) -> int:
        """Steps that come closest to the budget, at least one.

        >>> Budget(texts=100, operations=1000.0, step_operations=90.0, batch=10).steps
        11
        """
        return max(round(self.operations / self.step_operations), 1)

    def as_dict(self) -> dict[str, Any]:
        """For the record of a run: the fields, the texts read, how often on the mean, the operations spent."""
        read = self.steps * self.batch
        return {
            **asdict(self),
            "steps": self.steps,
            "texts_read": read,
            "passes": read / self.texts,
            "operations_spent": self.steps * self.step_operations,
        }


def operations(work: Callable[[int], object], batches: int = COUNTED) -> float:
    """Mean number of floating-point operations of some batches' work, those of matrix products.

    Args:
        work: does the work of the batch with a number, forward and backward.
        batches: how many, from number 0 on.
    """
    with torch.random.fork_rng(devices=[]):
        counter = FlopCounterMode(display=False)
        with counter:
            for number in range(batches):
                torch.manual_seed(number)
                work(number)
    return counter.get_total_flops() / batches
