"""Supervised contrastive pre-training in the manner of SCAPT (Li et al. 2021, arXiv 2111.02194).

    L = L_SCL(polarity of the review) + L_MLM

with L_SCL over a 64-dimensional projection of the first token. The authors add the reconstruction of the review and
the prediction of masked aspect words; there are no aspects here and the encoder has no decoder, so that plain
masked-LM on the same texts stands for both. Temperature 0.07 as in Khosla et al. 2020.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from carl.model import Backbone
from carl.recipes.objectives.balanced import balanced_rows
from carl.recipes.objectives.base import Setup, Shown
from carl.recipes.objectives.contrastive import supervised_contrastive
from carl.recipes.objectives.masked_lm import SHARE, MaskedLM
from carl.recipes.objectives.masking import hide
from carl.recipes.objectives.senticse import POLAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carl.recipes.data import RecipeData

TEMPERATURE = 0.07
PROJECTION = 64


class Scapt(MaskedLM):
    """Supervised contrast of two polarities, and masked-LM; one pass over hidden tokens serves both."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.project = nn.Linear(setup.width, PROJECTION)

    def rows(self, data: RecipeData, batch: int, number: int, seed: int) -> NDArray[np.int64]:
        """As many texts of praise as of blame."""
        polarity = np.where(data.valence > POLAR, 1, np.where(data.valence < -POLAR, 0, -1))
        return balanced_rows(polarity, batch, number, seed)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`contrast` and `mlm`; see `Objective.losses`."""
        batch = shown.batch
        hidden = hide(batch.ids, SHARE * batch.candidates, self.setup, generator)
        states = encoder(batch, encoder.words(hidden.ids))
        praise = (shown.valence > 0).long()
        return {
            "contrast": supervised_contrastive(self.project(states[:, 0]), praise, TEMPERATURE),
            "mlm": self.guess(encoder, states, batch.ids, hidden.chosen),
        }
