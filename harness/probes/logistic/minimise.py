"""A batched L-BFGS for many smooth convex problems whose logits are linear in the weights.

Nocedal and Wright (2006), algorithm 7.4, with a preconditioner in place of the scaled identity, one column of
state for each problem, and a line search that looks at slopes only: objective values of nearly converged problems
cannot be told apart in float32, slopes can. Problems that have converged leave the batch.

Logits and gradients are moved by differences: the products with the design matrix are taken of the step and of the
change of the residuals, which shrink as the problem converges. So float32 products serve a float64 state: their
rounding is relative to the last step, not to the whole. An accepted unit step costs two of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from torch import Tensor

    Pair = tuple[Tensor, Tensor, Tensor]

#: Pairs of curvature that are remembered.
MEMORY = 12
#: The batch is made smaller when this share of it or less is at work.
_AT_WORK = 0.9
_SLOPE = 0.5
_TRIALS = 12


class Problems(Protocol):
    """A batch of problems; weights are (p, k), logits and residuals of any one shape that starts with p."""

    def logits(self, W: Tensor) -> Tensor:
        """Linear map from weights to logits, in the precision of the weights."""
        ...

    def along(self, D: Tensor) -> Tensor:
        """The same map for a step; float32 products are precise enough."""
        ...

    def residuals(self, Z: Tensor) -> Tensor:
        """Derivative of the loss by the logits."""
        ...

    def gradient(self, R: Tensor, W: Tensor) -> Tensor:
        """Gradient (p, k) of each objective from residuals and weights, in their precision."""
        ...

    def change(self, R: Tensor, D: Tensor) -> Tensor:
        """Change of the gradient for a change of the residuals and a step; float32 products are precise enough."""
        ...

    def precondition(self, G: Tensor) -> Tensor:
        """Apply an approximate inverse Hessian, symmetric and positive, to (p, k)."""
        ...

    def select(self, keep: Tensor) -> Self:
        """The batch of some of the problems."""
        ...


@dataclass
class Minimum:
    """Where the minimiser stopped."""

    W: Tensor
    """Weights (p, k)."""
    Z: Tensor
    """Logits of the weights."""
    decrement: Tensor
    """√(gᵀ H⁻¹ g) of each problem (p,) with the quasi-Newton H: the distance to the optimum in the objective's own
    metric, about √(2 (f − f*))."""
    iterations: int = 0
    """Iterations of the slowest problem."""
    history: list[Pair] = field(default_factory=list)
    """What was learnt of the curvature, latest last; a pair that a problem lacks is zero."""


@dataclass
class _State:
    """Weights, logits, residuals and gradients of the problems at work."""

    W: Tensor
    Z: Tensor
    R: Tensor
    G: Tensor

    def keep(self, rows: Tensor) -> _State:
        return _State(self.W[rows], self.Z[rows], self.R[rows], self.G[rows])


def minimise(
    problems: Problems,
    W: Tensor,
    tolerance: Tensor,
    limit: int,
    *,
    history: list[Pair] | None = None,
    remembered: int = MEMORY,
) -> Minimum:
    """Minimise every problem of a batch.

    Args:
        problems: objectives, convex.
        W: start (p, k); its dtype is the precision of the state.
        tolerance: largest decrement (p,) at which a problem counts as solved.
        limit: iterations after which what is left is returned as it is; the decrements tell.
        history: curvature learnt by a call before.
        remembered: most pairs of curvature to keep.
    """
    import torch

    Z = problems.logits(W)
    R = problems.residuals(Z)
    state = _State(W, Z, R, problems.gradient(R, W))
    result = Minimum(torch.empty_like(W), torch.empty_like(Z), torch.full_like(W[:, 0], torch.inf))
    place = torch.arange(len(W), device=W.device)
    pairs = list(history or [])
    learnt: list[tuple[Tensor, list[Pair]]] = []
    for iteration in range(limit + 1):
        D = _direction(problems, state.G, pairs)
        slope = (state.G * D).sum(1)
        decrement = (-slope).clamp_min(0).sqrt()
        active = decrement > tolerance
        if iteration == limit or not bool(active.any()):
            result.W[place], result.Z[place], result.decrement[place] = state.W, state.Z, decrement
            result.iterations = iteration
            break
        if int(active.sum()) <= _AT_WORK * len(active):
            done, keep = (~active).nonzero()[:, 0], active.nonzero()[:, 0]
            result.W[place[done]], result.Z[place[done]] = state.W[done], state.Z[done]
            result.decrement[place[done]] = decrement[done]
            learnt.append((place[done], _of(pairs, done)))
            problems, place, tolerance = problems.select(keep), place[keep], tolerance[keep]
            state, D, slope = state.keep(keep), D[keep], slope[keep]
            pairs = _of(pairs, keep)
        step, change, state = _search(problems, state, D, slope)
        pairs = [*pairs[-remembered + 1 :], _pair(step, change)]
    result.history = pairs if not learnt else _joined([*learnt, (place, pairs)], result.W)
    return result


def _of(pairs: list[Pair], problems: Tensor) -> list[Pair]:
    """The curvature of some of the problems."""
    return [(s[problems], y[problems], r[problems]) for s, y, r in pairs]


def _joined(learnt: list[tuple[Tensor, list[Pair]]], like: Tensor) -> list[Pair]:
    """The curvature of all problems, from that of parts of them."""
    import torch

    longest = max(len(pairs) for _, pairs in learnt)
    joined = [(torch.zeros_like(like), torch.zeros_like(like), torch.zeros_like(like[:, 0])) for _ in range(longest)]
    for problems, pairs in learnt:
        for whole, part in zip(reversed(joined), reversed(pairs), strict=False):
            for there, here in zip(whole, part, strict=True):
                there[problems] = here
    return joined


def _direction(problems: Problems, G: Tensor, history: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """The two-loop recursion."""
    q = G.clone()
    alphas = []
    for s, y, r in reversed(history):
        alpha = (r * (s * q).sum(1))[:, None]
        q -= alpha * y
        alphas.append(alpha)
    q = problems.precondition(q)
    for (s, y, r), alpha in zip(history, reversed(alphas), strict=True):
        q += s * (alpha - (r * (y * q).sum(1))[:, None])
    return -q


def _pair(step: Tensor, change: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A step, the change of gradient along it, and 1 / (their product); 0 disables a pair without curvature."""
    import torch

    product = (step * change).sum(1)
    tiny = torch.finfo(step.dtype).eps * step.norm(dim=1) * change.norm(dim=1)
    useful = product > tiny
    return step, change, torch.where(useful, 1 / torch.where(useful, product, torch.ones_like(product)), 0)


def _search(problems: Problems, state: _State, D: Tensor, slope: Tensor) -> tuple[Tensor, Tensor, _State]:
    """Step along `D` until the slope has fallen to half: (step, change of the gradient, state).

    The slope grows along a line of a convex function, so it brackets the minimum by itself.
    """
    import torch

    U = problems.along(D)
    Z = state.Z + U
    R = problems.residuals(Z)
    change = problems.change(R - state.R, D)
    new = _State(state.W + D, Z, R, state.G + change)
    bad = ((new.G * D).sum(1).abs() > _SLOPE * slope.abs()).nonzero()[:, 0]
    if not len(bad):
        return D, change, new
    some, old, d, u = problems.select(bad), state.keep(bad), D[bad], U[bad]
    initial, tail = slope[bad], (1,) * (Z.ndim - 1)
    alpha = torch.ones_like(initial)
    low, low_slope = torch.zeros_like(alpha), initial
    high, high_slope = torch.full_like(alpha, torch.inf), torch.zeros_like(alpha)
    found, moved = new.keep(bad), change[bad]
    for _ in range(_TRIALS):
        now = (found.G * d).sum(1)
        good = now.abs() <= _SLOPE * initial.abs()
        if bool(good.all()):
            break
        over = now > 0
        high, high_slope = torch.where(over, alpha, high), torch.where(over, now, high_slope)
        low, low_slope = torch.where(over, low, alpha), torch.where(over, low_slope, now)
        inside = low + (high - low) * (low_slope / (low_slope - high_slope)).clamp(0.1, 0.9)
        alpha = torch.where(good, alpha, torch.where(torch.isinf(high), 4 * alpha, inside))
        Z = old.Z + alpha.view(-1, *tail) * u
        R = some.residuals(Z)
        moved = some.change(R - old.R, alpha[:, None] * d)
        found = _State(old.W + alpha[:, None] * d, Z, R, old.G + moved)
    steps = torch.ones_like(slope)
    steps[bad], change[bad] = alpha, moved
    new.W[bad], new.Z[bad], new.R[bad], new.G[bad] = found.W, found.Z, found.R, found.G
    return D * steps[:, None], change, new
