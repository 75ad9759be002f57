"""Momentum continuous contrastive learning, the sentence-level loss: equations (3), (5) and (6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

#: Forms of the loss. (6) is `symmetric`; `fit-labels` and `fit-embeddings` are its halves.
FORMS = ("symmetric", "fit-labels", "fit-embeddings", "kl")


def embedding_similarity(online: Tensor, target: Tensor) -> Tensor:
    """Cosine of every online vector with every target vector, CARL equation (3).

    Args:
        online: z (N, d), behind the predictor.
        target: z' (N, d), of the target branch, without gradient.

    Returns:
        (N, N) in [−1, 1].
    """
    from torch.nn import functional

    return functional.normalize(online, dim=1) @ functional.normalize(target, dim=1).T


def mccl(
    similarity: Tensor,
    log_labels: Tensor,
    temperature: float,
    *,
    form: str = "symmetric",
    weights: Tensor | None = None,
) -> Tensor:
    """Sentence-level loss L_MCCL, CARL equation (6), with P_sim of (5).

    (6) as printed carries one sign too many and normalises over one index while it sums over the other. Here the
    rows of both matrices sum to 1 and are summed over. With CE(p, q) = −Σ p log q:

    * `symmetric`: CE(P_sim, P_va) + CE(P_va, P_sim), the paper's.
    * `fit-labels`: CE(P_va, P_sim) alone; smallest exactly at P_sim = P_va.
    * `fit-embeddings`: CE(P_sim, P_va) alone; smallest for a one-hot row on the most similar label, which is why
      the symmetric loss is not smallest at P_sim = P_va.
    * `kl`: CE(P_va, P_sim) − CE(P_va, P_va), the divergence KL(P_va ‖ P_sim): `fit-labels` with its minimum at 0.

    Args:
        similarity: (N, N) from `embedding_similarity`.
        log_labels: log P_va (N, N) from `labels.label_logits`.
        temperature: τ, above 0; the paper's is 0.05.
        form: one of `FORMS`.
        weights: of the rows (N,), 0 to 1 (`labels.label_weights`); None counts all alike. All-zero weights
            give a loss of 0.

    Returns:
        Scalar: the weighted mean over rows.
    """
    log_embeddings = (similarity / temperature).log_softmax(dim=1)
    fit_labels = -(log_labels.exp() * log_embeddings).sum(1)
    fit_embeddings = -(log_embeddings.exp() * log_labels).sum(1)
    if form == "symmetric":
        rows = fit_embeddings + fit_labels
    elif form == "fit-labels":
        rows = fit_labels
    elif form == "fit-embeddings":
        rows = fit_embeddings
    elif form == "kl":
        rows = fit_labels + (log_labels.exp() * log_labels).sum(1)
    else:
        raise UsageError(f"unknown form {form!r} of the sentence loss; there are {', '.join(FORMS)}")
    if weights is None:
        return rows.mean()
    return (rows * weights).sum() / weights.sum().clamp_min(1e-12)
