"""BERT-PT's post-training on reviews (Xu et al. 2019, arXiv 1904.02232; `run_pt.py` of howardhsu/BERT-for-RRC-ABSA).

    L = L_MLM + L_NSP + L_span
    L_NSP  = cross entropy of "the second half continues the first" at the pooled first token
    L_span = mean of the cross entropies of the answer's first and last token over all places, on SQuAD's questions

Without L_span it is their reviews-only form ("DK" on their page).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from carl.batches import Batch
from carl.model import Backbone
from carl.recipes.objectives.base import Setup, Shown
from carl.recipes.objectives.masked_lm import SHARE, MaskedLM
from carl.recipes.objectives.masking import hide, mean_cross_entropy


class BertPT(MaskedLM):
    """Masked-LM and next-sentence prediction on reviews.

    A text is cut in the middle. In half of the texts the second half is exchanged for another text's of the batch,
    cut or filled to the same number of tokens, so that lengths stay what they are.
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.pool = nn.Linear(setup.width, setup.width)
        self.follows = nn.Linear(setup.width, 2)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm` and `nsp`; see `Objective.losses`."""
        ids, second, exchanged = exchange_halves(shown.batch, generator)
        hidden = hide(ids, SHARE * shown.batch.candidates, self.setup, generator)
        states = encoder(shown.batch, encoder.words(hidden.ids) + second_half(encoder, second))
        return {"mlm": self.guess(encoder, states, ids, hidden.chosen), "nsp": self.next_sentence(states, exchanged)}

    def next_sentence(self, states: Tensor, exchanged: Tensor) -> Tensor:
        """L_NSP of token vectors (B, T, d); the class is 1 where the second half is another text's."""
        return mean_cross_entropy(self.follows(self.pool(states[:, 0]).tanh()), exchanged.long())


class BertPTSquad(BertPT):
    """The same on the reviews of a batch, and answers to its questions."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.spans = nn.Linear(setup.width, 2)

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm`, `nsp` and `span`; see `Objective.losses`."""
        asked = shown.answers[:, 0] >= 0
        reviews, questions = (~asked).nonzero()[:, 0], asked.nonzero()[:, 0]
        found = super().losses(encoder, shown.rows(reviews), generator) if len(reviews) else {}
        if not len(questions):
            return found
        batch, answers = shown.batch.rows(questions), shown.answers[questions]
        places = torch.arange(batch.ids.shape[1], device=batch.ids.device)
        paragraph = batch.real & (places >= answers[:, 2:])
        states = encoder(batch, encoder.words(batch.ids) + second_half(encoder, paragraph))
        return {**found, "span": self.span_loss(states, answers[:, 0], answers[:, 1], batch.real)}

    def span_loss(self, states: Tensor, first: Tensor, last: Tensor, real: Tensor | None = None) -> Tensor:
        """L_span of token vectors.

        Args:
            states: (B, T, d).
            first: place of the answer's first token int64 (B,); one behind the text, T or more, does not count.
            last: of its last token.
            real: bool (B, T), places that can be answers; all of them when None, padding included, as in the
                authors' program.
        """
        logits = self.spans(states).float() if states.dtype == torch.bfloat16 else self.spans(states)
        if real is not None:
            logits = logits.masked_fill(~real[..., None], float("-inf"))
        width = states.shape[1]
        ends = [torch.where(place < width, place, -100) for place in (first, last)]
        losses = [mean_cross_entropy(logits[..., k], place) for k, place in enumerate(ends)]
        return torch.stack(losses).mean()


def second_half(encoder: Backbone, second: Tensor) -> Tensor:
    """What turns token type 0, which the encoder adds everywhere, into type 1 on the second half.

    Nothing for encoders with one type, RoBERTa's shape.

    Args:
        encoder: has the table.
        second: bool (B, T).
    """
    table: Tensor = encoder.embeddings.token_type_embeddings.weight
    difference = table[1] - table[0] if len(table) > 1 else torch.zeros_like(table[0])
    return second[..., None] * difference


def exchange_halves(batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Exchange the second halves of about half of the texts.

    Returns:
        Token ids (B, T); bool (B, T), true on second halves; bool (B,), true where the half is another text's.
    """
    own = batch.candidates.sum(1)
    place = batch.candidates.cumsum(1) - 1
    second = batch.candidates & (place >= (own // 2)[:, None])
    exchanged = (torch.rand(len(own), generator=generator) < 0.5).to(own.device)
    order = torch.randperm(len(own), generator=generator).to(own.device)
    other = order.roll(1)[order.argsort()]
    # The tokens of another text's second half, around and around where it is shorter.
    first_own, first_other = own // 2, (own // 2)[other]
    length = (own[other] - first_other).clamp_min(1)
    taken = first_other[:, None] + (place - first_own[:, None]).clamp_min(0) % length[:, None]
    start = batch.candidates.int().argmax(1)[other]
    source = (start[:, None] + taken).clamp_max(batch.ids.shape[1] - 1)
    exchanged = exchanged & (own[other] > 0)
    ids = torch.where(second & exchanged[:, None], batch.ids[other].gather(1, source), batch.ids)
    return ids, second, exchanged
