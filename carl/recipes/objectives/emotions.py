"""Objectives on emotion labels: classification, multi-task, retrofitting (BERTEmo, RoBERTaEmo), SACL."""

import copy
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from carl.networks import Encoder
from carl.recipes.data import RecipeData
from carl.recipes.objectives.base import Batch, Heads, Setup, balanced_rows, mean_cross_entropy, read, vectors
from carl.recipes.objectives.contrastive import supervised_contrastive

#: τ of the supervised contrast; ours for Emo, in the authors' range for SACL.
TEMPERATURE = 0.1


class Transfer(Heads):
    """L = CE(emotion | vector): transfer learning, a comparison of the retrofitting paper (arXiv 2310.18930)."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.classify = nn.Linear(setup.width, setup.classes)

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`emotion`; see `Heads.losses`."""
        return {"emotion": self.emotion_loss(vectors(encoder, batch.tokens), batch.emotion)}

    def emotion_loss(self, pooled: Tensor, emotion: Tensor) -> Tensor:
        """Cross entropy over the texts (B,) that have an emotion."""
        return mean_cross_entropy(self.classify(pooled), torch.where(emotion < 0, -100, emotion))


class MultiTask(Transfer):
    """L = CE(emotion | vector) + MSE(valence | vector), each on the texts of a batch that have the label.

    The paper trains emotions beside the sentiment task that is evaluated; here no evaluated task but GoEmotions is
    trained on, so that the valence of the shared texts stands for it.
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.rate = nn.Linear(setup.width, 1)

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`emotion` and `valence`; see `Heads.losses`."""
        pooled = vectors(encoder, batch.tokens)
        known = ~batch.valence.isnan()
        errors = (self.rate(pooled)[:, 0].float() - batch.valence.nan_to_num(0.0)).square() * known
        return {
            "emotion": self.emotion_loss(pooled, batch.emotion),
            "valence": errors.sum() / known.sum().clamp_min(1),
        }


class Emo(Heads):
    """Retrofitting for emotions (Shah, Reddy and Bhattacharyya 2023, arXiv 2310.18930).

        L = L_SCL(emotion; 64-dimensional projection of h) + μ · mean over texts of ‖h − h⁰‖² / d

    with h⁰ the vector of the frozen encoder before training, which preserves the vector space. No program was
    published; τ = 0.1, μ = 1 and vectors of the last layer are ours.
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.project = nn.Linear(setup.width, 64)
        self.before = copy.deepcopy(setup.encoder).requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        """The frozen encoder never drops anything."""
        super().train(mode)
        self.before.eval()
        return self

    def rows(self, data: RecipeData, batch: int, number: int, seed: int) -> NDArray[np.int64]:
        """As many texts of each emotion."""
        return balanced_rows(data.emotion, batch, number, seed)

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`contrast` and `preservation`; see `Heads.losses`."""
        pooled = vectors(encoder, batch.tokens)
        with torch.no_grad():
            before = vectors(self.before, batch.tokens)
        return {
            "contrast": supervised_contrastive(self.project(pooled), batch.emotion, TEMPERATURE),
            "preservation": (pooled - before).float().square().mean(),
        }


class Sacl(Heads):
    """Supervised adversarial contrastive learning (Hu et al. 2023, arXiv 2306.01505; zerohd4869/SACL).

        L_soft(h) = CE(emotion | h) + λ L_SCL(h)        the joint class-spread objective
        δ = ε · g / ‖g‖,  g = ∂L_soft / ∂e              contrast-aware: the gradient of contrast and cross entropy
        L = L_soft(h(e)) + L_soft(h(e + δ))

    The authors perturb the inputs of a context network over the utterances of a conversation. A sentence has the
    encoder as its context network and the word embeddings e as its input, so that δ goes there, one per text. ε = 0.1
    of the norm of a text's embeddings is ours; λ = 0.1 lies in the authors' range.
    """

    CONTRAST_WEIGHT = 0.1

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.classify = nn.Linear(setup.width, setup.classes)

    def rows(self, data: RecipeData, batch: int, number: int, seed: int) -> NDArray[np.int64]:
        """As many texts of each emotion, so that every text has partners."""
        return balanced_rows(data.emotion, batch, number, seed)

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`clean` and `adversarial`; see `Heads.losses`."""
        mask = batch.tokens.mask
        words = encoder.words(batch.ids).detach().requires_grad_()
        clean = self.soft_loss(encoder.pool(read(encoder, words, mask), mask), batch.emotion)
        (gradient,) = torch.autograd.grad(clean, words, retain_graph=True)
        moved = words.detach() + perturbation(words.detach(), gradient, batch.real)
        adversarial = self.soft_loss(encoder.pool(read(encoder, moved, mask), mask), batch.emotion)
        return {"clean": clean, "adversarial": adversarial}

    def soft_loss(self, pooled: Tensor, emotion: Tensor) -> Tensor:
        """L_soft of vectors (B, d)."""
        contrast = supervised_contrastive(pooled, emotion, TEMPERATURE)
        return mean_cross_entropy(self.classify(pooled), emotion) + self.CONTRAST_WEIGHT * contrast


def perturbation(words: Tensor, gradient: Tensor, real: Tensor, share: float = 0.1) -> Tensor:
    """δ (B, T, d), of each text's own norm.

    Args:
        words: word embeddings (B, T, d).
        gradient: of the loss by them, up to a positive factor of the whole batch.
        real: bool (B, T); padding is left alone.
        share: norm of δ over that of the text's embeddings.
    """
    direction = gradient * real[..., None]
    size, length = (part.flatten(1).norm(dim=1)[:, None, None] for part in (words * real[..., None], direction))
    found: Tensor = share * size * direction / length.clamp_min(1e-12)
    return found
