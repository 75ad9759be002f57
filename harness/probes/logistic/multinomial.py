"""Multinomial logistic regression over a grid of strengths, all of them in one batch.

The preconditioner is a Kronecker form of the Hessian Σ (diag pᵢ − pᵢpᵢᵀ) ⊗ xᵢxᵢᵀ: the mean of its left factors beside
the Gram matrix of the features, which is diagonalised once. Böhning (1992) takes the bound ½(I − 11ᵀ/K) on the left; we
take the factors at the class frequencies, where all strengths start, and again at each strength's own probabilities
once they are near.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from harness import memory
from harness.probes.base import Array, rows_times, to_labels, to_matrix, to_numpy
from harness.probes.logistic.features import Features
from harness.probes.logistic.minimise import minimise
from harness.probes.logistic.newton import penalty
from harness.probes.logistic.selection import Convergence

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from harness.probes.logistic.minimise import Pair

#: Decrement at which a fit counts as converged, and at which watched decisions are looked at first.
TOLERANCE = 1e-6
ROUGH = 3e-4
#: Where a decision stays doubtful the decrement is divided by this, down to what float64 surely gives.
_FINER = 10
_FINEST = 1e-8
#: A decision is certain when its lead exceeds this many times the estimated error.
_SAFETY = 4.0
#: Arrays of logits that the minimiser holds at a time, the share of the memory that they may take together, and the
#: share of a block of rows where they may not.
_COPIES = 8
_TOGETHER = 4
_BLOCK = 32
#: Decrements at which the classes' factors are taken anew, and at which float32 hands over to float64.
_FAR = 10.0
_COARSE = 2e-3
#: Share of the first factors that is kept: where nearly all rows are certain their mean has next to no curvature, and
#: the few that are not have all of it.
_KEPT = 0.1
#: Pairs of curvature: the Kronecker form leaves more to learn than a Hessian of all rows does.
_REMEMBERED = 24
_COARSE_LIMIT = 60
_LIMIT = 1000
_ROUNDS = 5


@dataclass(frozen=True)
class MultinomialFits:
    """Fits of one data set at each strength."""

    weights: NDArray[np.float64]
    """(strengths, classes, d)."""
    intercepts: NDArray[np.float64]
    """(strengths, classes), summing to zero over the classes."""
    convergence: Convergence

    def decide(self, X: Array, strength: int) -> NDArray[np.float64]:
        """Logits (m, classes) of rows by the fit at one strength, given by its place in the grid."""
        import torch

        values = to_matrix(X)
        weights = torch.from_numpy(self.weights[strength]).to(values.device)
        return np.asarray(to_numpy(rows_times(values, weights.T)) + self.intercepts[strength])


@dataclass(frozen=True)
class _Problems:
    """½‖W‖² + C Σ −log softmax(W xᵢ + b)[yᵢ] for several C; weights flattened to (p, classes · width)."""

    features: Features
    onehot: Tensor
    """(classes, n)."""
    strengths: Tensor
    basis: Tensor
    """Eigenvectors of the Gram matrix (width, width), in columns; the last is the intercept."""
    values: Tensor
    """Its eigenvalues (width,); n for the intercept."""
    class_basis: Tensor
    """Eigenvectors of the classes' factor of each strength (p, classes, classes), in columns."""
    class_values: Tensor
    """Its eigenvalues (p, classes)."""

    def _open(self, W: Tensor) -> Tensor:
        return W.view(len(W), len(self.onehot), -1)

    def logits(self, W: Tensor) -> Tensor:
        """Logits (p, classes, n)."""
        return self.features.logits(W.reshape(-1, self.features.width)).view(len(W), len(self.onehot), -1)

    def along(self, D: Tensor) -> Tensor:
        """Change of the logits for a step."""
        return self.logits(D.float()).to(D.dtype)

    def residuals(self, Z: Tensor) -> Tensor:
        """softmax(z) − one-hot y (p, classes, n)."""
        return Z.softmax(1).sub_(self.onehot)

    def gradient(self, R: Tensor, W: Tensor) -> Tensor:
        """Gradient (p, classes · width)."""
        G = self.features.pull(R.view(-1, R.shape[2])).view(W.shape)
        ridge = penalty(self.features.width, W) * self._open(W)
        return G.mul_(self.strengths[:, None]).add_(ridge.reshape(W.shape))

    def change(self, R: Tensor, D: Tensor) -> Tensor:
        """Change of the gradient."""
        G = self.features.pull(R.float().view(-1, R.shape[2])).view(D.shape).to(D.dtype)
        ridge = penalty(self.features.width, D) * self._open(D)
        return G.mul_(self.strengths[:, None]).add_(ridge.reshape(D.shape))

    def precondition(self, G: Tensor) -> Tensor:
        """Solve with the Kronecker form of the Hessian."""
        turned = self.class_basis.mT @ (self._open(G) @ self.basis)
        return ((self.class_basis @ (turned * self._inverse())) @ self.basis.T).reshape(G.shape)

    def _scale(self) -> Tensor:
        """Eigenvalues of the Kronecker form (p, classes, width)."""
        scale = self.strengths[:, None, None] * self.class_values[:, :, None] * self.values
        return scale + penalty(len(self.values), scale)

    def _inverse(self) -> Tensor:
        """Their inverse, 0 for a constant added to all intercepts: no curvature, and no gradient but rounding."""
        import torch

        scale = self._scale()
        return torch.where(scale > 0, 1 / scale, torch.zeros_like(scale))

    def flatness(self, pairs: Sequence[Pair]) -> Tensor:
        """How many times longer than the Kronecker form has it an error may be, by the curvature of steps taken (p,).

        Where classes are separable nearly all rows are certain, and the objective is far flatter than the form.
        """
        import torch

        ratio = torch.ones_like(self.strengths)
        for step, change, useful in pairs:
            turned = self.class_basis.mT @ (self._open(step) @ self.basis)
            form, seen = (turned.square() * self._scale()).flatten(1).sum(1), (step * change).sum(1)
            ratio = torch.where(useful > 0, torch.maximum(ratio, form / seen), ratio)
        return ratio.sqrt()

    def at(self, W: Tensor) -> Self:
        """The same problems with the classes' factors at the probabilities of some weights."""
        import torch

        total = torch.zeros_like(self.class_basis, dtype=torch.float64)
        flat = W.reshape(-1, self.features.width)
        most = max(1, memory.share(_BLOCK) // (_COPIES * W.element_size() * len(flat)))
        for _, chunk in self.features.blocks(W.dtype, most):
            P = (flat @ chunk.T).view(len(W), len(self.onehot), -1).softmax(1)
            total += torch.diag_embed(P.sum(2)) - P @ P.mT
        before = self.class_basis.double() @ torch.diag_embed(self.class_values.double()) @ self.class_basis.double().mT
        basis, values = _factors(total / self.features.rows + _KEPT * before)
        return replace(self, class_basis=basis.to(W.dtype), class_values=values.to(W.dtype))

    def leverage(self, rows: Tensor, place: Tensor) -> Tensor:
        """√(vᵀ H⁻¹ v) of the logit of a class above that of each class; with the decrement a bound of its error.

        Args:
            rows: of a design matrix (m, width).
            place: a class of each row (p, 1, m).

        Returns:
            (p, classes, m), 0 for the class itself.
        """
        parts = self._inverse() @ (rows @ self.basis).square().T
        U = self.class_basis
        own = U.mT.gather(2, place.expand(-1, U.shape[1], -1))
        squares = U.square() @ parts - 2 * (U @ (own * parts)) + (own.square() * parts).sum(1, keepdim=True)
        return squares.scatter(1, place, 0).clamp_min(0).sqrt()

    def select(self, keep: Tensor) -> Self:
        """The batch of some of the strengths."""
        return replace(
            self,
            strengths=self.strengths[keep],
            class_basis=self.class_basis[keep],
            class_values=self.class_values[keep],
        )

    def to(self, dtype: torch.dtype) -> Self:
        """The same batch in another precision."""
        names = ("onehot", "strengths", "basis", "values", "class_basis", "class_values")
        return replace(self, **{name: getattr(self, name).to(dtype) for name in names})


class _Streamed(_Problems):
    """The same problems where the logits of all rows and strengths do not fit into memory.

    What the minimiser takes for logits are the weights, and what it takes for residuals is the data's part of the
    gradient: a smooth map of the weights as the residuals are one of the logits. It is summed up in blocks of rows.
    """

    def logits(self, W: Tensor) -> Tensor:
        """The weights themselves."""
        return W

    def along(self, D: Tensor) -> Tensor:
        """The step itself."""
        return D

    def residuals(self, Z: Tensor) -> Tensor:
        """Σᵢ (softmax(W xᵢ) − one-hot yᵢ) ⊗ xᵢ (p, classes · width)."""
        import torch

        G = torch.zeros_like(Z)
        flat = Z.reshape(-1, self.features.width)
        most = max(1, memory.share(_BLOCK) // (_COPIES * Z.element_size() * len(flat)))
        for rows, chunk in self.features.blocks(Z.dtype, most):
            R = (flat @ chunk.T).view(len(Z), len(self.onehot), -1).softmax(1).sub_(self.onehot[:, rows])
            G += (R.view(len(flat), -1) @ chunk).view(G.shape)
        return G

    def gradient(self, R: Tensor, W: Tensor) -> Tensor:
        """Gradient (p, classes · width)."""
        ridge = penalty(self.features.width, W) * self._open(W)
        return R * self.strengths[:, None] + ridge.reshape(W.shape)

    def change(self, R: Tensor, D: Tensor) -> Tensor:
        """Change of the gradient, which is linear in both."""
        return self.gradient(R, D)


def multinomial(
    X: Array,
    y: Array,
    classes: int,
    strengths: Sequence[float],
    watched: Array | None = None,
    *,
    tolerance: float | None = None,
) -> MultinomialFits:
    """Fit all rows at each strength of ½‖W‖² + C Σ log-loss (scikit-learn's objective), intercept unpenalised.

    >>> X = np.array([[-2.0], [-1.0], [0.0], [0.1], [1.0], [2.0]])
    >>> fits = multinomial(X, np.array([0, 0, 1, 1, 2, 2]), 3, [1.0, 100.0])
    >>> fits.decide(X, 1).argmax(axis=1).tolist()
    [0, 0, 1, 1, 2, 2]

    Args:
        X: features (n, d), as given.
        y: classes 0 … `classes` − 1 (n,); a class without rows is allowed and gets the lowest intercept.
        classes: number of classes.
        strengths: grid of C.
        watched: further rows (m, d), such as the development and test sets, if nothing but the classes that the fits
            decide for them is wanted: a fit is then solved so far that none of these decisions can change.
        tolerance: largest Newton decrement of a fit; `TOLERANCE`, or `ROUGH` at first with watched rows.

    Raises:
        ValueError: the shapes do not fit, a label is outside the range, or fewer than two classes have rows.
    """
    import torch

    first = tolerance or (TOLERANCE if watched is None else ROUGH)
    values = to_matrix(X)
    labels = to_labels(y, values)
    if len(labels) != len(values):
        raise ValueError(f"X has {len(values)} rows but y has {len(labels)}")
    counts = torch.bincount(labels.clamp_min(0), minlength=classes)
    if bool((labels < 0).any()) or len(counts) > classes or int((counts > 0).sum()) < 2:
        raise ValueError(f"y must hold at least two of the classes 0 to {classes - 1} and nothing else")
    present = (counts > 0).nonzero()[:, 0]
    features = Features(values)
    fine = _problems(features, labels, counts, present, strengths)
    start = torch.zeros(len(strengths), len(present), features.width, dtype=torch.float64, device=values.device)
    prior = (counts[present] / len(labels)).double().log()
    start[:, :, -1] = prior - prior.mean()
    start = start.view(len(strengths), -1)
    fine, near, learnt = _near(fine, start)
    W, decrement, error = _solved(fine, near, first, learnt)
    refined = torch.zeros_like(decrement, dtype=torch.bool)
    beyond = None if watched is None else Features(to_matrix(watched, "watched"), features.mean)
    target = first
    while beyond is not None and target > _FINEST and len(doubtful := _doubtful(fine, beyond, W, error)):
        target = max(target / _FINER, _FINEST)
        refined[doubtful] = True
        again = _solved(fine.select(doubtful), W[doubtful], target)
        W[doubtful], decrement[doubtful], error[doubtful] = again
    W = W.view(len(strengths), len(present), -1)
    weights = np.zeros((len(strengths), classes, features.width - 1))
    intercepts = np.full((len(strengths), classes), -np.inf)
    held = to_numpy(present)
    weights[:, held] = to_numpy(W[:, :, :-1])
    intercepts[:, held] = to_numpy(W[:, :, -1] - W[:, :, :-1] @ features.mean)
    reached = Convergence(len(strengths), first, float(decrement.max()), int(refined.sum()))
    return MultinomialFits(weights, intercepts, reached)


def _near(problems: _Problems, start: Tensor) -> tuple[_Problems, Tensor, list[Pair]]:
    """Weights close to the optimum by float32, with the classes' factors there, and what was learnt of the curvature.

    Where float32 overflows, the start itself.
    """
    import torch

    coarse = problems.to(torch.float32)
    found = minimise(
        coarse, start.float(), torch.full_like(coarse.strengths, _FAR), _COARSE_LIMIT, remembered=_REMEMBERED
    )
    if bool(torch.isfinite(found.W).all()):
        coarse = coarse.at(found.W)
        target = torch.full_like(coarse.strengths, _COARSE)
        found = minimise(coarse, found.W, target, _COARSE_LIMIT, history=found.history, remembered=_REMEMBERED)
    if not bool(torch.isfinite(found.W).all()):
        return problems, start, []
    problems = replace(problems, class_basis=coarse.class_basis.double(), class_values=coarse.class_values.double())
    return problems, found.W.double(), [(s.double(), change.double(), r.double()) for s, change, r in found.history]


def _solved(
    problems: _Problems, W: Tensor, tolerance: float, history: list[Pair] | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Weights and decrements in float64, by gradients that are exact at the end; and the error in the form's metric."""
    import torch

    target = torch.full_like(problems.strengths, tolerance)
    found = minimise(problems, W, target, _LIMIT, history=history, remembered=_REMEMBERED)
    for _ in range(_ROUNDS):
        # Exact gradients again, in place of those moved by rounded differences.
        found = minimise(problems, found.W, target, _LIMIT, history=found.history, remembered=_REMEMBERED)
        if not found.iterations:
            break
    return found.W, found.decrement, found.decrement * problems.flatness(found.history)


def _doubtful(problems: _Problems, watched: Features, W: Tensor, error: Tensor) -> Tensor:
    """Strengths with a decision for a watched row that the remaining error could turn, against any class."""
    import torch

    found = torch.zeros_like(error, dtype=torch.bool)
    flat = W.reshape(-1, problems.features.width)
    bound = _SAFETY * error[:, None, None]
    for _, chunk in watched.blocks(W.dtype, max(1, memory.share(_BLOCK) // (_COPIES * W.element_size() * len(flat)))):
        Z = (flat @ chunk.T).view(len(W), len(problems.onehot), -1)
        best, place = Z.max(dim=1, keepdim=True)
        found |= (best - Z < bound * problems.leverage(chunk, place)).flatten(1).any(1)
    return found.nonzero()[:, 0]


def _problems(
    features: Features, labels: Tensor, counts: Tensor, present: Tensor, strengths: Sequence[float]
) -> _Problems:
    import torch

    place = torch.empty_like(counts)
    place[present] = torch.arange(len(present), device=counts.device)
    onehot = torch.nn.functional.one_hot(place[labels], len(present)).T.double().contiguous()
    gram = features.gram(torch.ones(features.rows, dtype=torch.float32, device=labels.device)).double()
    gram[-1, :-1] = gram[:-1, -1] = 0
    eigenvalues, vectors = torch.linalg.eigh(gram[:-1, :-1])
    basis = torch.zeros_like(gram)
    basis[:-1, :-1], basis[-1, -1] = vectors, 1
    spread = torch.cat([eigenvalues.clamp_min(0), gram[-1:, -1]])
    p = (counts[present] / len(labels)).double()
    C = torch.tensor(list(strengths), dtype=torch.float64, device=labels.device)
    fits = _COPIES * 8 * len(strengths) * onehot.numel() <= memory.share(_TOGETHER)
    kind = _Problems if fits else _Streamed
    left = (torch.diag(p) - p[:, None] * p).expand(len(C), -1, -1)
    return kind(features, onehot, C, basis, spread, *_factors(left))


def _factors(left: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvectors (p, classes, classes) and eigenvalues (p, classes) of the classes' factors."""
    import torch

    # Adding a constant to all classes changes no probability: that direction has no curvature, rounding or not.
    centring = torch.eye(left.shape[1], dtype=left.dtype, device=left.device) - 1 / left.shape[1]
    values, basis = torch.linalg.eigh(centring @ left @ centring)
    values[:, 0] = 0
    return basis, values.clamp_min(0)
