"""Batches of token ids with their labels, and the order in which a run visits the texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer


@dataclass(frozen=True)
class Batch:
    """Texts padded to the longest of them."""

    ids: Tensor
    """int64 (B, T)."""
    real: Tensor
    """Bool (B, T), false for padding."""
    candidates: Tensor
    """Bool (B, T), true for a text's own tokens: neither padding nor special."""
    places: Tensor
    """int64 (tokens,): where the real tokens lie in the flattened batch."""
    labels: Tensor
    """float32 (B, 2): valence and arousal in [−1, 1], arousal NaN where unknown."""

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        parts = (self.ids, self.real, self.candidates, self.places, self.labels)
        return Batch(*(part.to(device, non_blocking=True) for part in parts))

    def rows(self, chosen: Tensor) -> Batch:
        """Some of the texts, at the same width.

        Args:
            chosen: int64 (n,), on the batch's device.
        """
        real = self.real[chosen]
        places = real.flatten().nonzero().squeeze(1)
        return Batch(self.ids[chosen], real, self.candidates[chosen], places, self.labels[chosen])

    def __len__(self) -> int:
        return len(self.ids)


def special_ids(tokenizer: Tokenizer, padding: int) -> frozenset[int]:
    """Ids that are no part of any text: what the tokeniser puts around one, and padding.

    The token for unknown words stands for a word and is not among them.
    """
    return frozenset({*tokenizer.encode("").ids, padding})


def collate(
    items: Sequence[NDArray[np.int32]], labels: NDArray[np.float32], *, padding: int, special: frozenset[int]
) -> Batch:
    """Pad texts to a batch.

    Args:
        items: token ids of each text (tokens,), special tokens included (`encode_ids`).
        labels: (B, 2).
        padding: id that fills up.
        special: from `special_ids`.
    """
    lengths = np.array([len(item) for item in items])
    width = int(lengths.max())
    real = np.arange(width) < lengths[:, None]
    ids = np.full((len(items), width), padding, dtype=np.int64)
    ids[real] = np.concatenate(items)
    candidates = real & ~np.isin(ids, list(special))
    return Batch(
        torch.from_numpy(ids),
        torch.from_numpy(real),
        torch.from_numpy(candidates),
        torch.from_numpy(np.flatnonzero(real)),
        torch.from_numpy(np.ascontiguousarray(labels, dtype=np.float32)),
    )


def batches_per_epoch(texts: int, batch: int) -> int:
    """Batches of one epoch; a rest smaller than a batch is left out, another one each epoch.

    >>> batches_per_epoch(10, 4), batches_per_epoch(3, 4)
    (2, 1)
    """
    return max(texts // batch, 1)


def batch_rows(texts: int, batch: int, number: int, seed: int) -> NDArray[np.int64]:
    """Rows of the batch with a number, counted over all epochs.

    A pure function of its arguments: a resumed run needs no state of a sampler.

    >>> sorted(row for number in (2, 3) for row in batch_rows(4, 2, number, seed=5).tolist())
    [0, 1, 2, 3]
    """
    epoch, place = divmod(number, batches_per_epoch(texts, batch))
    order = np.random.default_rng((seed, epoch)).permutation(texts)
    return order[place * batch : (place + 1) * batch]
