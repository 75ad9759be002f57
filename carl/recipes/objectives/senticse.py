"""SentiCSE (Kim et al. 2024, arXiv 2404.01104; nayohan/SentiCSE): quadruples of two polarities, and word polarity.

Rows (p0, p1, n0, n1) of two positive and two negative texts, z = tanh-dense of the first token, s = cos / τ:

    L = CE([s(p0_i, p1_i), s(p0_i, n0_j) for all j] + w, 0)
      + CE([s(n1_i, n0_i), s(n1_i, p1_j) for all j] + w, 0) + 0.15 L_word

with w the same weights on the logits in both halves. Texts of the same polarity are no negatives of each other.
L_word: tokens of the sentiment vocabulary are hidden with 0.1, and the cross entropy counts where the guessed entry
has the opposite polarity of the true one.

As released, a tenth of the hidden tokens stays as it is and none becomes random (the branch for random words is
never reached); the repaired form is 80/10/10. The polarity of a text is the sign of its valence, near-neutral texts
are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from carl.model import Backbone
from carl.recipes.objectives.base import Setup, Shown
from carl.recipes.objectives.contrastive import cosines
from carl.recipes.objectives.masked_lm import MaskedLM
from carl.recipes.objectives.masking import hide

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carl.recipes.data import RecipeData

TEMPERATURE = 0.05
WORD_RATE, WORD_WEIGHT = 0.1, 0.15

#: Added to the logits of the partner, of the other rows' negatives and of the row's own.
PARTNER_LOGIT, OTHERS_LOGIT, OWN_LOGIT = 0.0, 0.5, 1.0

#: Valence from which on a text is positive, or negative below its opposite.
POLAR = 0.1


class SentiCSE(MaskedLM):
    """Polarity-guided quadruples and the polarity of words."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.mlp = nn.Linear(setup.width, setup.width)

    def rows(self, data: RecipeData, batch: int, number: int, seed: int) -> NDArray[np.int64]:
        """Quadruples: the first half of the batch is p0 and p1, the second n0 and n1, each half in turn."""
        quarter = max(batch // 4, 1)
        halves = [
            _in_turn(np.flatnonzero(sign * data.valence > POLAR), 2 * quarter, number, seed + place)
            for place, sign in enumerate((1, -1))
        ]
        return np.concatenate(halves)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`contrast` and `words`; see `Objective.losses`."""
        batch = shown.batch
        first = self.mlp(encoder(batch)[:, 0]).tanh()
        contrast, _ = quadruple_loss(torch.stack(first.chunk(4), dim=1))
        rates = WORD_RATE * (self.setup.polarity[batch.ids] > 0) * batch.candidates
        hidden = hide(batch.ids, rates, self.setup, generator, to_random=0.0 if self.setup.as_released else 0.1)
        states = encoder(batch, encoder.words(hidden.ids))
        logits = self.head(states[hidden.chosen], encoder.embeddings.word_embeddings.weight)
        words = opposite_word_loss(logits, batch.ids[hidden.chosen], self.setup.polarity)
        return {"contrast": contrast, "words": WORD_WEIGHT * words}


def quadruple_loss(vectors: Tensor, temperature: float = TEMPERATURE) -> tuple[Tensor, Tensor]:
    """Sentence loss, and the mean of the two halves' logits.

    Args:
        vectors: (R, 4, d): p0, p1, n0, n1.
        temperature: τ.

    Returns:
        Scalar and (R, R + 1).
    """
    p0, p1, n0, n1 = vectors.unbind(1)
    rows = len(vectors)
    first, second = (
        torch.cat([cosines(anchor, partner).diagonal()[:, None], cosines(anchor, others)], dim=1) / temperature
        for anchor, partner, others in ((p0, p1, n0), (n1, n0, p1))
    )
    weights = torch.full((rows, rows), OTHERS_LOGIT, dtype=first.dtype, device=first.device)
    weights.fill_diagonal_(OWN_LOGIT)
    weights = torch.cat([torch.full_like(weights[:, :1], PARTNER_LOGIT), weights], dim=1)
    first, second = first + weights, second + weights
    target = torch.zeros(rows, dtype=torch.long, device=first.device)
    loss = functional.cross_entropy(first, target) + functional.cross_entropy(second, target)
    return loss, (first + second) / 2


def opposite_word_loss(logits: Tensor, true: Tensor, polarity: Tensor) -> Tensor:
    """Mean cross entropy over the places where the guess has the opposite polarity; 0 when there is none.

    Args:
        logits: (n, vocabulary).
        true: int64 (n,).
        polarity: int64 (vocabulary,): 1 positive, 2 negative, 0 neither or, in the authors' two-sided list, both.
    """
    found, wanted = polarity[logits.argmax(1)], polarity[true]
    opposite = (found + wanted == 3) & (found > 0) & (wanted > 0)
    each = functional.cross_entropy(
        logits.float() if logits.dtype == torch.bfloat16 else logits, true, reduction="none"
    )
    return (each * opposite).sum() / opposite.sum().clamp_min(1)


def _in_turn(rows: NDArray[np.int64], count: int, number: int, seed: int) -> NDArray[np.int64]:
    """The next `count` of some rows in a shuffled order that never ends; another order in every round."""
    places = np.arange(number * count, (number + 1) * count)
    orders = {
        turn: np.random.default_rng((seed, int(turn))).permutation(rows) for turn in np.unique(places // len(rows))
    }
    return np.array([orders[place // len(rows)][place % len(rows)] for place in places], dtype=np.int64)
