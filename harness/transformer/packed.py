"""A BERT-, RoBERTa- or MPNet-shaped encoder without padding.

The tokens of a batch lie behind one another in one matrix (tokens, width). Linear layers, normalisation and the
activation act on that matrix; attention runs once per group of texts of equal length and needs no mask. No
arithmetic is spent on padding, and on a CPU a text's vector has the same bits alone, in any batch and in any order
(one machine, thread count and dtype), because no operation mixes rows of different texts. Two things keep that
true: matrix kernels take other paths for very few rows, so the row count is rounded up to a multiple of
`ROW_MULTIPLE`; and the last layer, of which first-token pooling needs a single row a text, always computes just
that row, by a query that is given several times (`QUERY_ROWS`).

The arithmetic is that of transformers' `BertModel`, `RobertaModel` and `MPNetModel` (Devlin et al. 2019, Liu et al.
2019, Song et al. 2020), with key and value as one product. MPNet adds a learned bias to the attention scores, which
depends on how far apart two tokens are and is shared by all layers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from harness import onednn
from harness.errors import WeightsInvalid
from harness.transformer.shape import Shape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Rows of every packed matrix are a multiple of this.
ROW_MULTIPLE = 16

#: A single query for each text is given this many times: for fewer rows the attention kernel splits its work by batch
#: size, and the split moves the last bit.
QUERY_ROWS = 8


class Linear:
    """y = x Wᵀ + b, by oneDNN's kernels where they serve and by torch's own elsewhere.

    Args:
        weight: (out, in), on the device and in the precision of the work.
        bias: (out,).
        fused: whether to use oneDNN; by default where it serves.
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, fused: bool | None = None) -> None:
        self.fused = weight.device.type == "cpu" and onednn.serves(weight.dtype) if fused is None else fused
        self.weight = onednn.reordered(weight) if self.fused else weight.contiguous()
        self.bias = bias

    def __call__(self, x: Tensor, activation: str = "none") -> Tensor:
        """The product (rows, out) of (rows, in) under `none` or an activation of `shape.ACTIVATIONS`."""
        if self.fused:
            return onednn.product(x, self.weight, self.bias, activation)
        y = functional.linear(x, self.weight, self.bias)
        if activation == "none":
            return y
        if activation == "relu":
            return functional.relu(y)
        return functional.gelu(y, approximate="tanh" if activation == "gelu_new" else "none")

    def added(self, x: Tensor, residual: Tensor) -> Tensor:
        """The product added to a residual (rows, out) in float32."""
        if self.fused and x.dtype == torch.float32:
            return onednn.product_added(x, residual, self.weight, self.bias)
        return residual + self(x).float()


@dataclass(frozen=True)
class Group:
    """`count` texts of `length` tokens each, from row `start` on."""

    start: int
    count: int
    length: int

    @property
    def end(self) -> int:
        """The row after the last."""
        return self.start + self.count * self.length


Biases = Sequence[Tensor | None]


def attend(q: Tensor, k: Tensor, v: Tensor, groups: Sequence[Group], biases: Biases | None = None) -> Tensor:
    """Let every token of a text look at all tokens of the text.

    Args:
        q: queries (rows, heads, width); rows beyond the last group are padding.
        k: keys, likewise.
        v: values, likewise.
        groups: the texts, in the order of their rows.
        biases: what is added to the scores of each group, (1, heads, length, length).

    Returns:
        (rows, heads · width), zero where there is padding.
    """
    context = torch.zeros(len(q), q.shape[1] * q.shape[2], device=q.device, dtype=q.dtype)
    if biases is None and len(groups) > 1 and serves_any_length(q.device, q.dtype):
        end = groups[-1].end
        context[:end] = _any_length(q[:end], k[:end], v[:end], groups).flatten(1)
        return context
    for g, bias in zip(groups, biases or [None] * len(groups), strict=True):
        queries, keys, values = (_texts(t, g) for t in (q, k, v))
        attended = functional.scaled_dot_product_attention(queries, keys, values, bias)
        context[g.start : g.end] = attended.transpose(1, 2).reshape(g.count * g.length, -1)
    return context


def attend_once(q: Tensor, k: Tensor, v: Tensor, groups: Sequence[Group], biases: Biases | None = None) -> Tensor:
    """Let one query for each text look at all tokens of the text.

    Args:
        q: queries (at least one row a text, heads, width), in the order of the texts.
        k: keys (rows, heads, width).
        v: values, likewise.
        groups: the texts, in the order of their rows.
        biases: as of `attend`; their first row is used, for the query is the first token's.

    Returns:
        (rows of q, heads · width), zero where a row has no text.
    """
    context = torch.zeros(len(q), q.shape[1] * q.shape[2], device=q.device, dtype=q.dtype)
    done = 0
    for g, bias in zip(groups, biases or [None] * len(groups), strict=True):
        keys, values = _texts(k, g), _texts(v, g)
        query = q[done : done + g.count, :, None].expand(-1, -1, QUERY_ROWS, -1).contiguous()
        first = bias[:, :, :1].expand(-1, -1, QUERY_ROWS, -1).contiguous() if bias is not None else None
        attended = functional.scaled_dot_product_attention(query, keys, values, first)[:, :, 0]
        context[done : done + g.count] = attended.reshape(g.count, -1)
        done += g.count
    return context


def _texts(rows: Tensor, group: Group) -> Tensor:
    """Rows (rows, heads, width) of a group as (texts, heads, tokens, width)."""
    return rows[group.start : group.end].view(group.count, group.length, *rows.shape[1:]).transpose(1, 2)


def serves_any_length(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether torch's attention over texts of any lengths at once works here: half precision on a recent GPU."""
    if device.type != "cuda" or dtype not in (torch.float16, torch.bfloat16):
        return False
    return find_spec("torch.nn.attention.varlen") is not None and torch.cuda.get_device_capability(device) >= (8, 0)


def _any_length(q: Tensor, k: Tensor, v: Tensor, groups: Sequence[Group]) -> Tensor:
    """All texts in one launch: (rows, heads, width)."""
    from torch.nn.attention.varlen import varlen_attn

    lengths = torch.tensor([0, *(g.length for g in groups for _ in range(g.count))], dtype=torch.int32)
    edges = lengths.cumsum(0, dtype=torch.int32).to(q.device, non_blocking=True)
    longest = max(g.length for g in groups)
    found = varlen_attn(q.contiguous(), k.contiguous(), v.contiguous(), edges, edges, longest, longest)
    assert isinstance(found, Tensor)  # a pair only where the logarithms are asked for
    return found


def distance_bucket(apart: Tensor, buckets: int, farthest: int = 128) -> Tensor:
    """Bucket of the distance between two tokens, as T5 and MPNet count them.

    Half of the buckets serve each direction. Short distances have a bucket each, longer ones share buckets of
    logarithmic width, and everything from `farthest` on falls into the last.

    Args:
        apart: position of the key minus position of the query.
        buckets: their number.
        farthest: distance from which all fall into the last bucket.

    >>> distance_bucket(torch.tensor([0, -1, 1, -7, -8, -200, 200]), 32).tolist()
    [0, 1, 17, 7, 8, 15, 31]
    """
    half = buckets // 2
    exact = half // 2
    distance = apart.abs()
    steps = torch.log(distance.clamp(min=1).float() / exact) / math.log(farthest / exact) * (half - exact)
    shared = (exact + steps.long()).clamp(max=half - 1)
    return torch.where(distance < exact, distance, shared) + half * (apart > 0)


@dataclass(frozen=True)
class _Layer:
    query: Linear
    key_value: Linear
    attention_out: Linear
    attention_norm: tuple[Tensor, Tensor]
    up: Linear
    down: Linear
    out_norm: tuple[Tensor, Tensor]


class PackedEncoder:
    """Encoder weights ready to run.

    Args:
        tensors: canonical name → tensor (`checkpoint.encoder_tensors`).
        shape: sizes and constants.
        tables: names of the embedding tables whose rows are summed, one for each channel of the input: the word
            table, and for SentiLARE three more.
        device: where to compute.
        dtype: of linear layers and attention; embeddings, normalisation and residuals stay float32.
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        shape: Shape,
        *,
        tables: Sequence[str] = ("embeddings.word_embeddings.weight",),
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.shape = shape
        self.device = device
        self.dtype = dtype

        def pick(name: str, to: torch.dtype = torch.float32) -> Tensor:
            return tensors[name].detach().to(device=device, dtype=to)

        def product(*names: str) -> Linear:
            weight, bias = (torch.cat([pick(f"{name}.{part}", dtype) for name in names]) for part in ("weight", "bias"))
            return Linear(weight, bias)

        def norm(name: str) -> tuple[Tensor, Tensor]:
            return pick(f"{name}.weight"), pick(f"{name}.bias")

        self._tables = [pick(name) for name in tables]
        self._positions = pick("embeddings.position_embeddings.weight")[shape.offset :]
        if shape.types:
            # Every token has type 0, so its row is a part of the position row.
            self._positions = self._positions + pick("embeddings.token_type_embeddings.weight")[0]
        self._distance_bias: Tensor | None = None
        if shape.buckets:
            apart = torch.arange(1 - shape.max_tokens, shape.max_tokens)
            bucket = distance_bucket(apart, shape.buckets).to(device)
            self._distance_bias = pick("encoder.relative_attention_bias.weight", dtype)[bucket].T.contiguous()
        self._input_norm = norm("embeddings.LayerNorm")
        self._layers = [
            _Layer(
                query=product(f"{p}attention.self.query"),
                key_value=product(f"{p}attention.self.key", f"{p}attention.self.value"),
                attention_out=product(f"{p}attention.output.dense"),
                attention_norm=norm(f"{p}attention.output.LayerNorm"),
                up=product(f"{p}intermediate.dense"),
                down=product(f"{p}output.dense"),
                out_norm=norm(f"{p}output.LayerNorm"),
            )
            for p in (f"encoder.layer.{i}." for i in range(shape.layers))
        ]
        self._pooler = norm("pooler.dense") if "pooler.dense.weight" in tensors else None

    @property
    def bytes_per_token(self) -> int:
        """Memory that one token of a batch takes at the widest point of the network."""
        wide, rough = 5 * self.shape.hidden, 4 * self.shape.hidden + 2 * self.shape.intermediate
        return 4 * wide + self.dtype.itemsize * rough

    @torch.inference_mode()
    def pooled(self, items: Sequence[NDArray[np.int32]], pooling: str, batch_tokens: int) -> NDArray[np.float32]:
        """One vector per text.

        Args:
            items: ids of each text, (tokens,) or (channels, tokens); at least one token.
            pooling: `cls`, `mean`, `pooler` or `last`.
            batch_tokens: most tokens in one batch (a single longer text is a batch of its own).

        Returns:
            float32 (len(items), hidden).
        """
        result = torch.empty(len(items), self.shape.hidden, device=self.device)
        for rows, groups, ids in self._batches(items, batch_tokens):
            x, biases = self._embed(ids, groups), self._biases(groups)
            for layer in self._layers[:-1]:
                x = self._full_layer(x, layer, groups, biases)
            if pooling in ("cls", "pooler"):
                vectors = self._first_token_layer(x, self._layers[-1], groups, biases)
                if pooling == "pooler":
                    assert self._pooler is not None  # the caller checked that it is there and trained
                    vectors = torch.tanh(functional.linear(vectors, *self._pooler))
                vectors = vectors[: len(rows)]
            else:
                x = self._full_layer(x, self._layers[-1], groups, biases)
                parts = [x[g.start : g.end].view(g.count, g.length, -1) for g in groups]
                vectors = torch.cat([p.mean(1) if pooling == "mean" else p[:, -1] for p in parts])
            result[self._sent(torch.tensor(rows))] = vectors
        return result.cpu().numpy()

    @torch.inference_mode()
    def states(self, items: Sequence[NDArray[np.int32]], batch_tokens: int) -> list[Tensor]:
        """Last-layer vectors of all tokens, float32 (tokens, hidden) per text, on the CPU."""
        result: list[Tensor] = [torch.empty(0)] * len(items)
        for rows, groups, ids in self._batches(items, batch_tokens):
            x, biases = self._embed(ids, groups), self._biases(groups)
            for layer in self._layers:
                x = self._full_layer(x, layer, groups, biases)
            lengths = [g.length for g in groups for _ in range(g.count)]
            parts = torch.split(x[: groups[-1].end].cpu(), lengths)
            for row, part in zip(rows, parts, strict=True):
                result[row] = part.clone()
        return result

    def _batches(
        self, items: Sequence[NDArray[np.int32]], batch_tokens: int
    ) -> Iterator[tuple[list[int], list[Group], NDArray[np.int32]]]:
        """Texts by falling length (the largest batch fails first), cut so that no batch exceeds the budget."""
        import numpy as np

        order = sorted(range(len(items)), key=lambda i: -items[i].shape[-1])
        start = 0
        while start < len(order):
            rows: list[int] = []
            groups: list[Group] = []
            total = 0
            while start < len(order):
                length = items[order[start]].shape[-1]
                if rows and total + length > batch_tokens:
                    break
                if groups and groups[-1].length == length:
                    groups[-1] = Group(groups[-1].start, groups[-1].count + 1, length)
                else:
                    groups.append(Group(total, 1, length))
                rows.append(order[start])
                total += length
                start += 1
            yield rows, groups, np.concatenate([np.atleast_2d(items[i]) for i in rows], axis=1)

    def _sent(self, tensor: Tensor) -> Tensor:
        """A tensor of the CPU on the device; a GPU takes it while both go on working."""
        if self.device.type == "cpu":
            return tensor
        return (tensor.pin_memory() if self.device.type == "cuda" else tensor).to(self.device, non_blocking=True)

    def _embed(self, ids: NDArray[np.int32], groups: list[Group]) -> Tensor:
        tokens = self._sent(torch.from_numpy(ids))
        total = tokens.shape[1]
        x = torch.zeros(-(-total // ROW_MULTIPLE) * ROW_MULTIPLE, self.shape.hidden, device=self.device)
        if tokens.numel() and int(ids[0].max()) >= len(self._tables[0]):
            raise WeightsInvalid(f"the tokeniser gives ids beyond the {len(self._tables[0])} word vectors")
        embedded = self._positions[self._sent(torch.cat([torch.arange(g.length).repeat(g.count) for g in groups]))]
        for table, channel in zip(self._tables, tokens, strict=True):
            embedded += table[channel]
        x[:total] = embedded
        return self._norm(x, self._input_norm)

    def _biases(self, groups: list[Group]) -> Biases | None:
        """What is added to the attention scores of each group, (1, heads, length, length)."""
        if self._distance_bias is None:
            return None
        biases = []
        for g in groups:
            place = torch.arange(g.length, device=self.device)
            apart = place[None, :] - place[:, None]
            biases.append(self._distance_bias[:, apart + self.shape.max_tokens - 1][None])
        return biases

    def _norm(self, x: Tensor, parameters: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(x, (self.shape.hidden,), *parameters, eps=self.shape.epsilon)

    def _heads(self, product: Tensor, parts: int) -> list[Tensor]:
        """Queries, keys or values of each head, (rows, heads, width), that one product holds side by side."""
        return list(product.view(len(product), parts, self.shape.heads, -1).unbind(1))

    def _full_layer(self, x: Tensor, layer: _Layer, groups: list[Group], biases: Biases | None) -> Tensor:
        rough = x.to(self.dtype)
        (query,) = self._heads(layer.query(rough), 1)
        key, value = self._heads(layer.key_value(rough), 2)
        return self._after_attention(x, attend(query, key, value, groups, biases), layer)

    def _first_token_layer(self, x: Tensor, layer: _Layer, groups: list[Group], biases: Biases | None) -> Tensor:
        """The last layer for the first token of each text alone: a sixth of the layer's work remains."""
        first = self._sent(torch.cat([torch.arange(g.start, g.end, g.length) for g in groups]))
        texts = len(first)
        x_first = torch.zeros(-(-texts // ROW_MULTIPLE) * ROW_MULTIPLE, self.shape.hidden, device=self.device)
        x_first[:texts] = x[first]
        (query,) = self._heads(layer.query(x_first.to(self.dtype)), 1)
        key, value = self._heads(layer.key_value(x.to(self.dtype)), 2)
        return self._after_attention(x_first, attend_once(query, key, value, groups, biases), layer)

    def _after_attention(self, x: Tensor, context: Tensor, layer: _Layer) -> Tensor:
        x = self._norm(layer.attention_out.added(context, x), layer.attention_norm)
        inner = layer.up(x.to(self.dtype), self.shape.activation)
        return self._norm(layer.down.added(inner, x), layer.out_norm)
