"""Perturbed token detection, the token-level task: a head per token, the focal loss (10), and its AUC."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Detector(nn.Module):
    """Say for each token whether its word embedding was perturbed: one linear unit over the last layer.

    The sigmoid is a part of the loss (`focal_loss`), which needs its logarithm.

    Args:
        width: of a token vector.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, 1)

    def forward(self, states: Tensor) -> Tensor:
        """Logits (B, T) of token vectors (B, T, d)."""
        logits: Tensor = self.dense(states)
        return logits.squeeze(-1)


def focal_loss(logits: Tensor, perturbed: Tensor, counted: Tensor, gamma: float) -> Tensor:
    """Token-level loss L_PTD = −(1 − p_t)^γ log p_t, CARL equation (10), mean over real tokens.

    p_t is the probability that the head gives to the truth: p for a perturbed token, 1 − p for another (Lin et
    al. 2017). γ, which the paper does not print, takes weight from the many easy tokens.

    Args:
        logits: (B, T) from `Detector`.
        perturbed: bool (B, T), the labels.
        counted: bool (B, T), false for special and padding tokens.
        gamma: at least 0; 0 is plain cross entropy.

    Returns:
        Scalar; 0 when no token counts.
    """
    signed = torch.where(perturbed, logits, -logits)
    losses = -(gamma * functional.logsigmoid(-signed)).exp() * functional.logsigmoid(signed)
    return (losses * counted).sum() / counted.sum().clamp_min(1)


def auc(scores: Tensor, positive: Tensor) -> float | None:
    """Area under the ROC curve: how often a positive scores above a negative, ties counting half.

    By the rank sum (Mann and Whitney 1947), in float64.

    Args:
        scores: (n,).
        positive: bool (n,).

    Returns:
        0 to 1, None when one of the classes is empty.

    >>> auc(torch.tensor([0.1, 0.4, 0.4, 0.9]), torch.tensor([False, False, True, True]))
    0.875
    """
    scores, positive = scores.detach().double().cpu(), positive.cpu()
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return None
    _, inverse, counts = torch.unique(scores, return_inverse=True, return_counts=True)
    ends = counts.cumsum(0).double()
    ranks = (ends - (counts.double() - 1) / 2)[inverse]
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))
