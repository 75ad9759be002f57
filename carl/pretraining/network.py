"""The network that is pretrained: the encoder over packed rows, and the heads that are thrown away afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from carl.model import Backbone, Layer, SelfAttention
from carl.pretraining.packing import Rows
from harness.transformer.shape import Shape

#: Standard deviation of initial weights (BERT's and RoBERTa's `initializer_range`).
INITIAL_DEVIATION = 0.02


def packed_layer(layer: Layer, x: Tensor, mask: Tensor) -> Tensor:
    """One layer over packed rows; all layers can share what a compiler makes of it.

    Args:
        layer: gives the parameters.
        x: (R, T, d).
        mask: bool (R, 1, T, T), true where a token may attend to another.

    Returns:
        (R, T, d).
    """
    attention: SelfAttention = layer.attention.self
    rows, width, _ = x.shape

    def heads(part: Tensor) -> Tensor:
        return part.view(rows, width, attention.heads, -1).transpose(1, 2)

    attended = functional.scaled_dot_product_attention(
        heads(attention.query(x)),
        heads(attention.key(x)),
        heads(attention.value(x)),
        attn_mask=mask,
        dropout_p=attention.dropout if layer.training else 0.0,
    )
    x = layer.attention.output(attended.transpose(1, 2).flatten(2), x)
    output: Tensor = layer.output(layer.intermediate(x), x)
    return output


#: `packed_layer`, or what a compiler made of it.
ApplyLayer = Callable[[Layer, Tensor, Tensor], Tensor]


class PackedEncoder(nn.Module):
    """A backbone's layers over rows that several texts share.

    Args:
        backbone: gives the parameters, which keep its names.
        layers: layers whose states are wanted, counted from 1.
    """

    def __init__(self, backbone: Backbone, layers: Sequence[int]) -> None:
        super().__init__()
        self.backbone = backbone
        self.layers = tuple(layers)

    def forward(self, ids: Tensor, texts: Tensor, positions: Tensor, apply: ApplyLayer = packed_layer) -> list[Tensor]:
        """Token vectors of the wanted layers and of the last one.

        Args:
            ids: (R, T).
            texts: (R, T) number of a token's text within its row, 0 for padding; tokens attend to tokens of the same
                number. Padding attends to padding, so that no row of the attention is empty.
            positions: (R, T) within the text.
            apply: `packed_layer`, or what a compiler made of it.

        Returns:
            (R, T, d) each, the last layer's at the end.
        """
        embeddings = self.backbone.embeddings
        summed = (
            embeddings.word_embeddings(ids)
            + embeddings.position_embeddings(positions + embeddings.offset)
            + embeddings.token_type_embeddings.weight[0]
        )
        x: Tensor = embeddings.dropout(embeddings.LayerNorm(summed))
        mask = (texts[:, :, None] == texts[:, None, :])[:, None]
        states = []
        for number, layer in enumerate(cast("Iterable[Layer]", self.backbone.encoder.layer), start=1):
            x = apply(layer, x, mask)
            if number in self.layers:
                states.append(x)
        return [*states, x]


def text_vectors(states: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
    """First-token and mean vector of every text.

    Args:
        states: (R, T, d).
        rows: which token is whose.

    Returns:
        Two of (count, d) in float32; the mean is over all tokens of the text, special ones included.
    """
    flat = states.flatten(0, 1).float()
    members = rows.members.flatten()
    sums = flat.new_zeros(rows.count + 1, flat.shape[1]).index_add(0, members, flat)[:-1]
    ones = torch.ones_like(members, dtype=flat.dtype)
    sizes = ones.new_zeros(rows.count + 1).index_add(0, members, ones)[:-1]
    return flat[rows.firsts], sums / sizes.clamp_min(1)[:, None]


class MaskedHead(nn.Module):
    """Prediction of hidden tokens: dense, GELU, normalisation, product with the word embeddings (Liu et al. 2019).

    Args:
        shape: of the encoder.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.dense = nn.Linear(shape.hidden, shape.hidden)
        self.LayerNorm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.bias = nn.Parameter(torch.zeros(shape.vocabulary))
        nn.init.normal_(self.dense.weight, std=INITIAL_DEVIATION)
        nn.init.zeros_(self.dense.bias)

    def forward(self, states: Tensor, words: Tensor) -> Tensor:
        """Scores (k, vocabulary) of states (k, d) with word embeddings (vocabulary, d)."""
        return functional.linear(self.LayerNorm(functional.gelu(self.dense(states))), words, self.bias)


class Pretrained(nn.Module):
    """Encoder and heads.

    Args:
        backbone: the encoder.
        layers: layers whose states are wanted, counted from 1.
    """

    def __init__(self, backbone: Backbone, layers: Sequence[int]) -> None:
        super().__init__()
        # The pooler belongs to CARL; masked-LM has none.
        backbone.pooler.requires_grad_(False)
        self.encoder = PackedEncoder(backbone, layers)
        self.masked = MaskedHead(backbone.shape)
        self.rating = nn.Linear(backbone.shape.hidden, 1)
        nn.init.normal_(self.rating.weight, std=INITIAL_DEVIATION)
        nn.init.zeros_(self.rating.bias)

    @property
    def backbone(self) -> Backbone:
        """The encoder."""
        return self.encoder.backbone

    def trainable(self) -> list[tuple[str, nn.Parameter]]:
        """Name and parameter of everything that gradients may reach."""
        return [(name, p) for name, p in self.named_parameters() if p.requires_grad]
