"""Unsupervised SimCSE (Gao et al. 2021, arXiv 2104.08821; princeton-nlp/SimCSE): contrast without any label."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from carl.batches import Batch
from carl.model import Backbone
from carl.recipes.objectives.base import Objective, Setup, Shown
from carl.recipes.objectives.contrastive import info_nce

#: τ.
TEMPERATURE = 0.05


class SimCSE(Objective):
    """A text is its own partner: two passes of it that differ by dropout, every other text a negative.

    The dense layer with tanh over the first token is trained and then left out, as the authors do.
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.mlp = nn.Linear(setup.width, setup.width)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`contrast`; see `Objective.losses`."""
        states = encoder(twice(shown.batch))
        first, second = self.mlp(states[:, 0]).tanh().chunk(2)
        return {"contrast": info_nce(first, second, TEMPERATURE)}


def twice(batch: Batch) -> Batch:
    """A batch that holds every text two times."""
    places = torch.cat([batch.places, batch.places + batch.ids.numel()])

    def doubled(part: Tensor) -> Tensor:
        return torch.cat([part, part])

    return Batch(doubled(batch.ids), doubled(batch.real), doubled(batch.candidates), places, doubled(batch.labels))
