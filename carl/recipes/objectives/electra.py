"""Replaced-token detection as in ELECTRA (Clark et al. 2020, arXiv 2003.10555): the control for CARL's token task.

    L = L_MLM(generator) + 50 · mean over real tokens of BCE(discriminator, "this token was replaced")

The perturbation is a plausible other token, where CARL's is a gradient step; nobody attacks anything.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from carl.model import Backbone
from carl.recipes.objectives.base import Setup, Shown
from carl.recipes.objectives.masked_lm import SHARE, MaskedLM
from carl.recipes.objectives.masking import hide

#: λ of the paper.
DISCRIMINATOR_WEIGHT = 50.0


class Electra(MaskedLM):
    """A small generator fills in hidden tokens, the encoder says which ones are not the text's own.

    The generator is a copy of the encoder's first third of layers with the encoder's own embeddings, which both
    train, as in the paper.
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        layers = setup.backbone.encoder.layer
        self.generator_layers = nn.ModuleList(copy.deepcopy(layer) for layer in layers[: max(len(layers) // 3, 1)])
        self.dense = nn.Linear(setup.width, setup.width)
        self.detector = nn.Linear(setup.width, 1)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm` and `rtd`; see `Objective.losses`."""
        batch = shown.batch
        hidden = hide(batch.ids, SHARE * batch.candidates, self.setup, generator, to_mask=1.0, to_random=0.0)
        x = encoder.embeddings(encoder.words(hidden.ids), batch.places)
        for layer in self.generator_layers:
            x = layer(x, batch)
        logits = self.head(x[hidden.chosen.flatten()[batch.places]], encoder.embeddings.word_embeddings.weight)
        true = batch.ids[hidden.chosen]
        mlm = functional.cross_entropy(logits.float(), true, reduction="sum") / max(len(true), 1)
        filled = batch.ids.clone()
        filled[hidden.chosen] = drawn(logits.detach(), generator)
        states = encoder(batch, encoder.words(filled))
        scores = self.detector(functional.gelu(self.dense(states)))[..., 0]
        rtd = replaced_token_loss(scores, filled != batch.ids, batch.candidates)
        return {"mlm": mlm, "rtd": DISCRIMINATOR_WEIGHT * rtd}


def drawn(logits: Tensor, generator: torch.Generator) -> Tensor:
    """One entry a row from softmax(logits (n, entries)), by the largest of logits + Gumbel noise."""
    uniform = torch.rand(logits.shape, generator=generator).clamp_min(1e-20).to(logits.device)
    return (logits.float() - (-uniform.log()).log()).argmax(1)


def replaced_token_loss(scores: Tensor, replaced: Tensor, counted: Tensor) -> Tensor:
    """Mean binary cross entropy over the counted tokens (B, T); 0 when none counts."""
    scores = scores.float() if scores.dtype in (torch.bfloat16, torch.float16) else scores
    each = functional.binary_cross_entropy_with_logits(scores, replaced.to(scores.dtype), reduction="none")
    return (each * counted).sum() / counted.sum().clamp_min(1)
