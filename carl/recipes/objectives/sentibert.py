"""SentiBERT's pre-training (Yin et al. 2020, arXiv 2005.04114; WadeYin9712/SentiBERT): classes of phrases in trees.

    L = L_MLM + mean over phrase nodes of CE(five classes, W · LN(gelu(V · node)))

A node's vector comes of a two-step attention composition over the encoder's states (`baselines.sentibert`).
Words of the lexicon are hidden with 0.2, others with 0.15.

The release does not shift the columns for the first special token: every node sees the words one place to the left of
its own, and in the second step the node before it in place of itself, the root a padding token. Here they are shifted.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from baselines.sentibert_composition import Composition, composition_tensors
from baselines.sentibert_trees import Spans
from carl.networks import Encoder
from carl.recipes.data import Phrases
from carl.recipes.objectives.base import Batch, Setup, mean_cross_entropy, read
from carl.recipes.objectives.masked import MaskedHead, MaskedLM, hide
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
        return {"mlm": mlm, "phrases": self.phrase_loss(states, batch.phrases)}

    def phrase_loss(self, states: Tensor, texts: Sequence[Phrases | None]) -> Tensor:
        """Cross entropy of all labelled nodes of a batch's token vectors (B, T, d)."""
        known = [(row, text) for row, text in enumerate(texts) if text is not None]
        if not known:
            return states.sum() * 0
        with torch.autocast(states.device.type, enabled=False):
            nodes = self.nodes(states.float(), [(row, text.spans) for row, text in known])
            labels = torch.tensor([label for _, text in known for label in text.labels], device=states.device)
            return mean_cross_entropy(self.classify(nodes, self.classes), labels)

    def nodes(self, states: Tensor, texts: Sequence[tuple[int, Spans]]) -> Tensor:
        """Vectors (nodes, d) of all nodes of texts, given as row of `states` (B, T, d) and spans."""
        tensors = {name.replace("-", "."): tensor for name, tensor in self.composition.items()}
        composition = Composition(tensors, epsilon=self.setup.epsilon, device=states.device)
        return torch.cat([composition.nodes(states[row], span) for row, span in texts])


def _initial(name: str, shape: tuple[int, ...]) -> nn.Parameter:
    if name == "LayerNorm.weight":
        return nn.Parameter(torch.ones(shape))
    return nn.Parameter(torch.zeros(shape) if len(shape) == 1 else torch.empty(shape).normal_(std=0.02))
