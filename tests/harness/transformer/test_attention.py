"""Attention text by text: as if every text were alone."""

import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from harness.transformer import attention
from harness.transformer.attention import Group, attend, attend_once

GROUPS = [Group(0, 2, 5), Group(10, 3, 2), Group(16, 1, 1)]


def drawn(rows: int, heads: int = 2, width: int = 4) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(rows, heads, width, generator=generator) for _ in range(3))


def alone(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> np.ndarray:
    """Attention of one text in float64: q (queries, heads, width), k and v (tokens, heads, width)."""
    q, k, v = (t.double() for t in (q, k, v))
    scores = torch.einsum("qhd,khd->hqk", q, k) / q.shape[2] ** 0.5
    return torch.einsum("hqk,khd->qhd", scores.softmax(-1), v).flatten(1).numpy()


def texts() -> list[slice]:
    return [slice(g.start + i * g.length, g.start + (i + 1) * g.length) for g in GROUPS for i in range(g.count)]


def imitation(q, k, v, edges, _edges, longest, _longest):
    """What torch's attention over any lengths is documented to do."""
    assert edges.dtype == torch.int32
    assert longest == int(edges.diff().max())
    parts = [slice(int(a), int(b)) for a, b in pairwise(edges)]
    found = [torch.from_numpy(alone(q[p], k[p], v[p])).float().view(-1, *q.shape[1:]) for p in parts]
    return torch.cat(found)


@pytest.mark.parametrize("at_once", [False, True])
def test_each_text_attends_to_itself(monkeypatch, at_once):
    if at_once:
        monkeypatch.setitem(sys.modules, "torch.nn.attention.varlen", SimpleNamespace(varlen_attn=imitation))
        monkeypatch.setattr(attention, "serves_any_length", lambda device, dtype: True)
    q, k, v = drawn(32)
    found = attend(q, k, v, GROUPS).numpy()
    for text in texts():
        np.testing.assert_allclose(found[text], alone(q[text], k[text], v[text]), atol=1e-5)
    assert not found[17:].any()


def test_one_query_for_each_text():
    _, k, v = drawn(32)
    q = drawn(8)[0]
    found = attend_once(q, k, v, GROUPS).numpy()
    for row, text in enumerate(texts()):
        np.testing.assert_allclose(found[row], alone(q[row : row + 1], k[text], v[text])[0], atol=1e-5)
    assert not found[6:].any()


def test_a_cpu_and_full_precision_go_text_by_text():
    assert not attention.serves_any_length(torch.device("cpu"), torch.bfloat16)
    assert not attention.serves_any_length(torch.device("cuda"), torch.float32)
