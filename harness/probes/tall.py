"""Tall matrices, taken block by block: what a least-squares fit needs of more rows than memory holds in float64.

The factorisation is a sequential QR (Demmel, Grigori, Hoemmen and Langou 2012, SIAM J. Sci. Comput. 34): each block is
stacked under the triangle of those before it and factorised again. It is as exact as the QR of the whole, which normal
equations are not, and with the targets as further columns it leaves Qᵀy beside R.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness import memory

if TYPE_CHECKING:
    from torch import Tensor

#: Share of the memory that a block takes in float64, with what is computed of it.
_PARTS = 64


class Tall:
    """Rows of features with targets, centred.

    Args:
        values: features (n, d), in memory or a map of a file.
        targets: (n, t), float64.
        index: the rows that count, ascending or not; all when None.
        mean: centre of the features (d,), float64; the mean of the rows when None.
        centre: of the targets (t,).
    """

    def __init__(
        self,
        values: Tensor,
        targets: Tensor,
        index: Tensor | None = None,
        mean: Tensor | None = None,
        centre: Tensor | None = None,
    ) -> None:
        import torch

        self.values, self.targets = values, targets
        self.index = torch.arange(len(values), device=values.device) if index is None else index
        if mean is None:
            total = torch.zeros(values.shape[1], dtype=torch.float64, device=values.device)
            for block in self.blocks():
                total += values[block].double().sum(dim=0)
            mean = total / len(self.index)
        self.mean = mean
        self.centre = targets[self.index].mean(dim=0) if centre is None else centre

    def blocks(self) -> Iterator[Tensor]:
        """Places of the rows, as many at a time as memory allows in float64; more than there are columns."""
        width = self.values.shape[1] + self.targets.shape[1]
        step = max(2 * width, memory.share(_PARTS) // (8 * width))
        for start in range(0, len(self.index), step):
            yield self.index[start : start + step]

    def triangle(self) -> tuple[Tensor, Tensor, float]:
        """R (d, d) of the centred features, Qᵀy (d, t) of the centred targets, and ‖X‖_F before centring."""
        import torch

        d = self.values.shape[1]
        found = self.targets.new_zeros(0, d + self.targets.shape[1])
        squares = 0.0
        for block in self.blocks():
            rows = self.values[block].double()
            squares += float((rows * rows).sum())
            own = torch.cat([rows - self.mean, self.targets[block] - self.centre], dim=1)
            found = torch.linalg.qr(torch.cat([found, own]), mode="r").R
        return found[:d, :d], found[:d, d:], squares**0.5

    def products(self) -> tuple[Tensor, Tensor]:
        """XᵀX (d, d) and Xᵀy (d, t), features and targets centred."""
        d = self.values.shape[1]
        gram, pulled = self.mean.new_zeros(d, d), self.mean.new_zeros(d, self.targets.shape[1])
        for block in self.blocks():
            centred = self.values[block].double() - self.mean
            gram += centred.T @ centred
            pulled += centred.T @ (self.targets[block] - self.centre)
        return gram, pulled

    def moments(self, back: Tensor, weights: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """QᵀQ (r + 1, r + 1) and Qᵀ(y − ŷ) (r + 1, t) of these rows, for the basis Q of `n` rows with the intercept."""
        width = back.shape[1] + 1
        gram, pulled = back.new_zeros(width, width), back.new_zeros(width, weights.shape[1])
        for block in self.blocks():
            Q, residuals = self._basis(block, back, weights, n)
            gram += Q.T @ Q
            pulled += Q.T @ residuals
        return gram, pulled

    def held_out(self, back: Tensor, weights: Tensor, solved: Tensor, n: int) -> Tensor:
        """Predictions (rows, t) by the fit without these rows; `solved` is (I − QᵀQ)⁻¹ Qᵀ(y − ŷ)."""
        import torch

        parts = []
        for block in self.blocks():
            Q, residuals = self._basis(block, back, weights, n)
            parts.append(self.targets[block] - (residuals + Q @ solved))
        return torch.cat(parts)

    def _basis(self, block: Tensor, back: Tensor, weights: Tensor, n: int) -> tuple[Tensor, Tensor]:
        import torch

        centred = self.values[block].double() - self.mean
        residuals = self.targets[block] - self.centre - centred @ weights
        Q = torch.cat([centred @ back, centred.new_full((len(centred), 1), n**-0.5)], dim=1)
        return Q, residuals
