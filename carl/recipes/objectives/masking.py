"""Masked language modelling with a rate for every token, and the head that guesses (Devlin et al. 2019).

    L_MLM = −mean over hidden t of log softmax(E · LN(gelu(W h_t)) + b)[x_t]

with E the word embeddings (tied). SentiX, SentiLARE, SentiBERT and SentiCSE differ in the rates alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from carl.recipes.objectives.base import Setup


@dataclass(frozen=True)
class Hidden:
    """A batch with some tokens hidden."""

    ids: Tensor
    """int64 (B, T), what the encoder reads."""
    chosen: Tensor
    """Bool (B, T), the tokens to be guessed."""


def hide(
    ids: Tensor,
    rates: Tensor,
    setup: Setup,
    generator: torch.Generator,
    *,
    to_mask: float = 0.8,
    to_random: float = 0.1,
) -> Hidden:
    """Choose each token by itself with its own rate, and hide it.

    Args:
        ids: (B, T).
        rates: (B, T) in [0, 1]; 0 for special and padding tokens.
        setup: mask token and vocabulary.
        generator: on the CPU.
        to_mask: share of the chosen tokens that become the mask token.
        to_random: share that becomes a random entry; the rest stays as it is.
    """
    chosen = (torch.rand(ids.shape, generator=generator) < rates.cpu()).to(ids.device)
    fate = torch.rand(ids.shape, generator=generator).to(ids.device)
    drawn = torch.tensor([entry for entry in range(setup.vocabulary) if entry not in setup.special])
    places = torch.randint(len(drawn), ids.shape, generator=generator)
    shown = torch.where(
        fate < to_mask, setup.mask, torch.where(fate < to_mask + to_random, drawn[places].to(ids.device), ids)
    )
    return Hidden(torch.where(chosen, shown, ids), chosen)


class MaskedHead(nn.Module):
    """Dense layer, gelu, normalisation, and a decoder tied to a table of embeddings.

    Args:
        width: of a token vector.
        entries: of the table.
        epsilon: of the normalisation.
    """

    def __init__(self, width: int, entries: int, epsilon: float = 1e-12) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=epsilon)
        self.bias = nn.Parameter(torch.zeros(entries))

    def forward(self, states: Tensor, table: Tensor) -> Tensor:
        """Logits (n, entries) of token vectors (n, d) over a table (entries, d)."""
        return functional.linear(self.norm(functional.gelu(self.dense(states))), table, self.bias)


def mean_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross entropy in at least float32; 0 where there is nothing to guess.

    Args:
        logits: (n, classes).
        targets: int64 (n,), −100 for rows that do not count.
    """
    logits = logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits
    total = functional.cross_entropy(logits, targets, reduction="sum")
    return total / (targets != -100).sum().clamp_min(1)
