"""Contrastive losses on cosines that several recipes share, in at least float32, under autocast as well."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def cosines(left: Tensor, right: Tensor) -> Tensor:
    """Cosine of every row of one (n, d) with every row of the other (m, d)."""

    def unit(rows: Tensor) -> Tensor:
        return functional.normalize(rows.float() if rows.dtype in (torch.bfloat16, torch.float16) else rows, dim=-1)

    # Divided by a small temperature, bfloat16's three digits would be too few.
    with torch.autocast(left.device.type, enabled=False):
        return unit(left) @ unit(right).T


def info_nce(anchors: Tensor, candidates: Tensor, temperature: float) -> Tensor:
    """Cross entropy of finding one's own partner among all candidates (Gao et al. 2021, SimCSE, equation 1).

        L = −mean_i log( exp(cos(a_i, c_i) / τ) / Σ_j exp(cos(a_i, c_j) / τ) )

    Args:
        anchors: (n, d).
        candidates: (m, d), m ≥ n; the first n are the partners, further ones hard negatives (equation 5).
        temperature: τ.
    """
    logits = cosines(anchors, candidates) / temperature
    return functional.cross_entropy(logits, torch.arange(len(anchors), device=logits.device))


def supervised_contrastive(vectors: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss (Khosla et al. 2020, equation 2, L_out).

        L = mean over i of −1/|P(i)| Σ_{p ∈ P(i)} log( exp(cos(z_i, z_p) / τ) / Σ_{a ≠ i} exp(cos(z_i, z_a) / τ) )

    with P(i) the other texts of i's class; texts alone in their class are left out of the mean.

    Args:
        vectors: z (n, d).
        labels: int64 (n,); negative ones are of no class and belong to nobody's P, but are contrasted with.
        temperature: τ.

    Returns:
        Scalar; 0 when no text has a partner.
    """
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    logits = (cosines(vectors, vectors) / temperature).masked_fill(itself, float("-inf"))
    shares = logits.log_softmax(1).masked_fill(itself, 0.0)
    partners = (labels[:, None] == labels[None]) & ~itself & (labels >= 0)[:, None]
    count = partners.sum(1)
    each = -(shares * partners).sum(1) / count.clamp_min(1)
    return each.sum() / (count > 0).sum().clamp_min(1)
