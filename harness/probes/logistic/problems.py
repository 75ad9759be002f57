"""The objectives of binary logistic regression for many strengths and held-out ranges at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from harness.probes.logistic.newton import penalty

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from harness.probes.logistic.features import Features


@dataclass(frozen=True)
class BinaryProblems:
    """Minimise ½‖w‖² + C Σ log(1 + exp(−sᵢ(w·xᵢ + b))) over the rows outside a held-out range, for many (C, range)."""

    features: Features
    y: Tensor
    """0/1 labels (n,) in the precision of the work."""
    strengths: Tensor
    """C of each problem (p,)."""
    held: tuple[slice | None, ...]
    """Rows left out by each problem."""
    groups: tuple[int, ...]
    """Which whitener serves each problem, ascending."""
    whiteners: tuple[Tensor, ...]

    def logits(self, W: Tensor) -> Tensor:
        """Logits (p, n) of all rows, the held-out ones included."""
        return self.features.logits(W)

    def along(self, D: Tensor) -> Tensor:
        """Change of the logits for a step."""
        return self.features.logits(D.float()).to(D.dtype)

    def residuals(self, Z: Tensor) -> Tensor:
        """σ(z) − y (p, n), zero where a row is held out."""
        import torch

        R = torch.sigmoid(Z).sub_(self.y)
        for row, left_out in zip(R, self.held, strict=True):
            if left_out is not None:
                row[left_out] = 0
        return R

    def gradient(self, R: Tensor, W: Tensor) -> Tensor:
        """Gradient (p, width)."""
        return self.features.pull(R).mul_(self.strengths[:, None]).add_(penalty(W.shape[1], W) * W)

    def change(self, R: Tensor, D: Tensor) -> Tensor:
        """Change of the gradient."""
        pulled = self.features.pull(R.float()).to(D.dtype)
        return pulled.mul_(self.strengths[:, None]).add_(penalty(D.shape[1], D) * D)

    def precondition(self, G: Tensor) -> Tensor:
        """Solve with the Hessian of all rows at the problem's strength."""
        import torch

        parts, start = [], 0
        while start < len(self.groups):
            group = self.groups[start]
            stop = start + self.groups[start:].count(group)
            T = self.whiteners[group]
            parts.append(((G[start:stop].to(T.dtype) @ T.T) @ T).to(G.dtype))
            start = stop
        return torch.cat(parts)

    def select(self, keep: Tensor) -> Self:
        """The batch of some of the problems."""
        indices = keep.tolist()
        return type(self)(
            self.features,
            self.y,
            self.strengths[keep],
            tuple(self.held[i] for i in indices),
            tuple(self.groups[i] for i in indices),
            self.whiteners,
        )

    def to(self, dtype: torch.dtype) -> Self:
        """The same batch in another precision."""
        return type(self)(
            self.features,
            self.y.to(dtype),
            self.strengths.to(dtype),
            self.held,
            self.groups,
            self.whiteners,
        )
