"""Perturbed token detection, the token-level task: a head per token, the focal loss (10), and its AUC."""

from __future__ import annotations

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional


def focal_loss(logits: Tensor, perturbed: Tensor, counted: Tensor, gamma: float) -> Tensor:
    """Token-level loss L_PTD = −(1 − p_t)^γ log p_t, CARL equation (10), mean over real tokens.

    p_t is the probability that the head gives to the truth: p for a perturbed token, 1 − p for another (Lin et
    al. 2017). γ, which the paper does not print, takes weight from the many easy tokens.

    Args:
        logits: (B, T) of a linear unit over the last layer (`networks.Networks.detector`).
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

    Args:
        scores: (n,).
        positive: bool (n,).

    Returns:
        0 to 1, None when one of the classes is empty.

    >>> auc(torch.tensor([0.1, 0.4, 0.4, 0.9]), torch.tensor([False, False, True, True]))
    0.875
    """
    if positive.all() or not positive.any():
        return None
    return float(roc_auc_score(positive.cpu().numpy(), scores.detach().float().cpu().numpy()))
