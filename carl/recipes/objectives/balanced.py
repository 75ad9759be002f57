"""Batches in which every class has the same number of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def balanced_rows(labels: NDArray[np.int64], batch: int, number: int, seed: int) -> NDArray[np.int64]:
    """Rows of a batch with as many texts of each class as fit, at least two, drawn without repeats within a class.

    Where the classes do not fit, the classes take turns from batch to batch; a class with fewer texts than its
    share gives all it has. What is left of the batch is filled with other texts of the classes in it, one each.

    Args:
        labels: (n,), negative for texts of no class.
        batch: texts.
        number: of the batch.
        seed: of the run.

    >>> rows = balanced_rows(np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, -1]), 4, 0, seed=0)
    >>> sorted(np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, -1])[rows].tolist())
    [0, 0, 1, 1]
    """
    generator = np.random.default_rng((seed, number))
    classes = generator.permutation(np.unique(labels[labels >= 0]))[: max(batch // 2, 1)]
    queues = [generator.permutation(np.flatnonzero(labels == label)) for label in classes]
    longest = max(map(len, queues))
    # Round after round one text of every class that has any left.
    order = [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
    return np.array(order[:batch], dtype=np.int64)
