"""Continued masked language modelling, the control for text (Devlin et al. 2019; Liu et al. 2019).

What another recipe gains beyond it, text alone does not explain.
"""

from __future__ import annotations

import torch
from torch import Tensor

from carl.model import Backbone
from carl.recipes.objectives.base import Objective, Setup, Shown
from carl.recipes.objectives.masking import MaskedHead, hide, mean_cross_entropy

#: Share of tokens that are hidden.
SHARE = 0.15


class MaskedLM(Objective):
    """L = L_MLM, each token hidden with probability 0.15, 80 % mask, 10 % random, 10 % as it is."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.head = MaskedHead(setup.width, setup.vocabulary, setup.backbone.shape.epsilon)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm`; see `Objective.losses`."""
        hidden = hide(shown.batch.ids, SHARE * shown.batch.candidates, self.setup, generator)
        states = encoder(shown.batch, encoder.words(hidden.ids))
        return {"mlm": self.guess(encoder, states, shown.batch.ids, hidden.chosen)}

    def guess(self, encoder: Backbone, states: Tensor, ids: Tensor, chosen: Tensor) -> Tensor:
        """L_MLM of token vectors (B, T, d) at the chosen places."""
        table: Tensor = encoder.embeddings.word_embeddings.weight
        return mean_cross_entropy(self.head(states[chosen], table), ids[chosen])
