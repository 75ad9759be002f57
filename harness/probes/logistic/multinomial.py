"""Multinomial logistic regression over a grid of strengths, all of them in one batch.

The preconditioner is a Kronecker form of the Hessian Σ (diag pᵢ − pᵢpᵢᵀ) ⊗ xᵢxᵢᵀ: the mean of its left factors at the
class frequencies (Böhning 1992 takes the bound ½(I − 11ᵀ/K); with rare classes the mean is far closer) beside the
Gram matrix of the features, each diagonalised once for all strengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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

#: Decrement at which a fit counts as converged.
TOLERANCE = 1e-6
#: Arrays of logits that the minimiser holds at a time, the share of the memory that they may take together, and the
#: share of a block of rows where they may not.
_COPIES = 8
_TOGETHER = 4
_BLOCK = 32
_COARSE = 1e-2
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
    """Eigenvectors of the classes' factor (classes, classes), in columns."""
    class_values: Tensor

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
        import torch

        turned = self.class_basis.T @ (self._open(G) @ self.basis)
        scale = self.strengths[:, None, None] * self.class_values[:, None] * self.values
        scale = scale + penalty(len(self.values), scale)
        # A constant added to all intercepts has no curvature, and no gradient but rounding: it stays.
        solved = torch.where(scale > 0, turned / scale, torch.zeros_like(turned))
        return ((self.class_basis @ solved) @ self.basis.T).reshape(G.shape)

    def select(self, keep: Tensor) -> Self:
        """The batch of some of the strengths."""
        return self._with(self.strengths[keep])

    def to(self, dtype: torch.dtype) -> Self:
        """The same batch in another precision."""
        parts = (self.basis, self.values, self.class_basis, self.class_values)
        return type(self)(
            self.features, self.onehot.to(dtype), self.strengths.to(dtype), *(part.to(dtype) for part in parts)
        )

    def _with(self, strengths: Tensor) -> Self:
        parts = (self.basis, self.values, self.class_basis, self.class_values)
        return type(self)(self.features, self.onehot, strengths, *parts)


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
    X: Array, y: Array, classes: int, strengths: Sequence[float], *, tolerance: float = TOLERANCE
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
        tolerance: largest Newton decrement of a fit.

    Raises:
        ValueError: the shapes do not fit, a label is outside the range, or fewer than two classes have rows.
    """
    import torch

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
    target = torch.full_like(fine.strengths, tolerance)
    near = minimise(fine.to(torch.float32), start.float(), torch.full_like(target, _COARSE).float(), 60)
    if bool(torch.isfinite(near.W).all()):
        learnt = [(s.double(), change.double(), r.double()) for s, change, r in near.history]
        found = minimise(fine, near.W.double(), target, _LIMIT, history=learnt)
    else:
        found = minimise(fine, start, target, _LIMIT)
    for _ in range(_ROUNDS):
        # Exact gradients again, in place of those moved by rounded differences.
        found = minimise(fine, found.W, target, _LIMIT)
        if not found.iterations:
            break
    W = found.W.view(len(strengths), len(present), -1)
    weights = np.zeros((len(strengths), classes, features.width - 1))
    intercepts = np.full((len(strengths), classes), -np.inf)
    held = to_numpy(present)
    weights[:, held] = to_numpy(W[:, :, :-1])
    intercepts[:, held] = to_numpy(W[:, :, -1] - W[:, :, :-1] @ features.mean)
    return MultinomialFits(weights, intercepts, Convergence(len(strengths), tolerance, float(found.decrement.max()), 0))


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
    class_values, class_basis = torch.linalg.eigh(torch.diag(p) - p[:, None] * p)
    # The smallest belongs to adding a constant to all classes, which changes no probability.
    class_values[0] = 0
    C = torch.tensor(list(strengths), dtype=torch.float64, device=labels.device)
    fits = _COPIES * 8 * len(strengths) * onehot.numel() <= memory.share(_TOGETHER)
    kind = _Problems if fits else _Streamed
    return kind(features, onehot, C, basis, spread, class_basis, class_values.clamp_min(0))
