"""The sentence level: label scaling (12), label similarity (4), the rows P_va of (5), and the loss of (3), (5), (6).

Labels are valence, arousal and, if wanted, dominance in [−1, 1]; NaN means that nobody rated it (star ratings give
valence alone). Valence is always there.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from harness.errors import UsageError


def scale_labels(values: NDArray[np.float64], ends: tuple[float, float] | None = None) -> NDArray[np.float64]:
    """Scale one coordinate of one corpus to [−1, 1]: 2 (x − min) / (max − min) − 1, CARL equation (12).

    The paper leaves open whether min and max are observed or the ends of the annotation scale. It decides where
    neutral lies: on EmoBank the ends leave 658 sentences exactly neutral, the observed values 123.

    Args:
        values: annotations (n,); NaN stays NaN.
        ends: ends of the annotation scale; None takes the observed minimum and maximum.

    Raises:
        UsageError: all observed values are equal, so that nothing can be scaled.

    >>> import numpy as np
    >>> scale_labels(np.array([1.0, 3.0, 5.0]), (1.0, 5.0)).tolist()
    [-1.0, 0.0, 1.0]
    >>> scale_labels(np.array([2.0, 3.0, np.nan])).tolist()
    [-1.0, 1.0, nan]
    """
    low, high = ends if ends is not None else (float(np.nanmin(values)), float(np.nanmax(values)))
    if not high > low:
        raise UsageError(f"labels from {low} to {high} cannot be scaled: give the ends of the annotation scale")
    return 2 * (values - low) / (high - low) - 1


def label_similarity(labels: Tensor, kind: str, norm_floor: float) -> Tensor:
    """Compare every label of a batch with every other, CARL equation (4) and two variants.

    A coordinate that one of two texts lacks is left out of their comparison.

    * `cosine`: (v_i v_j + a_i a_j) / (|l_i| |l_j|), each norm taken over the coordinates both have and at
      least `norm_floor`: a label at the origin has no direction and (4) would divide by zero.
    * `euclidean`: minus the mean over shared coordinates of the squared difference; strength counts as well as
      direction.
    * `polarity`: sign(v_i) sign(v_j), what methods with binary labels see.

    Args:
        labels: (N, c) in [−1, 1]: valence, arousal and, if wanted, dominance; all but valence may be NaN.
        kind: `cosine`, `euclidean` or `polarity`.
        norm_floor: smallest norm of a label, above 0.

    Returns:
        (N, N), symmetric; in [−1, 1], for `euclidean` in [−4, 0].
    """
    known = ~labels.isnan()
    values = labels.nan_to_num(0.0)
    if kind == "polarity":
        sign = values[:, 0].sign()
        return sign[:, None] * sign[None]
    if kind == "euclidean":
        shared = known[:, None] & known[None]
        return -((values[:, None] - values[None]).square() * shared).sum(-1) / shared.sum(-1).clamp_min(1)
    # |l_i| over the coordinates that j has too: (N, N), row i.
    norms = (values.square() @ known.to(values.dtype).T).sqrt().clamp_min(norm_floor)
    return (values @ values.T) / (norms * norms.T)


def label_weights(labels: Tensor, kind: str, norm_floor: float) -> Tensor:
    """How much each text's row counts in the sentence loss, 0 to 1.

    Without a direction there is nothing to learn from a row: a label shorter than `norm_floor` counts in
    proportion to its length, an all-zero one not at all. Neutral is a place like any other for `euclidean`.

    Args:
        labels: (N, c) in [−1, 1]: valence, arousal and, if wanted, dominance; all but valence may be NaN.
        kind: `cosine`, `euclidean` or `polarity`.
        norm_floor: as in `label_similarity`.

    Returns:
        (N,).
    """
    values = labels.nan_to_num(0.0)
    if kind == "euclidean":
        return values.new_ones(len(values))
    if kind == "polarity":
        return values[:, 0].sign().abs()
    return (values.square().sum(1).sqrt() / norm_floor).clamp_max(1.0)


def label_logits(similarity: Tensor, temperature: float) -> Tensor:
    """Logarithm of P_va, CARL equation (5): log-softmax over j of va_ij / τ_label.

    The paper prints (5) without any temperature; τ_label = 1 is that form.

    Args:
        similarity: (N, N) from `label_similarity`.
        temperature: τ_label, above 0.

    Returns:
        (N, N); the exponentials of each row sum to 1.
    """
    return (similarity / temperature).log_softmax(dim=1)


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
        log_labels: log P_va (N, N) from `label_logits`.
        temperature: τ, above 0; the paper's is 0.05.
        forward: weight of CE(P_va, P_sim).
        reverse: weight of CE(P_sim, P_va).
        weights: of the rows (N,), 0 to 1 (`label_weights`); None counts all alike. All-zero weights
            give a loss of 0.

    Returns:
        Scalar: the weighted mean over rows.
    """
    log_embeddings = (similarity / temperature).log_softmax(dim=1)
    rows = -forward * (log_labels.exp() * log_embeddings).sum(1) - reverse * (log_embeddings.exp() * log_labels).sum(1)
    if weights is None:
        return rows.mean()
    return (rows * weights).sum() / weights.sum().clamp_min(1e-12)
