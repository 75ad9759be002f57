"""L2-regularised logistic regression: all folds and values of C at once, solved to a stated tolerance.

The objective is scikit-learn's, ½‖w‖² + C Σ log-loss, with an unpenalised intercept and features as given. Two classes
are one problem in one weight vector, more are multinomial. Every fit is a value of C and a 0/1 weight for each row, so
a whole grid of nested folds is two matrix products an iteration: L-BFGS (Nocedal and Wright 2006, algorithm 7.4) on
many fits at once, preconditioned by the Hessian of all rows near their optimum (two classes) or by a Kronecker form of
it, the mean of its class factors beside the Gram matrix (more classes; Böhning 1992).

Logits and gradients are updated by differences. The products with the features are then of steps, which shrink, so
float32 products serve a float64 state. A fit that is not solved so is solved in float64, with its own Hessian.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from harness import onednn
from harness.errors import NotConverged
from harness.probes.base import Folds, check_partition, to_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

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
#: Calls with float32 products and the shared preconditioner, and all calls, before a fit counts as not converged.
_QUICK, _ROUNDS = 4, 8
#: Logits of a batch; more fits are solved in several batches.
_BATCH = 6_000_000
#: A step is accepted where the slope along it has fallen to this share; lengths that are tried at most.
_SLOPE, _TRIALS = 0.5, 16
#: Share of an earlier class factor that is kept: rows that are all but certain leave the mean without curvature.
_KEPT = 0.1
#: Features below this are 0 in float32: products with residuals are denormal numbers, five times as slow.
_DENORMAL = 1e-20


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
class CrossValidated:
    """Held-out predictions at each C."""

    predicted: NDArray[np.int64]
    """Class of each row by the fit without its fold (C, n)."""
    accuracies: Floats
    """(C, folds)."""
    convergence: Convergence


@dataclass(frozen=True)
class Nested:
    """Result of nested cross-validation."""

    predicted: NDArray[np.int64]
    """Class of each row by the fit that leaves out its outer fold (n,)."""
    C: tuple[float, ...]
    """Value chosen in each outer fold."""
    inner: Floats
    """Mean inner accuracy of each outer fold and C."""
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
        ValueError: the shapes do not fit, a value is not finite, or fewer than two classes have rows.
        NotConverged: a fit stays far from its optimum.
    """
    design = _Design.of(X, y, classes, softmax)
    path = design.path(C_grid)
    return Fits(*design.open(path.W), path.convergence(path.decrement[:, None]))


def multinomial(X: NDArray[np.floating], y: NDArray[np.integer], classes: int, C_grid: Sequence[float]) -> Fits:
    """`logistic` in its multinomial form, whatever the number of classes."""
    return logistic(X, y, classes, C_grid, softmax=True)


def cross_validate(
    X: NDArray[np.floating],
    y: NDArray[np.integer],
    classes: int,
    C_grid: Sequence[float],
    folds: Folds,
    *,
    softmax: bool = False,
) -> CrossValidated:
    """Predict each row at each C by a fit without its fold.

    Args:
        X: features (n, d).
        y: classes (n,).
        classes: number of classes.
        C_grid: values of C.
        folds: rows held out by each fold.
        softmax: see `logistic`.

    Raises:
        ValueError: as `logistic`, the folds are no partition, or a training part lacks a class.
        NotConverged: a fit stays far from its optimum.
    """
    design = _Design.of(X, y, classes, softmax)
    parts = check_partition(folds, design.n)
    used = torch.ones(len(parts), design.n, dtype=torch.float64)
    for row, part in zip(used, parts, strict=True):
        row[part] = 0
    decided, convergence = design.path(C_grid).fit(used)
    labels = np.asarray(y)
    predicted = np.empty((len(C_grid), design.n), dtype=np.int64)
    for number, part in enumerate(parts):
        predicted[:, part] = decided[:, number, part]
    accuracies = np.stack([(predicted[:, part] == labels[part]).mean(axis=1) for part in parts], axis=1)
    return CrossValidated(predicted, accuracies, convergence)


def nested_cross_validation(
    X: NDArray[np.floating],
    y: NDArray[np.integer],
    classes: int,
    C_grid: Sequence[float],
    outer: Folds,
    inner: Sequence[Folds],
) -> Nested:
    """Choose C inside each outer fold and predict the rows that the fold holds out.

    The selection is SentEval's (`senteval/tools/validation.py`, `InnerKFoldClassifier`): see `first_best`.

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
    design = _Design.of(X, y, classes)
    path, labels = design.path(C_grid), np.asarray(y)
    predicted = np.empty(design.n, dtype=np.int64)
    chosen, means, facts = [], [], []
    for held_out, folds in zip(check_partition(outer, design.n), inner, strict=True):
        training = np.setdiff1d(np.arange(design.n), held_out, assume_unique=True)
        parts = [training[part] for part in check_partition(folds, len(training))]
        used = torch.ones(1 + len(parts), design.n, dtype=torch.float64)
        used[:, held_out] = 0
        for row, part in zip(used[1:], parts, strict=True):
            row[part] = 0
        decided, convergence = path.fit(used)
        accuracies = np.stack(
            [(decided[:, 1 + i, part] == labels[part]).mean(axis=1) for i, part in enumerate(parts)], axis=1
        )
        best = first_best(accuracies)
        predicted[held_out] = decided[best, 0, held_out]
        chosen.append(float(C_grid[best]))
        means.append(accuracies.mean(axis=1))
        facts.append(convergence)
    convergence = Convergence(
        sum(f.fits for f in facts), TOLERANCE, max(f.worst for f in facts), sum(f.missed for f in facts)
    )
    return Nested(predicted, tuple(chosen), np.array(means), convergence)


def first_best(accuracies: Floats) -> int:
    """The toolkit's choice: first best mean over folds (C, folds), in per cent to two decimals."""
    return int(np.argmax([round(100 * float(np.mean(row)), 2) for row in accuracies]))


@dataclass
class _Design:
    """Features, centred and with a column of ones, and what all fits of one data set share.

    Centring changes no optimum, since the intercept is not penalised, and removes the large constant directions that
    make encoders' vectors ill-conditioned.
    """

    exact: Tensor
    """float64 (n, width)."""
    quick: Tensor
    """The same in float32."""
    mean: Tensor
    target: Tensor
    """1 where a row has a class (outputs, n); two classes have one output, that of the second."""
    present: NDArray[np.int64]
    """Classes that have rows."""
    classes: int
    softmax: bool

    @classmethod
    def of(cls, X: NDArray[np.floating], y: NDArray[np.integer], classes: int, softmax: bool = False) -> _Design:
        """Check and centre."""
        values = torch.from_numpy(to_matrix(X))
        labels = np.asarray(y, dtype=np.int64).ravel()
        if len(labels) != len(values):
            raise ValueError(f"X has {len(values)} rows but y has {len(labels)}")
        present = np.unique(labels)
        if len(present) < 2 or present[0] < 0 or present[-1] >= classes:
            raise ValueError(f"y must hold at least two of the classes 0 to {classes - 1} and nothing else")
        mean = values.mean(dim=0, dtype=torch.float64)
        exact = torch.ones(len(values), values.shape[1] + 1, dtype=torch.float64)
        torch.sub(values, mean, out=exact[:, :-1])
        quick = exact.float()
        quick[quick.abs() < _DENORMAL] = 0
        target = torch.from_numpy(labels == present[1:, None] if len(present) == 2 else labels == present[:, None])
        return cls(exact, quick, mean, target.double(), present, classes, softmax)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.exact)

    def logits(self, W: Tensor, *, exact: bool) -> Tensor:
        """Map weights (p, outputs, width) to logits (p, outputs, n)."""
        flat = W.reshape(-1, W.shape[-1])
        if exact:
            return (flat @ self.exact.T).view(*W.shape[:2], -1)
        return onednn.rows_by_rows(self.quick, flat.float()).T.contiguous().to(W.dtype).view(*W.shape[:2], -1)

    def pull(self, R: Tensor, *, exact: bool) -> Tensor:
        """Map residuals (p, outputs, n) to gradients (p, outputs, width): the transpose of `logits`."""
        flat = R.reshape(-1, R.shape[-1])
        pulled = flat @ self.exact if exact else (flat.float() @ self.quick).to(R.dtype)
        return pulled.view(*R.shape[:2], -1)

    def classes_of(self, Z: Tensor) -> NDArray[np.int64]:
        """Decide logits (..., outputs, n) → classes (..., n)."""
        place = Z.squeeze(-2).gt(0).long() if len(self.target) == 1 else Z.argmax(dim=-2)
        return np.asarray(self.present[place.numpy()])

    def open(self, W: Tensor) -> tuple[Floats, Floats]:
        """Weights (C, classes, d) and intercepts (C, classes) for features as given, from (C, outputs, width)."""
        if len(self.target) == 1:
            W = torch.cat([-W / 2, W / 2] if self.softmax else [torch.zeros_like(W), W], dim=1)
        weights = np.zeros((len(W), self.classes, W.shape[-1] - 1))
        intercepts = np.full(weights.shape[:2], -np.inf)
        weights[:, self.present] = W[..., :-1].numpy()
        intercepts[:, self.present] = (W[..., -1] - W[..., :-1] @ self.mean).numpy()
        return weights, intercepts

    def path(self, C_grid: Sequence[float]) -> _Path:
        """Fit all rows at each C."""
        C = torch.tensor([float(c) for c in C_grid], dtype=torch.float64)
        if not len(C) or not bool((C > 0).all()) or not bool(torch.isfinite(C).all()):
            raise ValueError(f"values of C must be positive, got {list(C_grid)}")
        prior = self.target.mean(dim=1)
        W = torch.zeros(len(C), len(self.target), self.exact.shape[1], dtype=torch.float64)
        W[..., -1] = (prior / (1 - prior)).log() if len(prior) == 1 else prior.log() - prior.log().mean()
        # With a weight vector for each of two classes, w = w₁ − w₀ has half the penalty of w alone.
        C = 2 * C if self.softmax and len(prior) == 1 else C
        problems = _Problems(self, C, torch.ones(len(C), self.n, dtype=torch.float64), _Kronecker.at_prior(self, C))
        W, Z, _, _ = problems.minimise(W, self.logits(W, exact=True), _NEAR, exact=False)
        problems = replace(problems, precondition=problems.own(W, Z))
        W, Z, decrement = problems.solve(W, Z)
        return _Path(self, problems, W, Z, decrement)


@dataclass
class _Path:
    """Fits of all rows at each C: where the fits of parts of them start."""

    design: _Design
    problems: _Problems
    W: Tensor
    """(C, outputs, width)."""
    Z: Tensor
    """Logits (C, outputs, n)."""
    decrement: Tensor

    def fit(self, used: Tensor) -> tuple[NDArray[np.int64], Convergence]:
        """Fit every C to every choice of rows.

        Args:
            used: 0/1 weight of each row in each choice (m, n).

        Returns:
            Classes of all rows (C, m, n) by each fit.

        Raises:
            ValueError: a choice has rows of one class only.
            NotConverged: a fit stays far from its optimum.
        """
        held = used @ self.design.target.T
        if len(held.T) == 1 and bool(((held[:, 0] == 0) | (held[:, 0] == used.sum(1))).any()):
            raise ValueError("without one of the folds all rows have the same class: a fit needs both")
        count, outputs = len(self.W), len(self.design.target)
        step = max(1, _BATCH // (count * outputs * self.design.n))
        decided, reached = [], []
        for start in range(0, len(used), step):
            part = used[start : start + step]
            of = torch.arange(count).repeat_interleave(len(part))
            shared = self.problems.precondition
            if isinstance(shared, _Hessians):
                shared = shared.of_share(float(part.mean()))
            problems = replace(self.problems, precondition=shared).select(of)
            problems.used = part.repeat(count, 1)
            _, Z, decrement = problems.solve(self.W[of], self.Z[of])
            decided.append(self.design.classes_of(Z).reshape(count, len(part), -1))
            reached.append(decrement.view(count, -1))
        return np.concatenate(decided, axis=1), self.convergence(torch.cat(reached, dim=1))

    def convergence(self, decrement: Tensor) -> Convergence:
        """Sum up decrements (C, m).

        Raises:
            NotConverged: one is above `REFUSED`.
        """
        worst = float(decrement.max())
        if not worst <= REFUSED:
            lengths = self.design.exact[:, :-1].norm(dim=1)
            at = float(self.problems.C[int(decrement.amax(dim=1).argmax())])
            raise NotConverged(
                f"logistic regression did not converge at C = {at:g}: Newton decrement {worst:.1g} where at most "
                f"{REFUSED:g} is accepted. The longest vector has {float(lengths.max() / lengths.median()):.1g} "
                "times the median length"
            )
        return Convergence(decrement.numel(), TOLERANCE, worst, int((decrement > TOLERANCE).sum()))


@dataclass
class _Problems:
    """Fits side by side: each has a C and weights of the rows."""

    design: _Design
    C: Tensor
    """(p,)."""
    used: Tensor
    """(p, n)."""
    precondition: _Kronecker | _Hessians

    def select(self, keep: Tensor) -> _Problems:
        """Some of the fits."""
        return _Problems(self.design, self.C[keep], self.used[keep], self.precondition.select(keep))

    def own(self, W: Tensor, Z: Tensor) -> _Kronecker | _Hessians:
        """Preconditioner made at weights: each fit's own Hessian, or the Kronecker form with its own class factor."""
        if len(self.design.target) == 1:
            return _Hessians.at(self, Z[:, 0])
        assert isinstance(self.precondition, _Kronecker)
        return self.precondition.at(self, Z)

    def residuals(self, Z: Tensor) -> Tensor:
        """Derivative of the log-loss by the logits (p, outputs, n), 0 for rows that are not used."""
        P = Z.sigmoid() if len(self.design.target) == 1 else Z.softmax(1)
        return P.sub_(self.design.target).mul_(self.used[:, None])

    def gradient(self, R: Tensor, W: Tensor, *, exact: bool) -> Tensor:
        """Gradient (p, outputs, width); linear, so that changes of residuals and weights give its change."""
        G = self.design.pull(R, exact=exact).mul_(self.C[:, None, None])
        G[..., :-1] += W[..., :-1]
        return G

    def solve(self, W: Tensor, Z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Weights, logits of all rows and decrements, from a start; each fit ends with a check by exact gradients."""
        W, Z, decrement = W.clone(), Z.clone(), torch.full_like(self.C, torch.inf)
        todo = torch.arange(len(W))
        for number in range(_ROUNDS):
            problems, exact = self.select(todo), number >= _QUICK
            if exact:
                problems = replace(problems, precondition=problems.own(W[todo], Z[todo]))
            W[todo], Z[todo], decrement[todo], steps = problems.minimise(W[todo], Z[todo], TOLERANCE, exact=exact)
            todo = todo[steps > 0]
            if not len(todo):
                break
            Z[todo] = self.design.logits(W[todo], exact=True)
        return W, Z, decrement

    def minimise(self, W: Tensor, Z: Tensor, tolerance: float, *, exact: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Preconditioned L-BFGS; fits that have converged leave the batch.

        Args:
            W: start (p, outputs, width).
            Z: its logits.
            tolerance: decrement at which a fit is done.
            exact: whether products are taken in float64.

        Returns:
            Weights, logits, decrements and numbers of steps (p,).
        """
        W, Z, problems = W.clone(), Z.clone(), self
        R = self.residuals(Z)
        G = self.gradient(R, W, exact=True)
        ends = W.clone(), Z.clone(), torch.full_like(self.C, torch.inf), torch.zeros(len(W), dtype=torch.int64)
        place = torch.arange(len(W))
        pairs: list[tuple[Tensor, Tensor, Tensor]] = []
        for step in range(_ITERATIONS + 1):
            D = problems.direction(G, pairs)
            slope = _dot(G, D)
            # No descent: float64 does not hold the scales of the features.
            decrement = torch.where(slope > TOLERANCE**2, torch.inf, (-slope).clamp_min(0).sqrt())
            active = (decrement > tolerance) & torch.isfinite(decrement)
            if step == _ITERATIONS:
                active[:] = False
            if 10 * int(active.sum()) <= 9 * len(active):
                done = ~active
                for whole, part in zip(ends, (W, Z, decrement, torch.full_like(place, step)), strict=True):
                    whole[place[done]] = part[done]
                if not bool(active.any()):
                    break
                problems, place = problems.select(active.nonzero()[:, 0]), place[active]
                W, Z, R, G, D, slope = (part[active] for part in (W, Z, R, G, D, slope))
                pairs = [(s[active], y[active], r[active]) for s, y, r in pairs]
            alpha, Z, R, change = problems.search(Z, R, G, D, slope, exact=exact)
            S = alpha[:, None, None] * D
            W, G = W + S, G + change
            product = _dot(S, change)
            useful = product > torch.finfo(torch.float64).eps * (_dot(S, S) * _dot(change, change)).sqrt()
            pairs = [*pairs[1 - _MEMORY :], (S, change, torch.where(useful, 1 / product, 0.0)[:, None, None])]
        return ends

    def direction(self, G: Tensor, pairs: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
        """The two-loop recursion of L-BFGS."""
        q, alphas = G.clone(), []
        for s, y, r in reversed(pairs):
            alphas.append(r * _dot(s, q)[:, None, None])
            q -= alphas[-1] * y
        q = self.precondition(q)
        for (s, y, r), alpha in zip(pairs, reversed(alphas), strict=True):
            q += s * (alpha - r * _dot(y, q)[:, None, None])
        return -q

    def search(
        self, Z: Tensor, R: Tensor, G: Tensor, D: Tensor, slope: Tensor, *, exact: bool
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Steps along D (p,) where the slope has fallen to half, with logits, residuals and change of the gradient.

        The slope grows along a line of a convex function, so bisection by its sign finds the minimum; objective values
        of nearly converged fits cannot be told apart. Logits are linear in the step, so a trial costs one product.
        """
        U = self.design.logits(D, exact=exact)
        alpha, low, high = torch.ones_like(slope), torch.zeros_like(slope), torch.full_like(slope, torch.inf)
        new_Z = Z + U
        new_R = self.residuals(new_Z)
        change = self.gradient(new_R - R, D, exact=exact)
        for _ in range(_TRIALS):
            now = slope + _dot(change, D)
            bad = (now.abs() > _SLOPE * slope.abs()).nonzero()[:, 0]
            if not len(bad):
                break
            high = torch.where(now > 0, alpha, high)
            low = torch.where(now > 0, low, alpha)
            alpha[bad] = torch.where(torch.isinf(high), 4 * alpha, (low + high) / 2)[bad]
            some, a = self.select(bad), alpha[bad, None, None]
            new_Z[bad] = Z[bad] + a * U[bad]
            new_R[bad] = some.residuals(new_Z[bad])
            change[bad] = some.gradient(new_R[bad] - R[bad], a * D[bad], exact=exact)
        return alpha, new_Z, new_R, change


@dataclass
class _Hessians:
    """Preconditioner of fits with one output: some Hessians, and which serves which fit."""

    hessians: Tensor
    """(h, width, width)."""
    of: Tensor
    """(p,)."""

    def __post_init__(self) -> None:
        factors = torch.linalg.cholesky_ex(self.hessians).L
        eye = torch.eye(factors.shape[1], dtype=factors.dtype)
        self._whiteners = torch.linalg.solve_triangular(factors, eye, upper=False)

    @classmethod
    def at(cls, problems: _Problems, Z: Tensor) -> _Hessians:
        """The Hessian of each fit at its logits (p, n)."""
        P = Z.sigmoid()
        found = []
        for weights in problems.C[:, None] * problems.used * P * (1 - P):
            for X, raised in ((problems.design.quick, 0.0), *((problems.design.exact, r) for r in (0, 1e-14, 1e-10))):
                H = ((X * weights[:, None].to(X.dtype)).T @ X).double()
                H.diagonal()[:-1] += 1
                # Where float64 does not hold the scale of the features beside the penalty, steps get shorter.
                H.diagonal().add_(raised * H.diagonal().max())
                # The intercept has no penalty: classes that are well separated leave it next to no curvature.
                H[-1, -1] += torch.finfo(X.dtype).eps * (1 + H[-1, -1])
                if bool(torch.isfinite(H).all()) and not int(torch.linalg.cholesky_ex(H).info):
                    break
            found.append(H)
        return cls(torch.stack(found), torch.arange(len(found)))

    def of_share(self, share: float) -> _Hessians:
        """For fits of a share of the rows."""
        H = share * self.hessians
        H.diagonal(dim1=1, dim2=2)[:, :-1] += 1 - share
        return _Hessians(H, self.of)

    def __call__(self, G: Tensor) -> Tensor:
        """Apply the inverses to (p, 1, width)."""
        found = torch.empty_like(G)
        for one in sorted(set(self.of.tolist())):
            T, rows = self._whiteners[one], self.of == one
            found[rows, 0] = (G[rows, 0] @ T.T) @ T
        return found

    def select(self, keep: Tensor) -> _Hessians:
        """For some of the fits."""
        part = copy(self)
        part.of = self.of[keep]
        return part


@dataclass
class _Kronecker:
    """Preconditioner C A ⊗ XᵀX + I, where A is the mean of the rows' class factors diag(p) − p pᵀ."""

    C: Tensor
    basis: Tensor
    """Eigenvectors of XᵀX (width, width), in columns; the last is the intercept."""
    values: Tensor
    """Its eigenvalues (width,)."""
    factors: Tensor
    """A of each fit (p, outputs, outputs)."""

    def __post_init__(self) -> None:
        A = self.factors
        if A.shape[1] > 1:
            # A constant added to all classes changes no probability.
            centring = torch.eye(A.shape[1], dtype=A.dtype) - 1 / A.shape[1]
            A = centring @ A @ centring
        spread, self._turn = torch.linalg.eigh(A)
        scale = self.C[:, None, None] * spread.clamp_min(0)[:, :, None] * self.values
        if A.shape[1] > 1:
            scale[:, 0] = 0
        scale[..., :-1] += 1
        self._inverse = torch.where(scale > 0, 1 / scale, 0.0)

    @classmethod
    def at_prior(cls, design: _Design, C: Tensor) -> _Kronecker:
        """With the class frequencies for probabilities."""
        gram = (design.quick.T @ design.quick).double()
        if not bool(torch.isfinite(gram).all()):
            gram = design.exact.T @ design.exact
        values, vectors = torch.linalg.eigh(gram[:-1, :-1])
        basis = torch.zeros_like(gram)
        basis[:-1, :-1], basis[-1, -1] = vectors, 1
        p = design.target.mean(dim=1)
        factor = torch.diag(p) - p[:, None] * p
        values = torch.cat([values.clamp_min(0), gram[-1:, -1]])
        return cls(C, basis, values, factor.expand(len(C), -1, -1))

    def at(self, problems: _Problems, Z: Tensor) -> _Kronecker:
        """With the probabilities at logits, and a part of the earlier factors."""
        P = Z.softmax(1)
        used = problems.used[:, None] * P
        factors = (torch.diag_embed(used.sum(2)) - used @ P.mT) / problems.used.sum(1)[:, None, None]
        return _Kronecker(self.C, self.basis, self.values, factors + _KEPT * self.factors)

    def __call__(self, G: Tensor) -> Tensor:
        """Apply the inverse to (p, outputs, width)."""
        turned: Tensor = self._turn.mT @ (G @ self.basis) * self._inverse
        return torch.matmul(self._turn @ turned, self.basis.T)

    def select(self, keep: Tensor) -> _Kronecker:
        """For some of the fits."""
        return _Kronecker(self.C[keep], self.basis, self.values, self.factors[keep])


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Scalar product of each fit's values (p,)."""
    return (a * b).flatten(1).sum(1)
