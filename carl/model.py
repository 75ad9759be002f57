"""The networks: a trainable BERT- or RoBERTa-shaped encoder, and the online and target branches around it.

The encoder's parameters have the names of transformers' `BertModel`, so that its state dict is a standard
checkpoint. Token-wise layers run on the real tokens of a padded batch alone; only attention sees padding.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from carl.batches import Batch
from carl.config import Config
from carl.detection import Detector
from harness.transformer.shape import Shape


class Embeddings(nn.Module):
    """Word, position and type embeddings, their sum normalised."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(shape.vocabulary, shape.hidden)
        self.position_embeddings = nn.Embedding(shape.positions, shape.hidden)
        self.token_type_embeddings = nn.Embedding(shape.types, shape.hidden)
        self.LayerNorm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.dropout = nn.Dropout(dropout)
        self.offset = shape.offset

    def forward(self, words: Tensor, places: Tensor) -> Tensor:
        """Input of the first layer (tokens, d) from word embeddings (B, T, d) and the places of real tokens."""
        width = words.shape[1]
        positions = self.position_embeddings.weight[self.offset : self.offset + width]
        summed = words + (positions + self.token_type_embeddings.weight[0])
        normalised: Tensor = self.LayerNorm(summed.flatten(0, 1)[places])
        dropped: Tensor = self.dropout(normalised)
        return dropped


class SelfAttention(nn.Module):
    """Query, key and value of all heads."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.query = nn.Linear(shape.hidden, shape.hidden)
        self.key = nn.Linear(shape.hidden, shape.hidden)
        self.value = nn.Linear(shape.hidden, shape.hidden)
        self.heads = shape.heads
        self.dropout = dropout

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Attended values (tokens, d)."""
        texts, width = batch.ids.shape

        def padded(part: Tensor) -> Tensor:
            full = part.new_zeros(texts * width, part.shape[-1]).index_copy(0, batch.places, part)
            return full.view(texts, width, self.heads, -1).transpose(1, 2)

        queries, keys, values = padded(self.query(x)), padded(self.key(x)), padded(self.value(x))
        mask, dropout = batch.real[:, None, None], self.dropout if self.training else 0.0
        if x.device.type == "cpu" and torch.is_grad_enabled():
            attended = _attention(queries, keys, values, mask, dropout)
        else:
            attended = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, dropout_p=dropout)
        return attended.transpose(1, 2).reshape(texts * width, -1)[batch.places]


def _attention(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor, dropout: float) -> Tensor:
    """Attention written out: on CPUs the fused kernel's backward pass takes four times as long in bfloat16."""
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2)
    shares = scores.masked_fill(~mask, float("-inf")).softmax(-1).to(values.dtype)
    return functional.dropout(shares, dropout, training=dropout > 0) @ values


class ResidualOutput(nn.Module):
    """Dense layer, dropout, residual, normalisation."""

    def __init__(self, inner: int, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(inner, shape.hidden)
        self.LayerNorm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        """(tokens, d) from (tokens, inner) and the residual (tokens, d), which stays float32."""
        normalised: Tensor = self.LayerNorm(self.dropout(self.dense(x)) + residual)
        return normalised


class Attention(nn.Module):
    """Self-attention with its output layer."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.self = SelfAttention(shape, dropout)
        self.output = ResidualOutput(shape.hidden, shape, dropout)


class Intermediate(nn.Module):
    """The wide layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.dense = nn.Linear(shape.hidden, shape.intermediate)
        self.activation = shape.activation

    def forward(self, x: Tensor) -> Tensor:
        """(tokens, intermediate)."""
        inner: Tensor = self.dense(x)
        if self.activation == "relu":
            return inner.relu()
        activated: Tensor = functional.gelu(inner, approximate="tanh" if self.activation == "gelu_new" else "none")
        return activated


class Layer(nn.Module):
    """One transformer layer."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(shape, dropout)
        self.intermediate = Intermediate(shape)
        self.output = ResidualOutput(shape.intermediate, shape, dropout)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """(tokens, d)."""
        x = self.attention.output(self.attention.self(x, batch), x)
        output: Tensor = self.output(self.intermediate(x), x)
        return output


class Layers(nn.Module):
    """The stack of layers."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """(tokens, d)."""
        for layer in self.layer:
            x = layer(x, batch)
        return x


class Pooler(nn.Module):
    """The backbone's dense layer over the first token, without its activation, as CARL has it."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.dense = nn.Linear(shape.hidden, shape.hidden)

    def forward(self, states: Tensor) -> Tensor:
        """(B, d) of token vectors (B, T, d)."""
        pooled: Tensor = self.dense(states[:, 0])
        return pooled


class Backbone(nn.Module):
    """A trainable encoder of BERT's or RoBERTa's shape (Devlin et al. 2019, Liu et al. 2019).

    Args:
        shape: sizes and constants.
        dropout: of hidden states and attention, 0 to 1.
    """

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.embeddings = Embeddings(shape, dropout)
        self.encoder = Layers(shape, dropout)
        self.pooler = Pooler(shape)

    def words(self, ids: Tensor) -> Tensor:
        """Word embeddings e (B, T, d), what the attack perturbs."""
        embedded: Tensor = self.embeddings.word_embeddings(ids)
        return embedded

    def forward(self, batch: Batch, words: Tensor | None = None) -> Tensor:
        """Token vectors of the last layer.

        Args:
            batch: ids and places of the real tokens.
            words: word embeddings (B, T, d) in place of those of `batch.ids`.

        Returns:
            float32 (B, T, d), zero at padding. The embedding of a text is its first token's vector, before pooler,
            projector and predictor, which are thrown away after training.
        """
        x: Tensor = self.embeddings(self.words(batch.ids) if words is None else words, batch.places)
        x = self.encoder(x, batch)
        texts, width = batch.ids.shape
        full = x.new_zeros(texts * width, x.shape[-1]).index_copy(0, batch.places, x)
        return full.view(texts, width, -1)

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take a checkpoint's tensors in canonical names (`Shape.tensors`); a missing pooler stays as drawn."""
        self.load_state_dict({**self.state_dict(), **{name: t.float() for name, t in tensors.items()}})


def projection_head(width: int, hidden: int, size: int, norm: str) -> nn.Sequential:
    """Projector or predictor: dense, normalisation, ReLU, dense (Grill et al. 2020, BYOL).

    Args:
        width: of the input.
        hidden: of the hidden layer.
        size: of the output.
        norm: `batch`, `layer` or `none`.
    """
    layers: list[nn.Module] = [nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, size)]
    if norm != "none":
        layers.insert(1, nn.BatchNorm1d(hidden) if norm == "batch" else nn.LayerNorm(hidden))
    return nn.Sequential(*layers)


class Branch(nn.Module):
    """Encoder, pooler and projector: what online and target network share.

    Args:
        backbone: the encoder.
        config: sizes of the projector.
    """

    def __init__(self, backbone: Backbone, config: Config) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = projection_head(
            backbone.shape.hidden, config.projection_hidden, config.projection_size, config.projection_norm
        )

    def project(self, states: Tensor) -> Tensor:
        """Projection (B, size) of token vectors (B, T, d)."""
        projected: Tensor = self.projector(self.backbone.pooler(states))
        return projected


class Carl(nn.Module):
    """The whole of CARL: online branch, predictor, detector, and the target branch.

    Args:
        backbone: the encoder to train; the target starts as its copy.
        config: sizes.
        taught: how many numbers of a teacher the first token learns to tell (`carl.teaching`).
    """

    def __init__(self, backbone: Backbone, config: Config, taught: int = 0) -> None:
        super().__init__()
        self.online = Branch(backbone, config)
        self.predictor = projection_head(
            config.projection_size, config.projection_hidden, config.projection_size, config.projection_norm
        )
        self.detector = Detector(backbone.shape.hidden)
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.pupil = nn.Linear(backbone.shape.hidden, taught) if taught else None

    def train(self, mode: bool = True) -> Carl:
        """Switch between training and use; the target never drops anything, so that it gives stable vectors."""
        super().train(mode)
        self.target.backbone.eval()
        return self

    def predict(self, states: Tensor) -> Tensor:
        """Vectors z (B, size) of the online branch from its token vectors (B, T, d)."""
        predicted: Tensor = self.predictor(self.online.project(states))
        return predicted

    @torch.no_grad()
    def target_vectors(self, batch: Batch) -> Tensor:
        """Vectors z' (B, size) of the target branch, without gradient."""
        return self.target.project(self.target.backbone(batch))

    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Name and parameter of everything that gradients reach."""
        return ((name, p) for name, p in self.named_parameters() if p.requires_grad)


class Randomness:
    """State of the random generators, to run several passes under the same dropout.

    Clean and perturbed pass must differ by the perturbation alone.

    Args:
        device: where the passes run.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._cpu = torch.get_rng_state()
        self._gpu = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    @contextmanager
    def again(self) -> Iterator[None]:
        """Run a block from the kept state on; afterwards the generators go on as if it had not been."""
        devices = [self._device] if self._gpu is not None else []
        with torch.random.fork_rng(devices=devices):
            torch.set_rng_state(self._cpu)
            if self._gpu is not None:
                torch.cuda.set_rng_state(self._gpu, self._device)
            yield
