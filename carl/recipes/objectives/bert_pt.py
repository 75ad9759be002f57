"""BERT-PT's post-training on reviews (Xu et al. 2019, arXiv 1904.02232; `run_pt.py` of howardhsu/BERT-for-RRC-ABSA).

    L = L_MLM + L_NSP,  L_NSP = cross entropy of "the second half continues the first" at the pooled vector

This is their reviews-only form ("DK" on their page), without answers to SQuAD's questions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from carl.networks import Encoder
from carl.recipes.objectives.base import Batch, Setup, mean_cross_entropy, read
from carl.recipes.objectives.masked import SHARE, MaskedLM, hide


class BertPT(MaskedLM):
    """Masked-LM and next-sentence prediction on reviews.

    A text is cut in the middle. In half of the texts the second half is exchanged for another text's of the batch,
    cut or filled to the same number of tokens, so that lengths stay what they are.
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.pool = nn.Linear(setup.width, setup.width)
        self.follows = nn.Linear(setup.width, 2)

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm` and `nsp`; see `Heads.losses`."""
        ids, second, exchanged = exchange_halves(batch, generator)
        hidden, chosen = hide(ids, SHARE * batch.inner, self.setup, generator)
        states = read(encoder, encoder.words(hidden) + second_half(encoder, second), batch.tokens.mask)
        pooled = encoder.pool(states, batch.tokens.mask)
        return {"mlm": self.guess(encoder, states, ids, chosen), "nsp": self.next_sentence(pooled, exchanged)}

    def next_sentence(self, pooled: Tensor, exchanged: Tensor) -> Tensor:
        """L_NSP of vectors (B, d); the class is 1 where the second half is another text's."""
        return mean_cross_entropy(self.follows(self.pool(pooled).tanh()), exchanged.long())


def second_half(encoder: Encoder, second: Tensor) -> Tensor:
    """What turns token type 0, which the encoder adds everywhere, into type 1 on the second half, bool (B, T).

    Nothing for encoders without a second type (RoBERTa's and MPNet's kind).
    """
    types = getattr(encoder.model.embeddings, "token_type_embeddings", None)
    if types is None or len(types.weight) < 2:
        return second.new_zeros((*second.shape, 1), dtype=torch.float32)
    difference: Tensor = types.weight[1] - types.weight[0]
    return second[..., None] * difference


def exchange_halves(batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Exchange the second halves of about half of the texts.

    Returns:
        Token ids (B, T); bool (B, T), true on second halves; bool (B,), true where the half is another text's.
    """
    own, place = batch.inner.sum(1), batch.inner.cumsum(1) - 1
    second = batch.inner & (place >= (own // 2)[:, None])
    exchanged = (torch.rand(len(own), generator=generator) < 0.5).to(own.device)
    order = torch.randperm(len(own), generator=generator).to(own.device)
    other = order.roll(1)[order.argsort()]
    # The tokens of another text's second half, around and around where it is shorter.
    first_other = (own // 2)[other]
    length = (own[other] - first_other).clamp_min(1)
    taken = first_other[:, None] + (place - (own // 2)[:, None]).clamp_min(0) % length[:, None]
    columns = (~batch.inner).long().argsort(dim=1, stable=True)  # the texts' own tokens first
    source = columns[other].gather(1, taken.clamp_max(batch.ids.shape[1] - 1))
    exchanged = exchanged & (own[other] > 0)
    ids = torch.where(second & exchanged[:, None], batch.ids[other].gather(1, source), batch.ids)
    return ids, second, exchanged
