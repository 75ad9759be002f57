"""L2-regularised logistic regression: all folds and values of C at once, solved to a stated tolerance.

The objective is scikit-learn's, ½‖w‖² + C Σ log-loss, with an unpenalised intercept and features as given. Two classes
are one problem in one weight vector, more are multinomial. Every fit is a value of C and a 0/1 weight for each row, so
a whole grid of nested folds is two matrix products an iteration: L-BFGS (Nocedal and Wright 2006, algorithm 7.4) on
many fits at once, preconditioned by the Hessian of all rows near their optimum (two classes) or by a Kronecker form of
it, the mean of its class factors beside the Gram matrix (more classes; Böhning 1992).

Logits are linear in the weights, so a step along a line costs one product. A fit that is not solved with the shared
preconditioner goes on with one of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.errors import NotConverged
from harness.probes import Folds

Floats = NDArray[np.float64]

#: Largest Newton decrement √(gᵀ H⁻¹ g) of a fit. The error of a row's logit is at most the decrement times √(xᵀ H⁻¹ x).
TOLERANCE = 1e-6
#: Decrement above which a fit is refused. In between it is counted as missed: separable classes at a large C are flat.
REFUSED = 1e-3
#: Decrement at which the preconditioner is made anew.
_NEAR = 1.0
#: Pairs of steps and gradient changes that L-BFGS remembers, and the most iterations of one call.
_MEMORY = 20
_ITERATIONS = 100
#: Calls, each but the first with a new preconditioner, before a fit counts as not converged.
_ROUNDS = 8
#: Logits of a batch; more fits are solved in several batches.
_BATCH = 6_000_000
#: A step is accepted where the slope along it has fallen to this share; lengths that are tried at most.
_SLOPE, _TRIALS = 0.5, 16
#: Share of the class factor at the class frequencies: rows that are all but certain have next to no curvature.
_KEPT = 0.1


@dataclass(frozen=True)
class Convergence:
    """How well a set of fits was solved; goes into the record."""

    fits: int
    tolerance: float
    """Largest Newton decrement that was asked for."""
    worst: float
    """Largest one reached."""
    missed: int = 0
    """Fits above the tolerance."""


@dataclass(frozen=True)
class Fits:
    """Fits of all rows at each C."""

    weights: Floats
    """(C, classes, d)."""
    intercepts: Floats
    """(C, classes); −inf for a class without rows."""
    convergence: Convergence

    def decide(self, X: NDArray[np.floating], place: int) -> Floats:
        """Logits (m, classes) of rows (m, d) by the fit at one C, given by its place in the grid."""
        return np.asarray(np.asarray(X, dtype=np.float64) @ self.weights[place].T + self.intercepts[place])


@dataclass(frozen=True)
class Nested:
    """Result of nested cross-validation."""

    predicted: NDArray[np.int64]
    """Class of each row by the fit that leaves out its outer fold (n,)."""
    C: tuple[float, ...]
    """Value chosen in each outer fold."""
    convergence: Convergence


def logistic(
    X: NDArray[np.floating], y: NDArray[np.integer], classes: int, C_grid: Sequence[float], *, softmax: bool = False
) -> Fits:
    """Fit all rows at each C.

    >>> X = np.array([[-2.0], [-1.0], [0.0], [0.1], [1.0], [2.0]])
    >>> fits = logistic(X, np.array([0, 0, 1, 1, 2, 2]), 3, [1.0, 100.0])
    >>> fits.decide(X, 1).argmax(axis=1).tolist()
    [0, 0, 1, 1, 2, 2]

    Args:
        X: features (n, d).
        y: classes 0 … `classes` − 1 (n,); a class without rows is allowed and never predicted.
        classes: number of classes.
        C_grid: values of C, the inverse strength of the penalty.
        softmax: whether two classes have a weight vector each, as scikit-learn's multinomial form has it, in place of
            one for both; the penalty of the same C is then half as strong.

    Raises:
        ValueError: fewer than two classes have rows.
        NotConverged: a fit stays far from its optimum.
    """
    path = _Path(X, y, classes, C_grid, softmax)
    convergence, W = path.convergence(path.decrement[:, None]), path.W
    if W.shape[1] == 1:
        W = torch.cat([-W / 2, W / 2] if softmax else [torch.zeros_like(W), W], dim=1)
    weights = np.zeros((len(W), classes, W.shape[-1] - 1))
    intercepts = np.full(weights.shape[:2], -np.inf)
    weights[:, path.present] = W[..., :-1].numpy()
    intercepts[:, path.present] = (W[..., -1] - W[..., :-1] @ path.mean).numpy()
    return Fits(weights, intercepts, convergence)


def cross_validate(
    X: NDArray[np.floating],
    y: NDArray[np.integer],
    classes: int,
    C_grid: Sequence[float],
    folds: Folds,
    *,
    softmax: bool = False,
) -> NDArray[np.int64]:
    """Predict each row at each C by a fit without its fold: classes (C, n).

    Args:
        X: features (n, d).
        y: classes (n,).
        classes: number of classes.
        C_grid: values of C.
        folds: rows held out by each fold.
        softmax: see `logistic`.

    Raises:
        ValueError: as `logistic`, or a training part has rows of one class only.
        NotConverged: a fit stays far from its optimum.
    """
    path = _Path(X, y, classes, C_grid, softmax)
    decided, _ = path.without(folds)
    predicted = np.empty((len(C_grid), len(X)), dtype=np.int64)
    for number, part in enumerate(folds):
        predicted[:, part] = decided[:, number, part]
    return predicted


def nested_cross_validation(
    X: NDArray[np.floating],
    y: NDArray[np.integer],
    classes: int,
    C_grid: Sequence[float],
    outer: Folds,
    inner: Sequence[Folds],
) -> Nested:
    """Choose C inside each outer fold and predict the rows that the fold holds out.

    The selection is SentEval's (`senteval/tools/validation.py`, `InnerKFoldClassifier`): the first best mean over the
    inner folds, in per cent to two decimals.

    Args:
        X: features (n, d).
        y: classes (n,).
        classes: number of classes.
        C_grid: values of C.
        outer: rows held out by each outer fold.
        inner: for each outer fold its inner folds, as places among its training rows in ascending order.

    Raises:
        ValueError: as `cross_validate`.
        NotConverged: a fit stays far from its optimum.
    """
    path = _Path(X, y, classes, C_grid)
    predicted = np.empty(len(X), dtype=np.int64)
    chosen, decrements = [], []
    for held_out, folds in zip(outer, inner, strict=True):
        training = np.delete(np.arange(len(X)), held_out)
        parts = [training[part] for part in folds]
        decided, decrement = path.without([held_out, *(np.concatenate([held_out, part]) for part in parts)])
        right = np.stack([(decided[:, place, part] == y[part]).mean(axis=1) for place, part in enumerate(parts, 1)], 1)
        best = int(np.argmax([round(100 * float(np.mean(row)), 2) for row in right]))
        predicted[held_out] = decided[best, 0, held_out]
        chosen.append(float(C_grid[best]))
        decrements.append(decrement)
    return Nested(predicted, tuple(chosen), path.convergence(torch.cat(decrements, dim=1)))


class _Path:
    """Fits of all rows at each C, from which the fits of parts of them start.

    Features are centred and have a column of ones. Centring changes no optimum, since the intercept is not penalised,
    and removes the large constant directions that make encoders' vectors ill-conditioned.
    """

    def __init__(
        self,
        X: NDArray[np.floating],
        y: NDArray[np.integer],
        classes: int,
        C_grid: Sequence[float],
        softmax: bool = False,
    ) -> None:
        values, labels = torch.from_numpy(np.ascontiguousarray(X)), np.asarray(y, dtype=np.int64)
        self.present = np.unique(labels)
        if len(self.present) < 2:
            raise ValueError(f"y must hold at least two of the classes 0 to {classes - 1}")
        C = torch.tensor(C_grid, dtype=torch.float64)
        self.mean = values.mean(dim=0, dtype=torch.float64)
        centred = torch.ones(len(values), values.shape[1] + 1, dtype=torch.float64)
        torch.sub(values, self.mean, out=centred[:, :-1])
        binary = len(self.present) == 2
        target = torch.from_numpy(labels == self.present[1 if binary else 0 :, None]).double()
        prior = target.mean(dim=1)
        W = torch.zeros(len(C), len(target), centred.shape[1], dtype=torch.float64)
        W[..., -1] = (prior / (1 - prior)).log() if binary else prior.log() - prior.log().mean()
        # With a weight vector for each of two classes, w = w₁ − w₀ has half the penalty of w alone.
        C = 2 * C if softmax and binary else C
        problems = _Problems(centred, target, C, torch.ones(len(C), len(centred), dtype=torch.float64))
        Z = problems.logits(W)
        W, Z, _ = problems.preconditioned(Z).minimise(W, Z, _NEAR)
        self.problems = problems.preconditioned(Z)
        self.W, self.Z, self.decrement = self.problems.solve(W, Z)
        self.convergence(self.decrement[:, None])  # before the folds, which take most of the time

    def without(self, parts: Folds) -> tuple[NDArray[np.int64], Tensor]:
        """Classes of all rows (C, parts, n) by the fits without each part, and the fits' decrements (C, parts).

        Raises:
            ValueError: one of them has rows of one class only.
            NotConverged: a fit stays far from its optimum.
        """
        target, (count, outputs, n) = self.problems.target, self.Z.shape
        used = torch.ones(len(parts), n, dtype=torch.float64)
        for row, part in zip(used, parts, strict=True):
            row[part] = 0
        held = used @ target.T
        if outputs == 1 and bool(((held[:, 0] == 0) | (held[:, 0] == used.sum(1))).any()):
            raise ValueError("without one of the folds all rows have the same class: a fit needs both")
        decided, reached = [], []
        step = max(1, _BATCH // (count * outputs * n))
        for start in range(0, len(used), step):
            some = used[start : start + step]
            of = torch.arange(count).repeat_interleave(len(some))
            problems = replace(self.problems.select(of), used=some.repeat(count, 1))
            _, Z, decrement = problems.solve(self.W[of], self.Z[of])
            place = Z[:, 0].gt(0).long() if outputs == 1 else Z.argmax(dim=1)
            decided.append(self.present[place.view(count, -1, n).numpy()])
            reached.append(decrement.view(count, -1))
            self.convergence(reached[-1])
        return np.concatenate(decided, axis=1), torch.cat(reached, dim=1)

    def convergence(self, decrement: Tensor) -> Convergence:
        """Sum up decrements (C, m).

        Raises:
            NotConverged: one is above `REFUSED`.
        """
        worst = float(decrement.max())
        if not worst <= REFUSED:
            lengths = self.problems.X[:, :-1].norm(dim=1)
            at = float(self.problems.C[int(decrement.amax(dim=1).argmax())])
            raise NotConverged(
                f"logistic regression did not converge at C = {at:g}: Newton decrement {worst:.1g} where at most "
                f"{REFUSED:g} is accepted. The longest vector has {float(lengths.max() / lengths.median()):.1g} "
                "times the median length"
            )
        return Convergence(decrement.numel(), TOLERANCE, worst, int((decrement > TOLERANCE).sum()))


@dataclass
class _Problems:
    """Fits side by side: each has a C (p,), 0/1 weights of the rows (p, n) and an entry of the preconditioner (p,)."""

    X: Tensor
    """Features (n, width), float64."""
    target: Tensor
    """1 where a row has a class (outputs, n); two classes have one output, that of the second."""
    C: Tensor
    used: Tensor
    of: Tensor | None = None
    precondition: _Hessians | _Kronecker | None = None

    def select(self, keep: Tensor) -> _Problems:
        """Some of the fits."""
        return replace(self, C=self.C[keep], used=self.used[keep], of=None if self.of is None else self.of[keep])

    def preconditioned(self, Z: Tensor) -> _Problems:
        """With a preconditioner of each fit, made at its logits."""
        made = _Hessians(self, Z) if Z.shape[1] == 1 else _Kronecker(self, Z)
        return replace(self, of=torch.arange(len(Z)), precondition=made)

    def logits(self, W: Tensor) -> Tensor:
        """Map weights (p, outputs, width) to logits (p, outputs, n)."""
        return (W.flatten(0, 1) @ self.X.T).view(*W.shape[:2], -1)

    def residuals(self, Z: Tensor) -> Tensor:
        """Derivative of the log-loss by the logits (p, outputs, n), 0 for rows that are not used."""
        P = Z.sigmoid() if Z.shape[1] == 1 else Z.softmax(1)
        return P.sub_(self.target).mul_(self.used[:, None])

    def gradient(self, R: Tensor, W: Tensor) -> Tensor:
        """Gradient (p, outputs, width); linear, so that changes of residuals and weights give its change."""
        G = (R.flatten(0, 1) @ self.X).view_as(W) * self.C[:, None, None]
        G[..., :-1] += W[..., :-1]
        return G

    def solve(self, W: Tensor, Z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Weights, logits of all rows and decrements, from a start."""
        W, Z, decrement = W.clone(), Z.clone(), torch.full_like(self.C, torch.inf)
        todo = torch.arange(len(W))
        for number in range(_ROUNDS):
            problems = self.select(todo)
            if number:
                problems = problems.preconditioned(Z[todo])
            W[todo], Z[todo], decrement[todo] = problems.minimise(W[todo], Z[todo], TOLERANCE)
            todo = torch.nonzero(~(decrement <= TOLERANCE))[:, 0]
            if not len(todo):
                break
            Z[todo] = self.logits(W[todo])
        return W, Z, decrement

    def minimise(self, W: Tensor, Z: Tensor, tolerance: float) -> tuple[Tensor, Tensor, Tensor]:
        """Preconditioned L-BFGS from weights and their logits, which it gives with the decrements.

        Fits that have converged leave the batch.
        """
        ends = W.clone(), Z.clone(), torch.full_like(self.C, torch.inf)
        problems, place, R = self, torch.arange(len(W)), self.residuals(Z)
        G = self.gradient(R, W)
        pairs: list[tuple[Tensor, Tensor, Tensor]] = []
        for step in range(_ITERATIONS + 1):
            D = problems.direction(G, pairs)
            slope = _dot(G, D)
            # No descent: float64 does not hold the scales of the features.
            decrement = torch.where(slope > TOLERANCE**2, torch.inf, (-slope).clamp_min(0).sqrt())
            active = (decrement > tolerance) & torch.isfinite(decrement) & (step < _ITERATIONS)
            if 10 * int(active.sum()) <= 9 * len(active):
                for whole, part in zip(ends, (W, Z, decrement), strict=True):
                    whole[place[~active]] = part[~active]
                if not bool(active.any()):
                    break
                problems, place = problems.select(active), place[active]
                W, Z, R, G, D, slope = (part[active] for part in (W, Z, R, G, D, slope))
                pairs = [(s[active], y[active], r[active]) for s, y, r in pairs]
            alpha, Z, R, change = problems.search(Z, R, D, slope)
            S = alpha[:, None, None] * D
            W, G, product = W + S, G + change, _dot(S, change)
            useful = product > torch.finfo(torch.float64).eps * (_dot(S, S) * _dot(change, change)).sqrt()
            pairs = [*pairs[1 - _MEMORY :], (S, change, torch.where(useful, 1 / product, 0.0)[:, None, None])]
        return ends

    def direction(self, G: Tensor, pairs: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
        """The two-loop recursion of L-BFGS."""
        assert self.precondition is not None and self.of is not None
        q, alphas = G.clone(), []
        for s, y, r in reversed(pairs):
            alphas.append(r * _dot(s, q)[:, None, None])
            q -= alphas[-1] * y
        q = self.precondition(q, self.of)
        for (s, y, r), alpha in zip(pairs, reversed(alphas), strict=True):
            q += s * (alpha - r * _dot(y, q)[:, None, None])
        return -q

    def search(self, Z: Tensor, R: Tensor, D: Tensor, slope: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Steps along D (p,) where the slope has fallen to half, with logits, residuals and change of the gradient.

        The slope grows along a line of a convex function, so bisection by its sign finds the minimum; objective values
        of nearly converged fits cannot be told apart. Logits are linear in the step, so a trial costs one product.
        """
        U = self.logits(D)
        alpha, low, high = torch.ones_like(slope), torch.zeros_like(slope), torch.full_like(slope, torch.inf)
        new_Z = Z + U
        new_R = self.residuals(new_Z)
        change = self.gradient(new_R - R, D)
        for _ in range(_TRIALS):
            now = slope + _dot(change, D)
            bad = now.abs() > _SLOPE * slope.abs()
            if not bool(bad.any()):
                break
            high, low = torch.where(now > 0, alpha, high), torch.where(now > 0, low, alpha)
            alpha[bad] = torch.where(torch.isinf(high), 4 * alpha, (low + high) / 2)[bad]
            some, a = self.select(bad), alpha[bad, None, None]
            new_Z[bad] = Z[bad] + a * U[bad]
            new_R[bad] = some.residuals(new_Z[bad])
            change[bad] = some.gradient(new_R[bad] - R[bad], a * D[bad])
        return alpha, new_Z, new_R, change


class _Hessians:
    """Preconditioner of fits with one output: the Hessian of each at its logits (p, 1, n)."""

    def __init__(self, problems: _Problems, Z: Tensor) -> None:
        P, X = Z[:, 0].sigmoid(), problems.X
        whiteners = []
        for weights in problems.C[:, None] * problems.used * P * (1 - P):
            for raised in (0.0, 1e-14, 1e-10):
                H = (X * weights[:, None]).T @ X
                H.diagonal()[:-1] += 1
                # Where float64 does not hold the scale of the features beside the penalty, steps get shorter.
                H.diagonal().add_(raised * H.diagonal().max())
                # The intercept has no penalty: classes that are well separated leave it next to no curvature.
                H[-1, -1] += torch.finfo(X.dtype).eps * (1 + H[-1, -1])
                factor, failed = torch.linalg.cholesky_ex(H)
                if bool(torch.isfinite(H).all()) and not int(failed):
                    break
            whiteners.append(torch.linalg.solve_triangular(factor, torch.eye(len(H), dtype=H.dtype), upper=False))
        self._whiteners = whiteners

    def __call__(self, G: Tensor, of: Tensor) -> Tensor:
        """Apply the inverses to (p, 1, width), for each row that of one entry (p,)."""
        found = torch.empty_like(G)
        for one in sorted(set(of.tolist())):
            T, rows = self._whiteners[one], of == one
            found[rows, 0] = (G[rows, 0] @ T.T) @ T
        return found


class _Kronecker:
    """Preconditioner C A ⊗ XᵀX + I, where A is the mean of the rows' class factors diag(p) − p pᵀ at logits."""

    def __init__(self, problems: _Problems, Z: Tensor) -> None:
        P, prior = Z.softmax(1), problems.target.mean(dim=1)
        used = problems.used[:, None] * P
        A = (torch.diag_embed(used.sum(2)) - used @ P.mT) / problems.used.sum(1)[:, None, None]
        A += _KEPT * (torch.diag(prior) - prior[:, None] * prior)
        spread, self._turn = torch.linalg.eigh(A)
        # Eigenvectors of the Gram matrix in columns; the last is the intercept.
        gram = problems.X.T @ problems.X
        values, self._basis = gram.diagonal().clone(), torch.eye(len(gram), dtype=gram.dtype)
        values[:-1], self._basis[:-1, :-1] = torch.linalg.eigh(gram[:-1, :-1])
        scale = problems.C[:, None, None] * spread.clamp_min(0)[:, :, None] * values.clamp_min(0)
        scale[..., :-1] += 1
        # A constant added to all classes changes no probability, the smallest eigenvalue of A: it leaves weights alone.
        scale[:, 0] = torch.inf
        self._inverse = 1 / scale

    def __call__(self, G: Tensor, of: Tensor) -> Tensor:
        """Apply the inverse to (p, outputs, width), for each row that of one entry (p,)."""
        turn = self._turn[of]
        turned: Tensor = turn.mT @ (G @ self._basis) * self._inverse[of]
        return torch.matmul(turn @ turned, self._basis.T)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Scalar product of each fit's values (p,)."""
    return (a * b).flatten(1).sum(1)
