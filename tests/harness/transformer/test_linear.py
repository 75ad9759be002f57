"""Reordered kernels equal torch's, and give a row the same bits whatever stands beside it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import onednn
from harness.transformer.linear import OneDnnLinear, TorchLinear, linear
from harness.transformer.packed import ROW_MULTIPLE
from harness.transformer.shape import ACTIVATIONS

needs_onednn = pytest.mark.skipif(
    not onednn.serves(torch.float32), reason="this torch has no oneDNN for this processor"
)


def drawn(rows: int, columns: int, out: int, seed: int = 0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    sizes = ((rows, columns), (out, columns), (out,), (rows, out))
    return tuple(torch.randn(size, generator=generator) for size in sizes)


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.mark.parametrize("kind", [TorchLinear, pytest.param(OneDnnLinear, marks=needs_onednn)])
def test_products_equal_float64(kind):
    x, weight, bias, residual = drawn(48, 96, 64)
    layer = kind(weight, bias)
    exact = x.numpy().astype(np.float64) @ weight.numpy().astype(np.float64).T + bias.numpy()
    np.testing.assert_allclose(layer(x).numpy(), exact, atol=1e-4)
    np.testing.assert_allclose(layer.added(x, residual).numpy(), exact + residual.numpy(), atol=1e-4)
    wide = torch.from_numpy(exact)
    expected = {
        "relu": wide.clamp_min(0),
        "gelu": wide * 0.5 * (1 + torch.erf(wide / 2**0.5)),
        "gelu_new": 0.5 * wide * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (wide + 0.044715 * wide**3))),
    }
    for name in ACTIVATIONS:
        np.testing.assert_allclose(layer.activated(x, name).numpy(), expected[name].numpy(), atol=1e-4)


@needs_onednn
@settings(max_examples=25, deadline=None)
@given(start=st.integers(0, 20), blocks=st.integers(1, 20), rough=st.booleans())
def test_a_row_has_the_same_bits_beside_any_others(start, blocks, rough):
    dtype = torch.bfloat16 if rough and onednn.serves(torch.bfloat16) else torch.float32
    x, weight, bias, residual = drawn(ROW_MULTIPLE * 40, 96, 160)
    layer = OneDnnLinear(weight.to(dtype), bias.to(dtype))
    rows = slice(ROW_MULTIPLE * start, ROW_MULTIPLE * (start + blocks))
    x = x.to(dtype)
    assert torch.equal(layer(x)[rows], layer(x[rows]))
    assert torch.equal(layer.activated(x, "gelu")[rows], layer.activated(x[rows], "gelu"))
    assert torch.equal(layer.added(x, residual)[rows], layer.added(x[rows], residual[rows]))


def test_a_layer_takes_what_serves(monkeypatch):
    _, weight, bias, _ = drawn(16, 32, 32)
    for serves, kind in ((True, OneDnnLinear), (False, TorchLinear)):
        monkeypatch.setattr(onednn, "serves", lambda dtype, serves=serves: serves)
        monkeypatch.setattr(onednn, "reordered", lambda weight: weight)
        assert isinstance(linear(weight, bias), kind)
