"""Embed texts with a network that is being trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from carl.batches import collate
from carl.model import Backbone


@torch.no_grad()
def embed(
    backbone: Backbone, items: Sequence[NDArray[np.int32]], device: torch.device, *, batch_tokens: int = 8192
) -> NDArray[np.float32]:
    """First-token vectors of texts, without dropout; the network's mode is restored.

    Args:
        backbone: the encoder.
        items: token ids of each text (tokens,).
        device: where it is.
        batch_tokens: most tokens in one batch, padding included.

    Returns:
        float32 (len(items), d).
    """
    padding = backbone.shape.padding
    result = np.empty((len(items), backbone.shape.hidden), dtype=np.float32)
    order = sorted(range(len(items)), key=lambda row: -len(items[row]))
    was_training = backbone.training
    backbone.eval()
    start = 0
    while start < len(order):
        end = start + max(batch_tokens // len(items[order[start]]), 1)
        rows = order[start:end]
        batch = collate(
            [items[row] for row in rows],
            np.zeros((len(rows), 2), dtype=np.float32),
            padding=padding,
            special=frozenset(),
        )
        result[rows] = backbone(batch.to(device))[:, 0].float().cpu().numpy()
        start = end
    backbone.train(was_training)
    return result
