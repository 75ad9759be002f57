"""Linear layers with their weights laid out for the processor.

On x86 processors oneDNN multiplies by weights that were put into its own order once, and applies the bias, the
activation and the residual in the same pass over the result; torch's own path copies the bias in, multiplies, and
passes over the result again for each of them. The reordered kernels give a row the same bits whatever other rows
stand beside it, as the packed encoder promises. Everywhere else torch's own path is taken.
"""

from __future__ import annotations

import platform
from functools import cache
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

#: Activation of a configuration file → oneDNN's name of it and of its form (erf, or tanh).
_FUSED = {"gelu": ("gelu", "none"), "gelu_new": ("gelu", "tanh"), "relu": ("relu", "")}


class Linear(Protocol):
    """y = x Wᵀ + b."""

    def __call__(self, x: Tensor) -> Tensor:
        """The product (rows, out) of (rows, in), in the precision of the weights."""
        ...

    def activated(self, x: Tensor, activation: str) -> Tensor:
        """The product under an activation of `shape.ACTIVATIONS`."""
        ...

    def added(self, x: Tensor, residual: Tensor) -> Tensor:
        """The product added to a residual (rows, out) in float32."""
        ...


class TorchLinear:
    """Torch's own product.

    Args:
        weight: (out, in).
        bias: (out,).
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.weight = weight.contiguous()
        self.bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        """See `Linear`."""
        return functional.linear(x, self.weight, self.bias)

    def activated(self, x: Tensor, activation: str) -> Tensor:
        """See `Linear.activated`."""
        if activation == "relu":
            return functional.relu(self(x))
        return functional.gelu(self(x), approximate="tanh" if activation == "gelu_new" else "none")

    def added(self, x: Tensor, residual: Tensor) -> Tensor:
        """See `Linear.added`."""
        return residual + self(x).float()


class OneDnnLinear:
    """oneDNN's product; see the module. Arguments as of `TorchLinear`."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)
        self.bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        """See `Linear`."""
        return self._product(x, "none", "")

    def activated(self, x: Tensor, activation: str) -> Tensor:
        """See `Linear.activated`."""
        return self._product(x, *_FUSED[activation])

    def added(self, x: Tensor, residual: Tensor) -> Tensor:
        """See `Linear.added`."""
        if x.dtype != torch.float32:
            return residual + self(x).float()
        found: Tensor = torch.ops.mkldnn._linear_pointwise.binary(x, residual, self.weight, self.bias, "add")
        return found

    def _product(self, x: Tensor, activation: str, form: str) -> Tensor:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, activation, [], form)
        return found


def linear(weight: Tensor, bias: Tensor) -> Linear:
    """The layer in the form that is quickest where its weights lie.

    Args:
        weight: (out, in), on the device and in the precision of the work.
        bias: (out,).
    """
    fused = weight.device.type == "cpu" and onednn_serves(weight.dtype)
    return OneDnnLinear(weight, bias) if fused else TorchLinear(weight, bias)


@cache
def onednn_serves(dtype: torch.dtype) -> bool:
    """Whether this build of torch has the reordered kernels for a precision on this processor, and they are right."""
    if platform.machine().lower() not in ("x86_64", "amd64") or not torch._C._has_mkldnn:
        return False
    generator = torch.Generator().manual_seed(0)
    x, weight, bias = (torch.randn(size, generator=generator).to(dtype) for size in ((16, 32), (64, 32), (64,)))
    residual = torch.randn(16, 64, generator=generator)
    tolerance = 1e-5 if dtype == torch.float32 else 5e-2
    plain = TorchLinear(weight, bias)
    try:
        if dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return False
        with torch.inference_mode():
            fused = OneDnnLinear(weight, bias)
            pairs = [(fused(x), plain(x)), (fused.added(x, residual), plain.added(x, residual))]
            pairs += [(fused.activated(x, name), plain.activated(x, name)) for name in _FUSED]
        return all(torch.allclose(a.float(), b.float(), atol=tolerance, rtol=tolerance) for a, b in pairs)
    except (RuntimeError, AttributeError, NotImplementedError):
        # These operators are torch's own, not its public interface: a version may lack or change them.
        return False
