"""A BERT- or RoBERTa-shaped encoder without padding.

The tokens of a batch lie behind one another in one matrix (tokens, width). Linear layers, normalisation and the
activation act on that matrix; attention runs once per group of texts of equal length and needs no mask. No
arithmetic is spent on padding, and a text's vector has the same bits alone, in any batch and in any order (one
machine, thread count and dtype), because no operation mixes rows of different texts. Two things keep that
true: matrix kernels take other paths for very few rows, so the row count is rounded up to a multiple of
`ROW_MULTIPLE`; and the last layer, of which first-token pooling needs a single row a text, always computes just
that row, by a query that is given several times (`QUERY_ROWS`).

The arithmetic is that of transformers' `BertModel` and `RobertaModel` (Devlin et al. 2019, Liu et al. 2019), with
query, key and value as one product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from harness.transformer.shape import Shape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Rows of every packed matrix are a multiple of this.
ROW_MULTIPLE = 16

#: The one query of the last layer is given this many times: for fewer rows the attention kernel splits its work
#: by batch size, and the split moves the last bit.
QUERY_ROWS = 8

WORDS = "embeddings.word_embeddings.weight"


@dataclass(frozen=True)
class _Layer:
    qkv: tuple[Tensor, Tensor]
    attention_out: tuple[Tensor, Tensor]
    attention_norm: tuple[Tensor, Tensor]
    up: tuple[Tensor, Tensor]
    down: tuple[Tensor, Tensor]
    out_norm: tuple[Tensor, Tensor]


@dataclass(frozen=True)
class _Group:
    """`count` texts of `length` tokens each, from row `start` on."""

    start: int
    count: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.count * self.length


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
        tables: Sequence[str] = (WORDS,),
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.shape = shape
        self.device = device
        self.dtype = dtype

        def pick(name: str, to: torch.dtype = torch.float32) -> Tensor:
            return tensors[name].detach().to(device=device, dtype=to)

        def linear(*names: str) -> tuple[Tensor, Tensor]:
            weight = torch.cat([pick(f"{name}.weight", dtype) for name in names])
            return weight.contiguous(), torch.cat([pick(f"{name}.bias", dtype) for name in names])

        def norm(name: str) -> tuple[Tensor, Tensor]:
            return pick(f"{name}.weight"), pick(f"{name}.bias")

        self._tables = [pick(name) for name in tables]
        # Every token has type 0, so its row is a part of the position row.
        self._positions = (
            pick("embeddings.position_embeddings.weight")[shape.offset :]
            + pick("embeddings.token_type_embeddings.weight")[0]
        )
        self._input_norm = norm("embeddings.LayerNorm")
        self._layers = [
            _Layer(
                qkv=linear(*(f"{p}attention.self.{part}" for part in ("query", "key", "value"))),
                attention_out=linear(f"{p}attention.output.dense"),
                attention_norm=norm(f"{p}attention.output.LayerNorm"),
                up=linear(f"{p}intermediate.dense"),
                down=linear(f"{p}output.dense"),
                out_norm=norm(f"{p}output.LayerNorm"),
            )
            for p in (f"encoder.layer.{i}." for i in range(shape.layers))
        ]
        self._pooler = (
            (pick("pooler.dense.weight"), pick("pooler.dense.bias")) if "pooler.dense.weight" in tensors else None
        )

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
        result = torch.empty(len(items), self.shape.hidden)
        for rows, groups, ids in self._batches(items, batch_tokens):
            x = self._embed(ids, groups)
            for layer in self._layers[:-1]:
                x = self._full_layer(x, layer, groups)
            if pooling in ("cls", "pooler"):
                vectors = self._first_token_layer(x, self._layers[-1], groups)
                if pooling == "pooler":
                    assert self._pooler is not None  # the caller checked that it is there and trained
                    vectors = torch.tanh(functional.linear(vectors, *self._pooler))
                vectors = vectors[: len(rows)]
            else:
                x = self._full_layer(x, self._layers[-1], groups)
                parts = [x[g.start : g.end].view(g.count, g.length, -1) for g in groups]
                vectors = torch.cat([p.mean(1) if pooling == "mean" else p[:, -1] for p in parts])
            result[rows] = vectors.cpu()
        return result.numpy()

    @torch.inference_mode()
    def states(self, items: Sequence[NDArray[np.int32]], batch_tokens: int) -> list[Tensor]:
        """Last-layer vectors of all tokens, float32 (tokens, hidden) per text, on the CPU."""
        result: list[Tensor] = [torch.empty(0)] * len(items)
        for rows, groups, ids in self._batches(items, batch_tokens):
            x = self._embed(ids, groups)
            for layer in self._layers:
                x = self._full_layer(x, layer, groups)
            lengths = [g.length for g in groups for _ in range(g.count)]
            parts = torch.split(x[: groups[-1].end].cpu(), lengths)
            for row, part in zip(rows, parts, strict=True):
                result[row] = part.clone()
        return result

    def _batches(
        self, items: Sequence[NDArray[np.int32]], batch_tokens: int
    ) -> list[tuple[list[int], list[_Group], NDArray[np.int32]]]:
        """Texts by falling length (the largest batch fails first), cut so that no batch exceeds the budget."""
        import numpy as np

        order = sorted(range(len(items)), key=lambda i: -items[i].shape[-1])
        batches = []
        start = 0
        while start < len(order):
            rows: list[int] = []
            groups: list[_Group] = []
            total = 0
            while start < len(order):
                length = items[order[start]].shape[-1]
                if rows and total + length > batch_tokens:
                    break
                if groups and groups[-1].length == length:
                    groups[-1] = _Group(groups[-1].start, groups[-1].count + 1, length)
                else:
                    groups.append(_Group(total, 1, length))
                rows.append(order[start])
                total += length
                start += 1
            batches.append((rows, groups, np.concatenate([np.atleast_2d(items[i]) for i in rows], axis=1)))
        return batches

    def _embed(self, ids: NDArray[np.int32], groups: list[_Group]) -> Tensor:
        tokens = torch.from_numpy(ids).to(self.device)
        total = tokens.shape[1]
        x = torch.zeros(-(-total // ROW_MULTIPLE) * ROW_MULTIPLE, self.shape.hidden, device=self.device)
        embedded = self._positions[torch.cat([torch.arange(g.length).repeat(g.count) for g in groups]).to(self.device)]
        for table, channel in zip(self._tables, tokens, strict=True):
            embedded += table[channel]
        x[:total] = embedded
        return self._norm(x, self._input_norm)

    def _norm(self, x: Tensor, parameters: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(x, (self.shape.hidden,), *parameters, eps=self.shape.epsilon)

    def _linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return functional.linear(x.to(self.dtype), weight, bias)

    def _full_layer(self, x: Tensor, layer: _Layer, groups: list[_Group]) -> Tensor:
        qkv = self._linear(x, *layer.qkv).view(len(x), 3, self.shape.heads, -1)
        context = torch.zeros(len(x), self.shape.hidden, device=self.device, dtype=self.dtype)
        for g in groups:
            q, k, v = (
                qkv[g.start : g.end, part].view(g.count, g.length, self.shape.heads, -1).transpose(1, 2)
                for part in range(3)
            )
            attended = functional.scaled_dot_product_attention(q, k, v)
            context[g.start : g.end] = attended.transpose(1, 2).reshape(g.count * g.length, -1)
        return self._after_attention(x, context, layer)

    def _first_token_layer(self, x: Tensor, layer: _Layer, groups: list[_Group]) -> Tensor:
        """The last layer for the first token of each text alone: a sixth of the layer's work remains."""
        d = self.shape.hidden
        weight, bias = layer.qkv
        first = torch.cat([torch.arange(g.start, g.end, g.length) for g in groups]).to(self.device)
        texts = len(first)
        rows = -(-texts // ROW_MULTIPLE) * ROW_MULTIPLE
        x_first = torch.zeros(rows, d, device=self.device)
        x_first[:texts] = x[first]
        query = self._linear(x_first, weight[:d], bias[:d]).view(rows, self.shape.heads, 1, -1)
        kv = self._linear(x, weight[d:], bias[d:]).view(len(x), 2, self.shape.heads, -1)
        context = torch.zeros(rows, d, device=self.device, dtype=self.dtype)
        done = 0
        for g in groups:
            k, v = (
                kv[g.start : g.end, part].view(g.count, g.length, self.shape.heads, -1).transpose(1, 2)
                for part in range(2)
            )
            q = torch.cat([query[done : done + g.count]] * QUERY_ROWS, dim=2)
            attended = functional.scaled_dot_product_attention(q, k, v)[:, :, 0]
            context[done : done + g.count] = attended.reshape(g.count, d)
            done += g.count
        return self._after_attention(x_first, context, layer)

    def _after_attention(self, x: Tensor, context: Tensor, layer: _Layer) -> Tensor:
        x = self._norm(x + self._linear(context, *layer.attention_out).float(), layer.attention_norm)
        inner = self._linear(x, *layer.up)
        if self.shape.activation == "relu":
            inner = functional.relu(inner)
        else:
            inner = functional.gelu(inner, approximate="tanh" if self.shape.activation == "gelu_new" else "none")
        return self._norm(x + self._linear(inner, *layer.down).float(), layer.out_norm)
