"""SentiBERT's pre-training (Yin et al. 2020, arXiv 2005.04114; WadeYin9712/SentiBERT): classes of phrases in trees.

    L = L_MLM + mean over phrase nodes of CE(five classes, W · LN(gelu(V · node)))

A node's vector comes of a two-step attention composition over the encoder's states
(`baselines.sentibert_composition`). Words of the lexicon are hidden with 0.2, others with 0.15.

As released, the columns are not shifted for the first special token: every node sees the words one place to the left of
its own, and in the second step the node before it in place of itself, the root a padding token. The repaired form
shifts them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.sentibert_composition import Composition, composition_tensors
from baselines.sentibert_trees import Spans
from carl.networks import Encoder
from carl.recipes.objectives.base import Batch, Setup, mean_cross_entropy, read
from carl.recipes.objectives.masked import MaskedHead, MaskedLM, hide
from carl.recipes.trees import Phrases
from carl.recipes.words import polarity_of

#: Rates at which words of the lexicon and other words are hidden.
LEXICON_RATE, OTHER_RATE = 0.2, 0.15

#: Sentiment classes of a phrase.
CLASSES = 5


class SentiBERT(MaskedLM):
    """Masked-LM, and the five sentiment classes of every phrase node."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        shapes = composition_tensors(setup.width)
        self.composition = nn.ParameterDict({name.replace(".", "-"): _initial(name, shapes[name]) for name in shapes})
        self.classify = MaskedHead(setup.width, CLASSES, setup.epsilon)
        self.classes = nn.Parameter(torch.empty(CLASSES, setup.width).normal_(std=0.02))

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm` and `phrases`; see `Heads.losses`."""
        rates = torch.where(polarity_of(batch.marks) > 0, LEXICON_RATE, OTHER_RATE) * batch.inner
        hidden, chosen = hide(batch.ids, rates, self.setup, generator)
        states = read(encoder, encoder.words(hidden), batch.tokens.mask)
        mlm = self.guess(encoder, states, batch.ids, chosen)
        if self.setup.as_released:
            # The authors' matrices are 128 wide: there is a padding token before the nodes, whatever the text.
            states = functional.pad(states, (0, 0, 0, 1))
        return {"mlm": mlm, "phrases": self.phrase_loss(states, batch.phrases, shift=not self.setup.as_released)}

    def phrase_loss(self, states: Tensor, texts: Sequence[Phrases | None], *, shift: bool) -> Tensor:
        """Cross entropy of all nodes of a batch.

        Args:
            states: (B, T, d).
            texts: labelled nodes of each text.
            shift: whether columns count the first special token, as they do in `Phrases`; else all are one less, and
                the root's own is the last token's.
        """
        known = [(row, text) for row, text in enumerate(texts) if text is not None]
        if not known:
            return states.sum() * 0
        with torch.autocast(states.device.type, enabled=False):
            nodes = self.nodes(states.float(), [(row, text.spans) for row, text in known], shift=shift)
            labels = torch.tensor([label for _, text in known for label in text.labels], device=states.device)
            return mean_cross_entropy(self.classify(nodes, self.classes), labels)

    def nodes(self, states: Tensor, texts: Sequence[tuple[int, Spans]], *, shift: bool = True) -> Tensor:
        """Vectors (nodes, d) of all nodes of texts, given as row of `states` (B, T, d) and spans."""
        tensors = {name.replace("-", "."): tensor for name, tensor in self.composition.items()}
        composition = Composition(tensors, epsilon=self.setup.epsilon, device=states.device)
        last = states.shape[1] - 1
        return torch.cat(
            [composition.nodes(states[row], span if shift else unshifted(span, last)) for row, span in texts]
        )


def unshifted(spans: Spans, last: int) -> Spans:
    """Spans whose columns and nodes are all one less; what would be the node before the root is the last column."""
    pairs = zip(spans.context_pieces, spans.context_nodes, strict=True)
    return Spans(
        tuple(tuple(column - 1 for column in columns) for columns in spans.pieces),
        tuple((*(column - 1 for column in columns), *([last] if 0 in numbers else [])) for columns, numbers in pairs),
        tuple(tuple(number - 1 for number in numbers if number) for numbers in spans.context_nodes),
    )


def _initial(name: str, shape: tuple[int, ...]) -> nn.Parameter:
    if name == "LayerNorm.weight":
        return nn.Parameter(torch.ones(shape))
    return nn.Parameter(torch.zeros(shape) if len(shape) == 1 else torch.empty(shape).normal_(std=0.02))
