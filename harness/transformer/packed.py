"""Running token ids through an encoder without padding.

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

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from harness import onednn
from harness.errors import UsageError, WeightsInvalid, first_line
from harness.transformer.checkpoint import Shape

T = TypeVar("T")

#: Rows of every packed matrix are a multiple of this.
ROW_MULTIPLE = 16

#: A single query for each text is given this many times: for fewer rows the attention kernel splits its work by batch
#: size, and the split moves the last bit.
QUERY_ROWS = 8

#: What torch's errors say of too little memory, in lower case.
_SHORTAGE = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")


def choose_device(device: str | None, dtype: str = "float32") -> torch.device:
    """The device of a name (`cpu`, `cuda:1`, `mps`); None or `auto` takes a GPU when there is one.

    Warns of a precision in which an x86 processor does not compute: `bfloat16` took MiniLM six times as long as float32
    on one without AVX-512.

    Raises:
        UsageError: no such device on this machine.
    """
    if device is None or device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=device)
    except Exception as error:  # torch raises RuntimeError, AssertionError or its own, by device
        reason = first_line(error).split(". ")[0]  # torch appends every backend that it knows
        raise UsageError(f"device {device!r} cannot be used here ({reason}); try `--device cpu`") from error
    if device == "cpu" and onednn.emulates(getattr(torch, dtype)):
        warnings.warn(
            f"this processor computes {dtype} in software: float32 is several times as fast (`bench`: --dtype float32, "
            "`carl`: --set precision=float32)",
            stacklevel=2,
        )
    return torch.device(device)


def tokens_of_batch(device: torch.device) -> int:
    """Most tokens of a batch: on a CPU more would leave a core's cache, a GPU waits for fewer."""
    return 1024 if device.type == "cpu" else 65_536


def backend(device: torch.device, dtype: torch.dtype) -> str:
    """Name of the arithmetic; vectors of different backends are never mixed in the cache."""
    return "onednn-packed" if device.type == "cpu" and onednn.serves(dtype) else "torch-packed"


def find_executable_batch_size(attempt: Callable[[int], T], size: int, least: int) -> T:
    """What `attempt` makes by batches of a size, halved for as long as memory is short and it is above `least`."""
    while True:
        try:
            return attempt(size)
        except (MemoryError, RuntimeError) as error:
            short = isinstance(error, MemoryError | torch.cuda.OutOfMemoryError)
            if size <= least or not (short or any(words in str(error).lower() for words in _SHORTAGE)):
                raise
        size //= 2
        torch.cuda.empty_cache()


class Linear:
    """y = x Wᵀ + b, by oneDNN's kernels where they serve (or as `fused` says) and by torch's own elsewhere.

    Weight (out, in) and bias (out,) are on the device and in the precision of the work.
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, fused: bool | None = None) -> None:
        self.fused = backend(weight.device, weight.dtype) == "onednn-packed" if fused is None else fused
        self.weight = onednn.reordered(weight) if self.fused else weight.contiguous()
        self.bias = bias

    def __call__(self, x: Tensor, activation: str = "none") -> Tensor:
        """The product (rows, out) of (rows, in) under an activation of `onednn.ACTIVATIONS`."""
        if self.fused:
            return onednn.product(x, self.weight, self.bias, activation)
        return onednn.ACTIVATIONS[activation][0](functional.linear(x, self.weight, self.bias))

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

    def of(self, rows: Tensor) -> Tensor:
        """The group's part (texts, tokens, ...) of the rows of a batch."""
        return rows[self.start : self.end].view(self.count, self.length, *rows.shape[1:])


def attend(
    q: Tensor, k: Tensor, v: Tensor, groups: Sequence[Group], biases: Sequence[Tensor | None], *, first: bool = False
) -> Tensor:
    """Let tokens look at all tokens of their text.

    Args:
        q: queries (rows, heads, width) of every token, or with `first` of the first token of each text alone.
        k: keys (rows, heads, width).
        v: values, likewise.
        groups: the texts, in the order of their rows; rows beyond the last are padding.
        biases: what is added to the scores of each group, (1, heads, length, length), or None.
        first: whether there is one query a text.

    Returns:
        (rows of q, heads · width), zero where there is padding.
    """
    context = torch.zeros(len(q), q.shape[1] * q.shape[2], device=q.device, dtype=q.dtype)
    done = 0
    for g, bias in zip(groups, biases, strict=True):
        each = 1 if first else g.length
        end = done + g.count * each
        queries = q[done:end].view(g.count, each, *q.shape[1:]).transpose(1, 2)
        if first:
            queries = queries.expand(-1, -1, QUERY_ROWS, -1).contiguous()
            bias = bias[:, :, :1].expand(-1, -1, QUERY_ROWS, -1).contiguous() if bias is not None else None
        keys, values = (g.of(rows).transpose(1, 2) for rows in (k, v))
        attended = functional.scaled_dot_product_attention(queries, keys, values, bias)[:, :, :each]
        context[done:end] = attended.transpose(1, 2).reshape(end - done, -1)
        done = end
    return context


def distance_bucket(apart: Tensor, buckets: int, farthest: int = 128) -> Tensor:
    """Bucket of the distance between two tokens, as T5 and MPNet count them.

    Half of the buckets serve each direction of `apart`, the key's position minus the query's. Short distances have a
    bucket each, longer ones share buckets of logarithmic width, and all from `farthest` on fall into the last.

    >>> distance_bucket(torch.tensor([0, -1, 1, -7, -8, -200, 200]), 32).tolist()
    [0, 1, 17, 7, 8, 15, 31]
    """
    half = buckets // 2
    exact = half // 2
    distance = apart.abs()
    steps = torch.log(distance.clamp(min=1).float() / exact) / math.log(farthest / exact) * (half - exact)
    shared = (exact + steps.long()).clamp(max=half - 1)
    return torch.where(distance < exact, distance, shared) + half * (apart > 0)


class Engine(ABC):
    """Runs token ids through a model of so many word vectors, in batches without padding."""

    #: Whether there is a pooler whose bias is not exactly zero, as initialisation leaves it.
    has_pooler = False

    def __init__(self, device: torch.device, dimensions: int, words: int) -> None:
        self.device, self.dimensions, self.words = device, dimensions, words

    @abstractmethod
    def tokens(self, ids: NDArray[np.int32], groups: list[Group]) -> Tensor:
        """Last-layer vectors of a batch's tokens, float32 (tokens, dimensions); rows of padding may follow.

        The ids are (channels, tokens), the groups the texts in the order of their tokens.
        """

    def vectors(self, ids: NDArray[np.int32], groups: list[Group], pooling: str) -> Tensor:
        """One vector per text of a batch, float32 (texts, dimensions); arguments as of `tokens` and `pooled`."""
        states = self.tokens(ids, groups)
        parts = [g.of(states) for g in groups]
        return torch.cat([p.mean(1) if pooling == "mean" else p[:, 0 if pooling == "cls" else -1] for p in parts])

    @torch.inference_mode()
    def pooled(
        self, items: Sequence[NDArray[np.int32]], pooling: str, batch_tokens: int | None = None
    ) -> NDArray[np.float32]:
        """One vector per text.

        Args:
            items: ids of each text, (tokens,) or (channels, tokens); at least one token.
            pooling: `cls`, `mean`, `pooler` or `last`.
            batch_tokens: most tokens in one batch (a longer text is one of its own); halved where memory is short.

        Returns:
            float32 (len(items), dimensions).
        """
        result = torch.empty(len(items), self.dimensions, device=self.device)

        def attempt(most: int) -> None:
            for rows, groups, ids in self._batches(items, most):
                result[self.sent(torch.tensor(rows))] = self.vectors(ids, groups, pooling)

        longest = max((item.shape[-1] for item in items), default=0)
        find_executable_batch_size(attempt, batch_tokens or tokens_of_batch(self.device), longest)
        return result.cpu().numpy()

    @torch.inference_mode()
    def states(self, items: Sequence[NDArray[np.int32]], batch_tokens: int | None = None) -> list[Tensor]:
        """Last-layer vectors of all tokens, float32 (tokens, dimensions) per text, on the CPU; see `pooled`."""
        found: dict[int, Tensor] = {}
        for rows, groups, ids in self._batches(items, batch_tokens or tokens_of_batch(self.device)):
            states = self.tokens(ids, groups).cpu()
            found.update(zip(rows, (text.clone() for g in groups for text in g.of(states)), strict=True))
        return [found[row] for row in range(len(items))]

    def _batches(
        self, items: Sequence[NDArray[np.int32]], most: int
    ) -> Iterator[tuple[list[int], list[Group], NDArray[np.int32]]]:
        """Texts by falling length (the largest batch fails first), cut so that no batch exceeds so many tokens."""
        order = sorted(range(len(items)), key=lambda i: -items[i].shape[-1])
        before = np.cumsum([0, *(items[i].shape[-1] for i in order)])
        start = 0
        while start < len(order):
            stop = max(start + 1, int(np.searchsorted(before, before[start] + most, "right")) - 1)
            rows, start, groups, row = order[start:stop], stop, [], 0
            for length, texts in groupby(items[i].shape[-1] for i in rows):
                groups.append(Group(row, len(list(texts)), length))
                row = groups[-1].end
            ids = np.concatenate([np.atleast_2d(items[i]) for i in rows], axis=1)
            if ids[0].max() >= self.words:
                raise WeightsInvalid(f"the tokeniser gives ids beyond the {self.words} word vectors")
            yield rows, groups, ids

    def sent(self, tensor: Tensor) -> Tensor:
        """A tensor of the CPU on the device; a GPU takes it while both go on working."""
        if self.device.type == "cpu":
            return tensor
        return (tensor.pin_memory() if self.device.type == "cuda" else tensor).to(self.device, non_blocking=True)


class PackedEncoder(Engine):
    """A BERT-, RoBERTa- or MPNet-shaped encoder, ready to run.

    Args:
        tensors: canonical name → tensor (`tensors.encoder_tensors`).
        shape: sizes and constants.
        tables: names of the embedding tables whose rows are summed, one for each channel of the input.
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
        super().__init__(device, shape.hidden, len(tensors[tables[0]]))
        self.shape = shape
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
            SimpleNamespace(
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
        if "pooler.dense.weight" in tensors:
            self._pooler = norm("pooler.dense")
            self.has_pooler = bool(self._pooler[1].any())

    def tokens(self, ids: NDArray[np.int32], groups: list[Group], first: Tensor | None = None) -> Tensor:
        """Last-layer vectors of a batch's tokens, or of its first tokens alone; see `Engine.tokens`."""
        x, biases = self._embed(ids, groups), self._biases(groups)
        for layer in self._layers[:-1]:
            x = self._layer(x, layer, groups, biases)
        return self._layer(x, self._layers[-1], groups, biases, first)

    def vectors(self, ids: NDArray[np.int32], groups: list[Group], pooling: str) -> Tensor:
        """One vector per text of a batch; the last layer for its first token alone where that is enough."""
        if pooling not in ("cls", "pooler"):
            return super().vectors(ids, groups, pooling)
        first = self.sent(torch.cat([torch.arange(g.start, g.end, g.length) for g in groups]))
        x = self.tokens(ids, groups, first)
        if pooling == "pooler":
            x = torch.tanh(functional.linear(x, *self._pooler))
        return x[: len(first)]

    def _embed(self, ids: NDArray[np.int32], groups: list[Group]) -> Tensor:
        places = torch.cat([torch.arange(g.length).repeat(g.count) for g in groups])
        embedded = self._positions[self.sent(places)]
        for table, channel in zip(self._tables, self.sent(torch.from_numpy(ids)), strict=True):
            embedded += table[channel]
        return self._norm(_filled_up(embedded), self._input_norm)

    def _biases(self, groups: list[Group]) -> list[Tensor | None]:
        """What is added to the attention scores of each group, (1, heads, length, length)."""
        if self._distance_bias is None:
            return [None] * len(groups)
        places = [torch.arange(g.length, device=self.device) for g in groups]
        return [self._distance_bias[:, p - p[:, None] + self.shape.max_tokens - 1][None] for p in places]

    def _norm(self, x: Tensor, parameters: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(x, (self.shape.hidden,), *parameters, eps=self.shape.epsilon)

    def _layer(
        self, x: Tensor, layer: Any, groups: list[Group], biases: list[Tensor | None], first: Tensor | None = None
    ) -> Tensor:
        """One layer; for the rows `first` alone, the first tokens', where given: a sixth of its work remains."""
        key, value = layer.key_value(x.to(self.dtype)).view(len(x), 2, self.shape.heads, -1).unbind(1)
        if first is not None:
            x = _filled_up(x[first])
        query = layer.query(x.to(self.dtype)).view(len(x), self.shape.heads, -1)
        context = attend(query, key, value, groups, biases, first=first is not None)
        x = self._norm(layer.attention_out.added(context, x), layer.attention_norm)
        inner = layer.up(x.to(self.dtype), self.shape.activation)
        return self._norm(layer.down.added(inner, x), layer.out_norm)


def _filled_up(x: Tensor) -> Tensor:
    """Rows of zeros behind those of a matrix, up to a multiple of `ROW_MULTIPLE`."""
    return functional.pad(x, (0, 0, 0, -len(x) % ROW_MULTIPLE))
