"""Which texts a batch holds: a fixed number from each stream, drawn anew in every pass over it.

The rows of a batch are a function of the seed and the batch's number, so that a resumed run reads on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from carl.networks import Tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Stream:
    """Texts of one kind, of which every batch holds equally many."""

    rows: NDArray[np.int64]
    """Places in the training data."""
    share: int
    """Texts of it in a batch."""

    def batch(self, number: int, *seed: int) -> NDArray[np.int64]:
        """Rows of the batch with a number, from 0."""
        places = np.arange(number * self.share, (number + 1) * self.share)
        passes, inside = np.divmod(places, len(self.rows))
        orders = {
            int(once): np.random.default_rng((*seed, int(once))).permutation(self.rows) for once in np.unique(passes)
        }
        return np.array([orders[int(once)][place] for once, place in zip(passes, inside, strict=True)], dtype=np.int64)


def batch_rows(streams: Sequence[Stream], number: int, seed: int) -> NDArray[np.int64]:
    """Rows of the batch with a number, stream by stream.

    >>> streams = [Stream(np.arange(4), 2), Stream(np.arange(10, 13), 1)]
    >>> [len(batch_rows(streams, number, seed=0)) for number in range(3)]
    [3, 3, 3]
    """
    return np.concatenate([stream.batch(number, seed, place) for place, stream in enumerate(streams)])


def groups_by_length(lengths: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Places of a batch in groups of similar length, the longest first, so that little is padded.

    >>> [group.tolist() for group in groups_by_length(np.array([3, 9, 4, 8]), 2)]
    [[1, 3], [2, 0]]
    """
    order = np.argsort(-lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


def pad(items: Sequence[NDArray[np.int32]], padding: int, special: frozenset[int]) -> Tokens:
    """Tokens of some texts (tokens,), padded to the longest.

    Args:
        items: token ids of each text.
        padding: id of the padding token.
        special: ids that are no words.
    """
    width = max(map(len, items))
    ids = np.full((len(items), width), padding, dtype=np.int64)
    mask = np.zeros((len(items), width), dtype=np.int64)
    for place, item in enumerate(items):
        ids[place, : len(item)] = item
        mask[place, : len(item)] = 1
    return Tokens(
        torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(np.isin(ids, list(special)) | (mask == 0))
    )
