"""SentiLARE's pre-training (Ke et al. 2020, arXiv 1911.02493; `pretrain/post_pretrain.py` of thu-coai/SentiLARE).

    L = CE(token) + CE(part of speech) + CE(word polarity) + CE(rating), unweighted

Three tables are added to the word embeddings: part of speech, word polarity, rating. Words with a polarity are hidden
with 0.3, others with 0.15; a hidden word also loses its part ("other") and its polarity ("neutral"), which become
labels; "other" of a neutral word is no label. In a fifth of the texts the rating is predicted at the first token, in
the others it is given as input on all inner tokens.

As released, a batch in which no text predicts its rating has a mean over nothing, which is not a number and ends
the training; the repaired form counts it as 0. Each token draws for itself: words of several pieces are hidden in part.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from carl.model import Backbone
from carl.recipes.marks import NEGATIVE, POSITIVE, part_of, polarity_of
from carl.recipes.objectives.base import Setup, Shown
from carl.recipes.objectives.masked_lm import MaskedLM
from carl.recipes.objectives.masking import MaskedHead, hide, mean_cross_entropy
from carl.recipes.objectives.sentix import STARS, stars_of
from carl.recipes.parts import OTHER

LEXICON_RATE, OTHER_RATE = 0.3, 0.15

#: Share of the texts whose rating is predicted instead of given.
PREDICTED = 0.2

#: Rows of the polarity table: negative, positive, neutral; of the rating table: 0 to 4 and unknown.
_NEUTRAL, _UNKNOWN = 2, STARS


class SentiLARE(MaskedLM):
    """Tag- and polarity-aware masked-LM with the rating as input or as target."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        width, epsilon = setup.width, setup.backbone.shape.epsilon
        # Rows "other", "neutral" and "unknown" are drawn and trained as all others, as in the release.
        self.parts, self.polarities, self.ratings = (nn.Embedding(rows, width) for rows in (5, 3, 6))
        for table in (self.parts, self.polarities, self.ratings):
            nn.init.normal_(table.weight, std=0.02)
        self.part_head, self.polarity_head, self.rating_head = (MaskedHead(width, rows, epsilon) for rows in (5, 3, 6))

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm`, `part`, `polarity` and `rating`; see `Objective.losses`."""
        batch = shown.batch
        parts = torch.where(batch.candidates, part_of(shown.marks), OTHER)
        polarity = word_polarity(polarity_of(shown.marks))
        rates = torch.where(polarity == _NEUTRAL, OTHER_RATE, LEXICON_RATE) * batch.candidates
        hidden = hide(batch.ids, rates, self.setup, generator)
        chosen = hidden.chosen
        stars = stars_of(shown.valence)
        predicted = (torch.rand(len(stars), generator=generator) < PREDICTED).to(stars.device)
        given = (stars >= 0) & ~predicted
        rating = torch.where(given[:, None] & batch.candidates, stars[:, None], _UNKNOWN)
        words = encoder.words(hidden.ids) + self.extra(
            torch.where(chosen, OTHER, parts), torch.where(chosen, _NEUTRAL, polarity), rating
        )
        states = encoder(batch, words)
        picked, plain = states[chosen], (parts[chosen] == OTHER) & (polarity[chosen] == _NEUTRAL)
        return {
            "mlm": self.guess(encoder, states, batch.ids, chosen),
            "part": mean_cross_entropy(
                self.part_head(picked, self.parts.weight), torch.where(plain, -100, parts[chosen])
            ),
            "polarity": mean_cross_entropy(self.polarity_head(picked, self.polarities.weight), polarity[chosen]),
            "rating": self.rating_loss(states, torch.where(predicted, stars, -100)),
        }

    def rating_loss(self, states: Tensor, stars: Tensor) -> Tensor:
        """Cross entropy of the predicted ratings (B,), −100 where given; as released not a number when all are."""
        loss = mean_cross_entropy(self.rating_head(states[:, 0], self.ratings.weight), stars)
        if self.setup.as_released and not bool((stars >= 0).any()):
            return loss * float("nan")
        return loss

    def extra(self, parts: Tensor, polarity: Tensor, rating: Tensor) -> Tensor:
        """What is added to the word embeddings (B, T, d)."""
        added: Tensor = self.parts(parts) + self.polarities(polarity) + self.ratings(rating)
        return added

    def reading(self, encoder: Backbone) -> Backbone:
        """The encoder as it reads a text without tags: other, neutral, unknown on every token.

        The three rows are the same everywhere and go into the token type, so that a plain loader reads the checkpoint
        as the authors' model reads such a text, instead of leaving the tables out.
        """
        folded = copy.deepcopy(encoder)
        rows = self.parts.weight[OTHER] + self.polarities.weight[_NEUTRAL] + self.ratings.weight[_UNKNOWN]
        with torch.no_grad():
            folded.embeddings.token_type_embeddings.weight[0] += rows
        return folded


def word_polarity(polarity: Tensor) -> Tensor:
    """Rows of the polarity table (0 negative, 1 positive, 2 neutral) of marks' polarities."""
    return torch.where(polarity == POSITIVE, 1, torch.where(polarity == NEGATIVE, 0, _NEUTRAL))
