"""Binary logistic regression by damped Newton steps: sure, and slow where there are many features."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from harness.probes.logistic.features import Features

_HALVINGS = 40


def penalty(width: int, like: Tensor) -> Tensor:
    """Ones for the weights and zero for the intercept, which comes last."""
    import torch

    ones = torch.ones(width, dtype=like.dtype, device=like.device)
    ones[-1] = 0
    return ones


def newton(
    features: Features,
    y: Tensor,
    strength: float,
    w: Tensor,
    *,
    tolerance: float,
    mask: Tensor | None = None,
    precise: bool = False,
    limit: int = 100,
) -> tuple[Tensor, Tensor, float]:
    """Minimise ½‖w‖² + C Σ mᵢ log(1 + exp(−sᵢ zᵢ)) with a halving line search on the objective in float64.

    Args:
        features: the design matrix.
        y: 0/1 labels (n,), float64.
        strength: C.
        w: start (width,), float64.
        tolerance: a last step is made once the decrement √(gᵀ H⁻¹ g) is below it.
        mask: 0/1 weights of the rows (n,); all rows when None.
        precise: form the Hessian in float64 at once; otherwise in float32 where that is positive definite.
        limit: steps at most.

    Returns:
        the weights after the last step, and the Hessian and the decrement before it.
    """
    import torch
    from torch.nn.functional import softplus

    ridge = penalty(features.width, w)
    signs = 1 - 2 * y
    used = torch.ones_like(y) if mask is None else mask

    def objective(weights: Tensor, z: Tensor) -> float:
        return float(0.5 * (ridge * weights * weights).sum() + strength * (used * softplus(signs * z)).sum())

    z = features.logits(w[None])[0]
    value = objective(w, z)
    for _ in range(limit):
        p = torch.sigmoid(z)
        g = strength * features.pull((used * (p - y))[None])[0] + ridge * w
        hessian, factor = factorised(features, strength * used * p * (1 - p), precise)
        step = -torch.cholesky_solve(g[:, None].to(factor.dtype), factor)[:, 0].double()
        slope = float(g @ step)
        decrement = max(-slope, 0.0) ** 0.5
        along = features.logits(step[None])[0]
        alpha = 1.0
        for _ in range(_HALVINGS):
            new = objective(w + alpha * step, z + alpha * along)
            if new <= value + 1e-4 * alpha * slope + 1e-14 * abs(value):
                w, z, value = w + alpha * step, z + alpha * along, new
                break
            alpha /= 2
        else:
            break
        if decrement < tolerance:
            break
    return w, hessian, decrement


def factorised(features: Features, curvature: Tensor, precise: bool = False) -> tuple[Tensor, Tensor]:
    """Hessian and its Cholesky factor, in float32 where that is precise enough.

    Where even float64 cannot hold both the features' scale and the ridge, the diagonal is raised a little: steps get
    shorter, the optimum stays.
    """
    import torch

    ridge = penalty(features.width, curvature)
    attempts = [(torch.float64, raised) for raised in (0.0, 1e-14, 1e-11, 1e-8)]
    for dtype, raised in attempts if precise else [(torch.float32, 0.0), *attempts]:
        hessian = features.gram(curvature.to(dtype))
        hessian.diagonal().add_(ridge.to(dtype)).add_(raised * hessian.diagonal().max())
        # The intercept has no ridge: well separated classes may leave it without curvature.
        hessian[-1, -1] += torch.finfo(dtype).eps * (1 + hessian[-1, -1])
        factor, fault = torch.linalg.cholesky_ex(hessian)
        if not int(fault) and bool(torch.isfinite(factor.sum())):
            return hessian, factor
    raise FloatingPointError("the features of a logistic regression are too large for float64")
