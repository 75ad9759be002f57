"""Supervised adversarial contrastive learning (Hu et al. 2023, arXiv 2306.01505; zerohd4869/SACL).

    L_soft(h) = CE(emotion | h) + λ L_SCL(h)                 the joint class-spread objective: labels and their spread
    δ = ε · g / ‖g‖,  g = ∂L_soft / ∂e                       contrast-aware: the gradient of contrast and cross entropy
    L = L_soft(h(e)) + L_soft(h(e + δ))

The published networks perturb the inputs of a context network over utterances of a conversation ("contextual
adversarial training"); their program adds δ to weights of it. A sentence has the encoder as its context network and
the word embeddings e as its input, so that δ goes there, one per text. Choices of ours: ε = 0.1 of the norm of a text's
embeddings; λ = 0.1 and τ = 0.1 lie in the authors' ranges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from carl.model import Backbone, Randomness
from carl.recipes.objectives.balanced import balanced_rows
from carl.recipes.objectives.base import Objective, Setup, Shown
from carl.recipes.objectives.contrastive import supervised_contrastive
from carl.recipes.objectives.masking import mean_cross_entropy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from carl.recipes.data import RecipeData

TEMPERATURE = 0.1
CONTRAST_WEIGHT = 0.1

#: Norm of the perturbation as a share of that of a text's embeddings.
EPSILON = 0.1


class Sacl(Objective):
    """Cross entropy and supervised contrast, on texts and on their worst neighbours."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.classify = nn.Linear(setup.width, setup.classes)

    def rows(self, data: RecipeData, batch: int, number: int, seed: int) -> NDArray[np.int64]:
        """As many texts of each emotion, so that every text has partners."""
        return balanced_rows(data.emotion, batch, number, seed)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`clean` and `adversarial`; see `Objective.losses`."""
        batch, randomness = shown.batch, Randomness(shown.batch.ids.device)
        words = encoder.words(batch.ids)
        clean = self.soft_loss(encoder(batch, words)[:, 0], shown.emotion)
        (gradient,) = torch.autograd.grad(clean, words, retain_graph=True)
        moved = words + perturbation(words.detach(), gradient, batch.real)
        with randomness.again():
            states = encoder(batch, moved)
        return {"clean": clean, "adversarial": self.soft_loss(states[:, 0], shown.emotion)}

    def soft_loss(self, vectors: Tensor, emotion: Tensor) -> Tensor:
        """L_soft of first-token vectors (B, d)."""
        contrast = supervised_contrastive(vectors, emotion, TEMPERATURE)
        return mean_cross_entropy(self.classify(vectors), emotion) + CONTRAST_WEIGHT * contrast


def perturbation(words: Tensor, gradient: Tensor, real: Tensor, share: float = EPSILON) -> Tensor:
    """δ (B, T, d), of each text's own norm.

    Args:
        words: word embeddings (B, T, d).
        gradient: of the loss by them, up to a positive factor of the whole batch.
        real: bool (B, T); padding is left alone.
        share: norm of δ over that of the text's embeddings.
    """
    mask = real[..., None]
    direction = gradient * mask

    def norm(part: Tensor) -> Tensor:
        length: Tensor = torch.linalg.vector_norm(part, dim=(1, 2), keepdim=True)
        return length

    return share * norm(words * mask) * direction / norm(direction).clamp_min(1e-12)
