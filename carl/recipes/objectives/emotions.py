"""Transfer and multi-task learning on emotions: the comparison arms of the retrofitting paper (arXiv 2310.18930).

Transfer: L = CE(emotion | first token). Multi-task: the same, and the rating of other texts in the same batches,

    L = CE(emotion | first token) + MSE(valence | first token)

The paper's multi-task arm trains emotions beside the sentiment task that is evaluated; here no evaluated task but
GoEmotions is trained on, so that valence of the shared texts stands for it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from carl.model import Backbone
from carl.recipes.objectives.base import Objective, Setup, Shown
from carl.recipes.objectives.masking import mean_cross_entropy


class Transfer(Objective):
    """Emotion classification."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.classify = nn.Linear(setup.width, setup.classes)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`emotion`; see `Objective.losses`."""
        return {"emotion": self.emotion_loss(encoder(shown.batch)[:, 0], shown.emotion)}

    def emotion_loss(self, first: Tensor, emotion: Tensor) -> Tensor:
        """Cross entropy over the texts (B,) that have an emotion."""
        return mean_cross_entropy(self.classify(first), torch.where(emotion < 0, -100, emotion))


class MultiTask(Transfer):
    """Emotion classification and valence regression in one batch."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.rate = nn.Linear(setup.width, 1)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`emotion` and `valence`; see `Objective.losses`."""
        first = encoder(shown.batch)[:, 0]
        predicted = self.rate(first)[:, 0].float()
        known = ~shown.valence.isnan()
        errors = (predicted - shown.valence.nan_to_num(0.0)).square() * known
        return {
            "emotion": self.emotion_loss(first, shown.emotion),
            "valence": errors.sum() / known.sum().clamp_min(1),
        }
