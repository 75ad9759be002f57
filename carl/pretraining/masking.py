"""Which tokens are hidden, and what stands in their place (Devlin et al. 2019; anew in every pass, Liu et al. 2019).

As many tokens are chosen in every batch as `share` says of its size, so that shapes do not change; each with a
probability in proportion to its weight, by the k largest of log weight + Gumbel noise. Words of affect may weigh more
(SentiX, Zhou et al. 2020; SentiLARE, Ke et al. 2020: sentiment words are masked more often).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from carl.pretraining.vocabulary import MASK, SPECIAL

#: Of the chosen tokens: shares replaced by the mask, and by a random entry; the rest stays as it is.
_TO_MASK, _TO_RANDOM = 0.8, 0.1


@dataclass(frozen=True)
class Masked:
    """Rows with some tokens hidden."""

    ids: Tensor
    """int64 (R, T)."""
    places: Tensor
    """int64 (k,): the chosen places in the flattened rows."""
    targets: Tensor
    """int64 (k,): what stood there; −100 where no token was left to choose."""


def mask_tokens(ids: Tensor, weights: Tensor, *, share: float, vocabulary: int, generator: torch.Generator) -> Masked:
    """Choose tokens and hide them.

    Args:
        ids: (R, T).
        weights: (vocabulary,) at least 0, of each entry; 0 is never chosen. Special tokens must weigh 0.
        share: of all R · T places that are chosen, more than 0.
        vocabulary: entries; random ones are drawn from those that are not special.
        generator: on the device of `ids`; decides everything.
    """
    flat = ids.flatten()
    count = max(round(share * flat.numel()), 1)
    uniform = torch.rand(flat.shape, generator=generator, device=ids.device).clamp_min(1e-20)
    scores = weights[flat].log() - (-uniform.log()).log()
    best, places = scores.topk(count)
    targets = torch.where(best > -torch.inf, flat[places], -100)
    fate = torch.rand(count, generator=generator, device=ids.device)
    random = torch.randint(len(SPECIAL), vocabulary, (count,), generator=generator, device=ids.device)
    shown = torch.where(
        fate < _TO_MASK, torch.full_like(random, MASK), torch.where(fate < _TO_MASK + _TO_RANDOM, random, flat[places])
    )
    shown = torch.where(targets >= 0, shown, flat[places])
    return Masked(flat.scatter(0, places, shown).view_as(ids), places, targets)


def affect_weights(spelled: list[bytes], weight: float) -> Tensor:
    """Weight of every entry for the choice: special tokens 0, whole words of the affect lexicon `weight`, others 1.

    An entry counts as a word when it has a leading blank; words that need several entries weigh as others do.

    Args:
        spelled: what each entry spells, by id (`vocabulary.byte_strings`).
        weight: of affect words.
    """
    from baselines.lexicon import listed_words

    words = listed_words()
    weights = torch.ones(len(spelled))
    weights[: len(SPECIAL)] = 0
    for index, entry in enumerate(spelled):
        if entry[:1] == b" " and entry[1:].decode("utf-8", "replace").lower() in words:
            weights[index] = weight
    return weights
