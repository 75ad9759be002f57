"""Fits of one data set over a path of strengths: the start and the preconditioner of all its folds.

The curvature of all rows resembles that of any training fold, so one Hessian for each strength serves every fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.probes.logistic.minimise import minimise
from harness.probes.logistic.newton import factorised, newton, penalty
from harness.probes.logistic.problems import BinaryProblems

if TYPE_CHECKING:
    from torch import Tensor

    from harness.probes.logistic.features import Features

#: Decrement, over √C, at which a fit is near enough to give start and curvature.
_NEAR = 0.1
_LIMIT = 20


@dataclass(frozen=True)
class Path:
    """Solutions of one data set, weakest fit (smallest C) first or as the strengths were given."""

    strengths: tuple[float, ...]
    weights: Tensor
    """float64 (strengths, width), near the optimum: decrement below about 0.1 √C."""
    hessians: tuple[Tensor, ...]
    """Hessian of each strength's objective near its optimum, float32 or float64."""

    def whiteners(self, share: float) -> tuple[Tensor, ...]:
        """Preconditioners for fits of a share of the rows: T with H⁻¹ ≈ Tᵀ T for each strength."""
        return tuple(_whitener(hessian, share) for hessian in self.hessians)

    def part(self, strengths: slice) -> Path:
        """The path of some of the strengths."""
        return Path(self.strengths[strengths], self.weights[strengths], self.hessians[strengths])


def fit_path(features: Features, y: Tensor, strengths: Sequence[float]) -> Path:
    """Fit all rows at each strength, each started and preconditioned by the one before.

    Args:
        features: the design matrix.
        y: 0/1 labels (n,), float64.
        strengths: C of ½‖w‖² + C Σ log-loss; ascending order is the quickest.
    """
    import torch

    weights: list[Tensor] = []
    hessians: list[Tensor] = []
    for strength in map(float, strengths):
        if not weights:
            # At no weights every row has the same curvature; it serves far from there as well, if the fit is weak.
            start = torch.zeros(features.width, dtype=torch.float64, device=y.device)
            hessian, _ = factorised(features, torch.full_like(y, strength / 4))
            w = _from_neighbour(features, y, strength, start, _whitener(hessian, 1.0))
        else:
            scale = strength / float(strengths[len(weights) - 1])
            w = _from_neighbour(features, y, strength, weights[-1], _whitener(hessians[-1], scale))
        p = torch.sigmoid(features.logits(w[None])[0])
        weights.append(w)
        hessians.append(factorised(features, strength * p * (1 - p))[0])
    return Path(tuple(map(float, strengths)), torch.stack(weights), tuple(hessians))


def _from_neighbour(features: Features, y: Tensor, strength: float, w: Tensor, whitener: Tensor) -> Tensor:
    """Weights near the optimum of one strength, from those of another."""
    import torch

    problem = BinaryProblems(features, y.float(), torch.full_like(w[:1], strength).float(), (None,), (0,), (whitener,))
    near = torch.full_like(w[:1], _NEAR * strength**0.5).float()
    found = minimise(problem, w[None].float(), near, _LIMIT)
    if bool(torch.isfinite(found.W).all()) and bool((found.decrement <= near).all()):
        return found.W[0].double()
    return newton(features, y, strength, w, tolerance=3 * float(near))[0]


def _whitener(hessian: Tensor, share: float) -> Tensor:
    """Inverse Cholesky factor T of the Hessian with its rows' part scaled by `share`: Tᵀ T is positive by form."""
    import torch

    for dtype in (hessian.dtype, torch.float64):
        scaled = share * hessian.to(dtype)
        scaled.diagonal().add_((1 - share) * penalty(len(scaled), scaled))
        factor, fault = torch.linalg.cholesky_ex(scaled)
        eye = torch.eye(len(factor), dtype=dtype, device=factor.device)
        inverse: Tensor = torch.linalg.solve_triangular(factor, eye, upper=False)
        if not int(fault) and bool(torch.isfinite(inverse.sum())):
            return inverse
    raise FloatingPointError("the preconditioner of a logistic regression is not positive definite")
