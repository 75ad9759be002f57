"""Linear layers with their weights laid out for the processor.

Where oneDNN serves, it multiplies by weights that were put into its own order once, and applies bias, activation and
residual in the same pass over the result; torch's own path copies the bias in, multiplies, and passes over the result
again for each of them. Everywhere else torch's own path is taken.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from harness import onednn


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
        self.weight = onednn.reordered(weight)
        self.bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        """See `Linear`."""
        return onednn.product(x, self.weight, self.bias)

    def activated(self, x: Tensor, activation: str) -> Tensor:
        """See `Linear.activated`."""
        return onednn.product(x, self.weight, self.bias, activation)

    def added(self, x: Tensor, residual: Tensor) -> Tensor:
        """See `Linear.added`."""
        if x.dtype != torch.float32:
            return residual + self(x).float()
        return onednn.product_added(x, residual, self.weight, self.bias)


def linear(weight: Tensor, bias: Tensor) -> Linear:
    """The layer in the form that is quickest where its weights lie.

    Args:
        weight: (out, in), on the device and in the precision of the work.
        bias: (out,).
    """
    fused = weight.device.type == "cpu" and onednn.serves(weight.dtype)
    return OneDnnLinear(weight, bias) if fused else TorchLinear(weight, bias)
