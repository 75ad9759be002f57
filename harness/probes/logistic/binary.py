"""Every fold at every strength of one data set, as one batch of binary problems.

The recipe: the Hessian of all rows, near the optimum of each strength, preconditions all folds of that strength;
float32 brings the batch close, float64 finishes; and a fit is refined until its error cannot move any held-out
decision to the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness import memory
from harness.probes.logistic.minimise import minimise
from harness.probes.logistic.newton import newton
from harness.probes.logistic.problems import BinaryProblems

if TYPE_CHECKING:
    from torch import Tensor

    from harness.probes.logistic.features import Features
    from harness.probes.logistic.minimise import Pair
    from harness.probes.logistic.path import Path

#: Decrement at which a fit counts as converged; a logit's error is at most about the decrement times the row's
#: leverage √(xᵀ H⁻¹ x), which is below 1 for all but outlying rows.
TOLERANCE = 1e-5
#: Decrement at which float32 hands over to float64.
_COARSE = 1e-2
#: A held-out decision is certain when its logit exceeds this many times the estimated error.
_SAFETY = 4.0
#: Largest decrement asked for where a decision stays doubtful: what float64 can give.
_FINEST = 1e-10
#: Arrays of logits that the minimiser holds at a time, and the share of the memory that they may take together.
_COPIES = 8
_TOGETHER = 4
#: Iterations after which a fit is handed to Newton's method: its curvature is unlike that of all rows.
_LIMIT = 40


@dataclass(frozen=True)
class Solution:
    """Fits of every (strength, held-out range)."""

    W: Tensor
    """float64 (strengths, ranges, width): weights in the centred features, intercept last."""
    decrement: Tensor
    """Distance to the optimum (strengths, ranges), see `minimise.Minimum`."""
    held_logits: tuple[tuple[Tensor, ...], ...]
    """Logits of the held-out rows, by strength and range; empty for a range of None."""
    refined: int
    """Fits that went beyond the tolerance because a decision was doubtful."""
    iterations: int


def solve(
    features: Features,
    y: Tensor,
    path: Path,
    whiteners: tuple[Tensor, ...],
    held: Sequence[slice | None],
    watched: Features | None = None,
    tolerance: float = TOLERANCE,
) -> Solution:
    """Fit every strength of a path to the rows outside each held-out range.

    Args:
        features: rows, those held out together standing together.
        y: 0/1 labels (n,), float64.
        path: fits of these rows, or of a set that these are most of: the start.
        whiteners: the path's preconditioners for about as many rows as a fit has.
        held: ranges of rows; None leaves out nothing.
        watched: further rows whose decisions by the fits without held-out range must be certain (a test set).
        tolerance: largest decrement.
    """
    # Problems whose logits fit: ranges of all strengths where there is room for them, else strengths one by one.
    most, count = memory.share(_TOGETHER) // (_COPIES * 8 * features.rows), len(path.strengths)
    abreast, wide = max(1, most // count), min(count, max(1, most))
    grid = [
        [
            _solve(features, y, path.part(some), whiteners[some], held[start : start + abreast], watched, tolerance)
            for start in range(0, len(held), abreast)
        ]
        for some in (slice(first, first + wide) for first in range(0, count, wide))
    ]
    return _joined([_joined(row, 1) for row in grid], 0)


def _joined(parts: Sequence[Solution], dim: int) -> Solution:
    """Solutions of further strengths (`dim` 0) or further ranges (1) as one."""
    import torch

    if len(parts) == 1:
        return parts[0]
    held = [part.held_logits for part in parts]
    return Solution(
        torch.cat([part.W for part in parts], dim=dim),
        torch.cat([part.decrement for part in parts], dim=dim),
        sum(held, ()) if dim == 0 else tuple(sum(logits, ()) for logits in zip(*held, strict=True)),
        sum(part.refined for part in parts),
        max(part.iterations for part in parts),
    )


def _solve(
    features: Features,
    y: Tensor,
    path: Path,
    whiteners: tuple[Tensor, ...],
    held: Sequence[slice | None],
    watched: Features | None,
    tolerance: float,
) -> Solution:
    """`solve` with all ranges side by side."""
    import torch

    count, ranges = len(path.strengths), len(held)
    strengths = torch.tensor(path.strengths, dtype=torch.float64, device=y.device).repeat_interleave(ranges)
    groups = tuple(group for group in range(count) for _ in held)
    fine = BinaryProblems(features, y, strengths, tuple(held) * count, groups, whiteners).to(torch.float64)
    start = path.weights.repeat_interleave(ranges, 0)
    coarse = torch.full_like(strengths, _COARSE).float()
    near = minimise(fine.to(torch.float32), start.float(), coarse, 12)
    usable = bool(torch.isfinite(near.W).all())
    W, Z, decrement, iterations = _converge(
        fine,
        near.W.double() if usable else start,
        tolerance,
        [(s.double(), y.double(), r.double()) for s, y, r in near.history] if usable else [],
    )

    refined = torch.zeros(len(W), dtype=torch.bool, device=W.device)
    target = tolerance
    while target > _FINEST and len(doubtful := _doubtful(fine, watched, W, Z, decrement)):
        target = max(target / 100, _FINEST)
        refined[doubtful] = True
        W[doubtful], Z[doubtful], decrement[doubtful], _ = _converge(fine.select(doubtful), W[doubtful], target)
    # Copies: a view would keep the logits of all rows.
    logits = [Z[i, rows if rows is not None else slice(0)].clone() for i, rows in enumerate(fine.held)]
    return Solution(
        W.view(count, ranges, -1),
        decrement.view(count, ranges),
        tuple(tuple(logits[k * ranges : (k + 1) * ranges]) for k in range(count)),
        int(refined.sum()),
        iterations,
    )


def _doubtful(problems: BinaryProblems, watched: Features | None, W: Tensor, Z: Tensor, decrement: Tensor) -> Tensor:
    """Fits with a decision that their remaining error could turn.

    The error of a row's logit is at most √(xᵀ H⁻¹ x) times the decrement (Cauchy-Schwarz in the metric of H). Close
    to a logit of 0 a row that was fitted has xᵀ H⁻¹ x ≤ 4/C, which spares computing it for all but a few rows.
    """
    import torch

    found = []
    beyond = watched.logits(W) if watched is not None else None
    for i, rows in enumerate(problems.held):
        if rows is not None:
            logits, source, first = Z[i, rows].abs(), problems.features, rows.start
        elif watched is not None and beyond is not None:
            logits, source, first = beyond[i].abs(), watched, 0
        else:
            continue
        error = _SAFETY * float(decrement[i])
        near = (logits <= 4 * error * 2 / float(problems.strengths[i]) ** 0.5).nonzero()[:, 0]
        if len(near):
            leverage = (source.form(near + first) @ problems.whiteners[problems.groups[i]].double().T).norm(dim=1)
            if bool((logits[near] <= error * leverage).any()):
                found.append(i)
    return torch.tensor(found, dtype=torch.int64, device=W.device)


def _converge(
    problems: BinaryProblems, W: Tensor, tolerance: float, history: list[Pair] | None = None
) -> tuple[Tensor, Tensor, Tensor, int]:
    """Solve a batch in float64; what L-BFGS leaves unsolved goes through Newton's method, one by one."""
    import torch

    found = minimise(problems, W, torch.full_like(W[:, 0], tolerance), _LIMIT, history=history)
    for index in (found.decrement > tolerance).nonzero()[:, 0].tolist():
        mask = torch.ones_like(problems.y)
        if (left_out := problems.held[index]) is not None:
            mask[left_out] = 0
        # Near the optimum each step squares the decrement: the last step takes it far below this.
        w, _, decrement = newton(
            problems.features,
            problems.y,
            float(problems.strengths[index]),
            found.W[index],
            tolerance=max(tolerance / 100, _FINEST),
            mask=mask,
            precise=True,
        )
        found.W[index], found.decrement[index] = w, decrement
        found.Z[index] = problems.logits(w[None])[0]
    return found.W, found.Z, found.decrement, found.iterations
