"""Attention over texts that lie behind one another, with no mask and no padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import torch
from torch import Tensor
from torch.nn import functional

#: A single query for each text is given this many times: for fewer rows the attention kernel splits its work by batch
#: size, and the split moves the last bit.
QUERY_ROWS = 8


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


def attend(q: Tensor, k: Tensor, v: Tensor, groups: Sequence[Group], biases: Sequence[Tensor] | None = None) -> Tensor:
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
    added: Sequence[Tensor | None] = biases or [None] * len(groups)
    for g, bias in zip(groups, added, strict=True):
        queries, keys, values = (_texts(t, g) for t in (q, k, v))
        attended = functional.scaled_dot_product_attention(queries, keys, values, bias)
        context[g.start : g.end] = attended.transpose(1, 2).reshape(g.count * g.length, -1)
    return context


def attend_once(
    q: Tensor, k: Tensor, v: Tensor, groups: Sequence[Group], biases: Sequence[Tensor] | None = None
) -> Tensor:
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
    added: Sequence[Tensor | None] = biases or [None] * len(groups)
    for g, bias in zip(groups, added, strict=True):
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
