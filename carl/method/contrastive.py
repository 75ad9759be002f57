"""Momentum continuous contrastive learning, the sentence-level loss: equations (3), (5) and (6)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def embedding_similarity(online: Tensor, target: Tensor) -> Tensor:
    """Cosine of every online vector with every target vector, CARL equation (3).

    Args:
        online: z (N, d), behind the predictor.
        target: z' (N, d), of the target branch, without gradient.

    Returns:
        (N, N) in [−1, 1].
    """
    return functional.normalize(online, dim=1) @ functional.normalize(target, dim=1).T


def mccl(
    similarity: Tensor,
    log_labels: Tensor,
    temperature: float,
    *,
    forward: float = 1.0,
    reverse: float = 1.0,
    weights: Tensor | None = None,
) -> Tensor:
    """Sentence-level loss L_MCCL, CARL equation (6), with P_sim of (5).

    (6) as printed carries one sign too many and normalises over one index while it sums over the other. Here the
    rows of both matrices sum to 1 and are summed over. With CE(p, q) = −Σ p log q, the loss is
    `forward` CE(P_va, P_sim) + `reverse` CE(P_sim, P_va); the paper's has both weights 1. The first term is smallest
    exactly at P_sim = P_va, the second for a one-hot row on the most similar label, so that the paper's sum is not
    smallest at P_sim = P_va.

    Args:
        similarity: (N, N) from `embedding_similarity`.
        log_labels: log P_va (N, N) from `labels.label_logits`.
        temperature: τ, above 0; the paper's is 0.05.
        forward: weight of CE(P_va, P_sim).
        reverse: weight of CE(P_sim, P_va).
        weights: of the rows (N,), 0 to 1 (`labels.label_weights`); None counts all alike. All-zero weights
            give a loss of 0.

    Returns:
        Scalar: the weighted mean over rows.
    """
    log_embeddings = (similarity / temperature).log_softmax(dim=1)
    rows = -forward * (log_labels.exp() * log_embeddings).sum(1) - reverse * (log_embeddings.exp() * log_labels).sum(1)
    if weights is None:
        return rows.mean()
    return (rows * weights).sum() / weights.sum().clamp_min(1e-12)
