"""Signs of collapse: embeddings that stop differing, or differ in a few directions only."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def spread(vectors: Tensor) -> float:
    """Mean over dimensions of the standard deviation of unit-length embeddings, times √d.

    About 1 for directions spread evenly, 0 after collapse (the indicator of SimSiam, Chen and He 2021).

    Args:
        vectors: (N, d).
    """
    unit = functional.normalize(vectors.detach().float(), dim=1)
    return float(unit.std(dim=0, correction=0).mean() * math.sqrt(vectors.shape[1]))


def effective_rank(vectors: Tensor) -> float:
    """Effective rank: exponential of the entropy of the centred embeddings' singular values (Roy and Vetterli 2007).

    Args:
        vectors: (N, d).

    Returns:
        1 for embeddings on a line, at most min(N − 1, d); 0 where all are the same.
    """
    centred = vectors.detach().float() - vectors.detach().float().mean(dim=0)
    values = torch.linalg.svdvals(centred.double())
    total = values.sum()
    if not float(total) > 1e-12:
        return 0.0
    shares = values[values > 0] / total
    return float((-(shares * shares.log()).sum()).exp())
