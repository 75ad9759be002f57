"""The token level: salience (7), selection, the projected gradient attack (8), (9), and the detector's loss (10).

The attack works on word embeddings in float32: the printed radius of 5e-9 is at that format's resolution,
and would vanish in a narrower one.
"""

from dataclasses import dataclass

import torch
from sklearn.metrics import roc_auc_score
from torch import Generator, Tensor
from torch.nn import functional


def salience(gradient: Tensor) -> Tensor:
    """Importance of each token, g_t = ‖∂L/∂e_t‖₂, CARL equation (7).

    Args:
        gradient: of the loss by the word embeddings (B, T, d); one backward pass serves the whole batch.

    Returns:
        (B, T), at least 0.
    """
    scores: Tensor = torch.linalg.vector_norm(gradient.float(), dim=-1)
    return scores


def random_scores(candidates: Tensor, generator: Generator) -> Tensor:
    """Scores that choose random tokens in place of salient ones, for the ablation.

    Args:
        candidates: bool (B, T).
        generator: on the CPU.
    """
    return torch.rand(candidates.shape, generator=generator).to(candidates.device)


def select_tokens(scores: Tensor, candidates: Tensor, share: float) -> Tensor:
    """Choose the tokens to attack: the given share of each text's own tokens with the highest scores.

    The number is rounded down but at least one, since 10 % of a short sentence is none. Special and padding
    tokens are no candidates and are never chosen; a text without candidates gets no attack. Of equal scores the
    earlier token goes first.

    Args:
        scores: (B, T) from `salience` or `random_scores`.
        candidates: bool (B, T), real tokens only.
        share: above 0, at most 1; the paper's is 0.1.

    Returns:
        Bool (B, T), the set S of (9).
    """
    ordered = scores.masked_fill(~candidates, float("-inf")).argsort(dim=1, descending=True, stable=True)
    counts = (candidates.sum(1).double() * share + 1e-9).floor().clamp_min(1)
    ranks = torch.empty_like(ordered)
    ranks.scatter_(1, ordered, torch.arange(scores.shape[1], device=scores.device).expand_as(ordered))
    return candidates & (ranks < counts[:, None])


@dataclass(frozen=True)
class Ball:
    """Radius and step size of the attack."""

    epsilon: float
    """Radius of the ball: Frobenius norm over the selected embeddings of a text."""
    alpha: float
    """Size of a step."""
    relative: bool
    """False: both are absolute, as printed, and a step moves every coordinate by `alpha`. True: both are shares of
    the Frobenius norm of the text's selected embeddings, and a step has length `alpha` times that norm."""


def attack_step(embeddings: Tensor, original: Tensor, gradient: Tensor, selected: Tensor, ball: Ball) -> Tensor:
    """One step of projected gradient ascent, CARL equations (8) and (9).

    e ← Π( e + α sign(∇L / ‖∇L‖₂) ) for selected tokens; the others keep their embeddings. Π is the projection by
    Frobenius norm onto the ball around the original embeddings, over all selected tokens of a text together.

    Args:
        embeddings: the attack so far (B, T, d), float32.
        original: word embeddings before the attack (B, T, d), float32.
        gradient: of the loss at `embeddings` (B, T, d).
        selected: bool (B, T).
        ball: radius and step size.

    Returns:
        (B, T, d), float32, detached.
    """
    chosen = selected[..., None]
    gradient = gradient.detach().float()
    original = original.detach().float()
    embeddings = embeddings.detach().float()
    direction = (
        gradient / torch.linalg.vector_norm(gradient, dim=-1, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
    ).sign()
    alpha: Tensor | float = ball.alpha
    epsilon: Tensor | float = ball.epsilon
    if ball.relative:
        scale = torch.linalg.vector_norm(original * chosen, dim=(1, 2), keepdim=True)
        coordinates = (selected.sum(1) * original.shape[-1]).clamp_min(1).sqrt()[:, None, None]
        alpha, epsilon = ball.alpha * scale / coordinates, ball.epsilon * scale
    moved = (embeddings + alpha * direction - original) * chosen
    length = torch.linalg.vector_norm(moved, dim=(1, 2), keepdim=True)
    moved = moved * (epsilon / length.clamp_min(torch.finfo(torch.float32).tiny)).clamp_max(1.0)
    attacked: Tensor = original + moved
    return attacked


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
