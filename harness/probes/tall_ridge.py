"""Ridge regression from blocks of rows: what `ridge` computes where memory has no float64 copy of the features.

The sums XᵀX and Xᵀy are taken block by block. A fold's held-out predictions are linear in its own rows, so two passes
over them serve every penalty: one for the fold's moments, one for its predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness import memory
from harness.probes.base import SINGULAR, to_numpy
from harness.probes.tall import Tall

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True)
class Directions:
    """What every penalty of a ridge shares."""

    mean: Tensor
    """Centre of the features (d,)."""
    centre: Tensor
    """Mean of the targets (t,)."""
    basis: Tensor
    """Directions of the features with variance (d, r), orthonormal."""
    values: Tensor
    """Their sums of squares (r,)."""
    mapped: Tensor
    """Xᵀ y in that basis (r, t)."""

    def fits(self, penalties: Sequence[float]) -> tuple[Tensor, Tensor]:
        """Weights (penalties, d, t) and intercepts (penalties, t)."""
        import torch

        weights = torch.stack([self.basis @ (self.mapped / (self.values + a)[:, None]) for a in penalties])
        return weights, self.centre - self.mean @ weights


def kept(values: Tensor, shape: Sequence[int]) -> Tensor:
    """Which sums of squares (r,), ascending, of features of a shape are more than rounding."""
    import torch

    return values > torch.finfo(torch.float64).eps * max(shape) * values[-1]


def directions(rows: Tall) -> Directions:
    """Directions of the rows that count."""
    import torch

    gram, pulled = rows.products()
    values, basis = torch.linalg.eigh(gram)
    keep = kept(values, (len(rows.index), len(gram)))
    values, basis = values[keep], basis[:, keep]
    return Directions(rows.mean, rows.centre, basis, values, basis.T @ pulled)


def cross_fit(
    features: Tensor, targets: Tensor, penalties: Sequence[float], parts: Sequence[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """`ridge.ridge_cross_fit` of checked arguments, in a file where the predictions take much memory.

    Args:
        features: (n, d), in memory or a map of a file.
        targets: (n, t), float64.
        penalties: values of α, all positive.
        parts: the partition of the rows.

    Returns:
        (penalties, n, t).
    """
    import torch

    whole = Tall(features, targets)
    found = directions(whole)
    back = found.basis / found.values.sqrt()
    scaled = torch.cat([found.mapped / found.values.sqrt()[:, None], torch.zeros_like(found.mapped[:1])])
    predictions: NDArray[np.float64] = memory.array((len(penalties), *targets.shape), np.float64)
    for part in parts:
        fold = Tall(features, targets, torch.from_numpy(part).to(features.device), found.mean, found.centre)
        gram, pulled = _moments(fold, back, len(features))
        maps, alone = [], []
        for number, penalty in enumerate(penalties):
            gains = torch.cat([found.values / (found.values + penalty), found.values.new_ones(1)])
            solved = _left_out(gram, pulled, gains, scaled)
            alone += [number] if solved is None else []
            maps.append(torch.zeros_like(scaled) if solved is None else solved)
        stacked = torch.cat(maps, dim=1)
        for block in fold.blocks():
            shown = found.centre.repeat(len(penalties)) + _basis(fold, block, back, len(features)) @ stacked
            shown = shown.view(len(block), len(penalties), -1).transpose(0, 1)
            predictions[:, to_numpy(block)] = to_numpy(shown)
        if alone:
            _refit(fold, [penalties[number] for number in alone], predictions, alone)
    return predictions


def _left_out(gram: Tensor, pulled: Tensor, gains: Tensor, scaled: Tensor) -> Tensor | None:
    """Map (r + 1, t) from a fold's basis rows to its centred predictions by the fit without it.

    Woodbury, as in `base.held_out_residuals`, with the fold's rows taken out of the bracket.

    Args:
        gram: QᵀQ of the fold.
        pulled: Qᵀy of the fold.
        gains: how much the fit keeps of each direction.
        scaled: Qᵀy of all rows.

    Returns:
        None where the remaining rows do not determine the fit.
    """
    import torch

    root, kept_part = gains.sqrt(), gains[:, None] * scaled
    inner = torch.eye(len(gram), dtype=gram.dtype, device=gram.device) - root[:, None] * gram * root
    factor, fault = torch.linalg.cholesky_ex(inner)
    if int(fault) or float(factor.diagonal().min()) ** 2 < SINGULAR:
        return None
    residual = pulled - gram @ kept_part
    return kept_part - root[:, None] * torch.cholesky_solve(root[:, None] * residual, factor)


def _refit(fold: Tall, penalties: Sequence[float], predictions: NDArray[np.float64], numbers: Sequence[int]) -> None:
    """Fit the others by themselves, for penalties below rounding, and write the fold's predictions."""
    import torch

    rest = torch.ones(len(fold.values), dtype=torch.bool, device=fold.values.device)
    rest[fold.index] = False
    weights, intercepts = directions(Tall(fold.values, fold.targets, rest.nonzero()[:, 0])).fits(penalties)
    for block in fold.blocks():
        shown = fold.values[block].double() @ weights + intercepts[:, None]
        predictions[np.ix_(np.asarray(numbers), to_numpy(block))] = to_numpy(shown)


def _moments(fold: Tall, back: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """QᵀQ (r + 1, r + 1) and Qᵀy (r + 1, t) of a fold, targets centred."""
    width = back.shape[1] + 1
    gram, pulled = back.new_zeros(width, width), back.new_zeros(width, fold.targets.shape[1])
    for block in fold.blocks():
        Q = _basis(fold, block, back, n)
        gram += Q.T @ Q
        pulled += Q.T @ (fold.targets[block] - fold.centre)
    return gram, pulled


def _basis(fold: Tall, block: Tensor, back: Tensor, n: int) -> Tensor:
    """Rows in the orthonormal basis of all `n`, the intercept last (m, r + 1)."""
    import torch

    scores = (fold.values[block].double() - fold.mean) @ back
    return torch.cat([scores, scores.new_full((len(scores), 1), n**-0.5)], dim=1)
