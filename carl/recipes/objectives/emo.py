"""Retrofitting for emotions: BERTEmo, RoBERTaEmo (Shah, Reddy and Bhattacharyya 2023, arXiv 2310.18930).

    L = L_SCL(emotion; 64-dimensional projection of the first token) + μ · mean over texts of ‖h − h⁰‖² / d

with h the first token's vector and h⁰ that of the frozen encoder before training, which preserves the vector space.
No program was published. Choices of ours: temperature 0.1, μ = 1, vectors of the last layer.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from carl.model import Backbone
from carl.recipes.objectives.balanced import balanced_rows
from carl.recipes.objectives.base import Objective, Setup, Shown
from carl.recipes.objectives.contrastive import supervised_contrastive

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from carl.recipes.data import RecipeData

TEMPERATURE = 0.1
PRESERVATION = 1.0
PROJECTION = 64


class Emo(Objective):
    """Texts of one emotion together, all texts near where they were."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.project = nn.Linear(setup.width, PROJECTION)
        self.before = copy.deepcopy(setup.backbone).requires_grad_(False)

    def train(self, mode: bool = True) -> Emo:
        """The frozen encoder never drops anything."""
        super().train(mode)
        self.before.eval()
        return self

    def rows(self, data: RecipeData, batch: int, number: int, seed: int) -> NDArray[np.int64]:
        """As many texts of each emotion."""
        return balanced_rows(data.emotion, batch, number, seed)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`contrast` and `preservation`; see `Objective.losses`."""
        first = encoder(shown.batch)[:, 0]
        with torch.no_grad():
            before = self.before(shown.batch)[:, 0]
        return {
            "contrast": supervised_contrastive(self.project(first), shown.emotion, TEMPERATURE),
            "preservation": PRESERVATION * preservation_loss(first, before),
        }


def preservation_loss(vectors: Tensor, before: Tensor) -> Tensor:
    """Mean squared difference of vectors (n, d) to those before training (n, d)."""
    return (vectors - before).float().square().mean()
