"""SentiX's pre-training (Zhou et al., COLING 2020; `pretrain_multigpu_final.py` of 12190143/SentiX).

    L = CE(token) + CE(rating)

Words of the lexicon are hidden with 0.3 (their first token), emoticons with 0.5, others with 0.15, always by the mask
token; the token loss counts **all** tokens of a text, not the hidden ones alone. The rating head stands on the tanh
pooler. As released, one criterion with ignored class 0 serves both losses and ratings run from 0 to 4, so that
one-star reviews give no rating loss; the repaired form counts them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from carl.model import Backbone
from carl.recipes.marks import is_emoticon, is_first, polarity_of
from carl.recipes.objectives.base import Setup, Shown
from carl.recipes.objectives.masked_lm import MaskedLM
from carl.recipes.objectives.masking import hide, mean_cross_entropy

LEXICON_RATE, EMOTICON_RATE, OTHER_RATE = 0.3, 0.5, 0.15

#: Classes of a rating, as stars.
STARS = 5


class SentiX(MaskedLM):
    """Sentiment-aware masking and rating prediction."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.pool = nn.Linear(setup.width, setup.width)
        self.rate = nn.Linear(setup.width, STARS)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm` and `rating`; see `Objective.losses`."""
        batch, marks = shown.batch, shown.marks
        listed = (polarity_of(marks) > 0) & (is_first(marks) > 0)
        rates = torch.where(listed, LEXICON_RATE, OTHER_RATE)
        rates = torch.where(is_emoticon(marks) > 0, EMOTICON_RATE, rates) * batch.candidates
        hidden = hide(batch.ids, rates, self.setup, generator, to_mask=1.0, to_random=0.0)
        states = encoder(batch, encoder.words(hidden.ids))
        scores = self.rate(self.pool(states[:, 0]).tanh())
        stars = stars_of(shown.valence)
        if self.setup.as_released:
            stars = torch.where(stars == 0, -100, stars)
        return {
            "mlm": self.guess(encoder, states, batch.ids, batch.real),
            "rating": mean_cross_entropy(scores, stars),
        }


def stars_of(valence: Tensor) -> Tensor:
    """Rating 0 to 4 (one to five stars) of a valence in [−1, 1]; −100 where unknown.

    >>> stars_of(torch.tensor([-1.0, 0.0, 0.6, 1.0, float("nan")])).tolist()
    [0, 2, 3, 4, -100]
    """
    return torch.where(valence.isnan(), -100, (2 * valence.nan_to_num(0.0) + 2).round().long().clamp(0, STARS - 1))
