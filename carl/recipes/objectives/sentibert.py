"""SentiBERT's pre-training (Yin et al. 2020, arXiv 2005.04114; WadeYin9712/SentiBERT): classes of phrases in trees.

    L = L_MLM + mean over phrase nodes of CE(five classes, W · LN(gelu(V · node)))

A node's vector comes of a two-step attention composition over the encoder's states; its constants (a sum divided by
the number of pieces plus one, scores divided by 4, tanh before the softmax) are the release's own. Words of the
lexicon are hidden with 0.2, others with 0.15.

As released, the pre-training data builder does not shift the columns for the first special token, as fine-tuning does:
every node sees the words one place to the left of its own, and in the second step the node before it in place of
itself, the root a padding token. The repaired form shifts them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from carl.model import Backbone
from carl.recipes.marks import polarity_of
from carl.recipes.objectives.base import Setup, Shown
from carl.recipes.objectives.masked_lm import MaskedLM
from carl.recipes.objectives.masking import MaskedHead, hide, mean_cross_entropy
from carl.recipes.phrases import Phrases

#: Rates at which words of the lexicon and other words are hidden.
LEXICON_RATE, OTHER_RATE = 0.2, 0.15

#: Sentiment classes of a phrase.
CLASSES = 5

_SCORE_SCALE = 4.0


class SentiBERT(MaskedLM):
    """Masked-LM, and the five sentiment classes of every phrase node."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.composition = TreeComposition(setup.width, setup.backbone.shape.epsilon)
        self.classify = MaskedHead(setup.width, CLASSES, setup.backbone.shape.epsilon)
        self.classes = nn.Parameter(torch.empty(CLASSES, setup.width).normal_(std=0.02))

    def losses(self, encoder: Backbone, shown: Shown, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm` and `phrases`; see `Objective.losses`."""
        listed = polarity_of(shown.marks) > 0
        rates = torch.where(listed, LEXICON_RATE, OTHER_RATE) * shown.batch.candidates
        hidden = hide(shown.batch.ids, rates, self.setup, generator)
        states = encoder(shown.batch, encoder.words(hidden.ids))
        mlm = self.guess(encoder, states, shown.batch.ids, hidden.chosen)
        if self.setup.as_released:
            # The authors' matrices are 128 wide: there is a padding token before the nodes, whatever the text.
            states = functional.pad(states, (0, 0, 0, 1))
        return {"mlm": mlm, "phrases": self.phrase_loss(states, shown.phrases, shift=not self.setup.as_released)}

    def phrase_loss(self, states: Tensor, texts: Sequence[Phrases | None], *, shift: bool) -> Tensor:
        """Cross entropy of all nodes of a batch.

        Args:
            states: (B, T, d).
            texts: labelled nodes of each text.
            shift: whether columns count the first special token, as they do in `Phrases`; else all are one less, and
                the root's own is the last token's.
        """
        with torch.autocast(states.device.type, enabled=False):
            states = states.float() if states.dtype == torch.bfloat16 else states
            nodes, labels = self.composition(states, texts, shift)
            return mean_cross_entropy(self.classify(nodes, self.classes), labels)


class TreeComposition(nn.Module):
    """Vectors of phrase nodes from token vectors, all texts of a batch at once.

    Args:
        width: of a token vector.
        epsilon: of the normalisation.
    """

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.trans, self.trans_2, self.trans_3 = (nn.Linear(width, width) for _ in range(3))
        self.query, self.query_3 = (_two_dense(width, width, width) for _ in range(2))
        self.merge, self.merge_3 = (_two_dense(2 * width, 2 * width, width) for _ in range(2))
        self.norm = nn.LayerNorm(width, eps=epsilon)

    def forward(self, states: Tensor, texts: Sequence[Phrases | None], shift: bool) -> tuple[Tensor, Tensor]:
        """Vectors (nodes, d) of all nodes and their labels (nodes,), text by text."""
        texts_, width, _ = states.shape
        most = max((len(text.labels) for text in texts if text is not None), default=0)
        own = torch.zeros(texts_, most, width, dtype=torch.bool)
        context = torch.zeros(texts_, most, width + most, dtype=torch.bool)
        labels = torch.full((texts_, most), -1)
        for row, text in enumerate(texts):
            if text is None:
                continue
            labels[row, : len(text.labels)] = torch.tensor(text.labels)
            for node, columns in enumerate(text.spans.pieces):
                own[row, node, [column - (not shift) for column in columns]] = True
                context[row, node, [column - (not shift) for column in text.spans.context_pieces[node]]] = True
                context[row, node, [width + other - (not shift) for other in text.spans.context_nodes[node]]] = True
        real = labels >= 0
        # A row without any place would be a softmax over nothing; it is not read.
        own, context = (mask | ~real[..., None] for mask in (own, context))
        own, context, real = (part.to(states.device) for part in (own, context, real))
        tokens = self.trans(states)
        means = (own.to(tokens.dtype) @ tokens) / (own.sum(-1, keepdim=True) + 1)
        first = self._step(self.query, self.merge, means, tokens, own)
        second = self._step(self.query_3, self.merge_3, first, torch.cat([tokens, first], dim=1), context)
        x = second[real]
        for dense in (self.trans_2, self.trans_3):
            x = self.norm(functional.gelu(dense(x)))
        return x, labels[labels >= 0].to(states.device)

    @staticmethod
    def _step(
        query: Callable[[Tensor], Tensor], merge: Callable[[Tensor], Tensor], x: Tensor, values: Tensor, mask: Tensor
    ) -> Tensor:
        scores = (functional.selu(query(x)) @ values.transpose(1, 2) / _SCORE_SCALE).tanh()
        shares = scores.masked_fill(~mask, float("-inf")).softmax(-1)
        return functional.selu(merge(torch.cat([x, shares @ values], dim=-1)))


def _two_dense(inner: int, middle: int, outer: int) -> nn.Sequential:
    """Dense, SELU, dense; the second SELU follows outside."""
    return nn.Sequential(nn.Linear(inner, middle), nn.SELU(), nn.Linear(middle, outer))
