"""oneDNN's matrix kernels, as torch carries them.

On x86 processors they are quicker than those that torch's own functions choose: weights are put into oneDNN's order
once, and bias, activation and residual are applied in the same pass over the result. A row of the result has the same
bits whatever other rows stand beside it, for row counts that are multiples of 16.

The operators are not part of torch's public interface, and a version may lack or change them. So they are compared
with torch's public functions before they are used.
"""

import platform
from collections.abc import Callable
from functools import cache, partial

import torch
from torch import Tensor
from torch.nn import functional

#: Activation of `product` → torch's function, and oneDNN's name of it and of its form (erf, or tanh).
ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], str, str]] = {
    "none": (lambda y: y, "none", ""),
    "gelu": (functional.gelu, "gelu", "none"),
    "gelu_new": (partial(functional.gelu, approximate="tanh"), "gelu", "tanh"),
    "relu": (functional.relu, "relu", ""),
}


def reordered(weight: Tensor) -> Tensor:
    """A weight matrix (out, in) in oneDNN's order, for `product` and `product_added` alone."""
    found: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)
    return found


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None, activation: str = "none") -> Tensor:
    """Compute x Wᵀ + b under an activation.

    Args:
        x: (rows, in).
        weight: (out, in), reordered or not.
        bias: (out,).
        activation: `none`, `gelu` (by erf), `gelu_new` (by tanh) or `relu`.
    """
    _, name, form = ACTIVATIONS[activation]
    found: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, name, [], form)
    return found


def product_added(x: Tensor, residual: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Compute x Wᵀ + b + residual, all of one precision."""
    found: Tensor = torch.ops.mkldnn._linear_pointwise.binary(x, residual, weight, bias, "add")
    return found


def _x86() -> bool:
    return platform.machine().lower() in ("x86_64", "amd64")


def emulates(dtype: torch.dtype) -> bool:
    """Whether this is an x86 processor without arithmetic of a half precision, which then costs more than float32."""
    return dtype != torch.float32 and _x86() and not serves(dtype)


@cache
def serves(dtype: torch.dtype) -> bool:
    """Whether this build of torch has the kernels for a precision on this processor, and they are right."""
    if dtype not in (torch.float32, torch.bfloat16) or not _x86():
        return False
    generator = torch.Generator().manual_seed(0)
    x, plain, bias, residual = (
        torch.randn(size, generator=generator).to(dtype) for size in ((16, 32), (64, 32), (64,), (16, 64))
    )
    tolerance = 1e-5 if dtype == torch.float32 else 5e-2
    try:
        if dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return False
        with torch.inference_mode():
            weight, expected = reordered(plain), functional.linear(x, plain, bias)
            pairs = [
                (product(x, plain), functional.linear(x, plain)),
                (product_added(x, residual, weight, bias), expected + residual),
                *((product(x, weight, bias, name), form[0](expected)) for name, form in ACTIVATIONS.items()),
            ]
        return all(torch.allclose(a.float(), b.float(), atol=tolerance, rtol=tolerance) for a, b in pairs)
    except (RuntimeError, AttributeError, TypeError):
        return False
