"""Orthonormal bases of tall matrices from products alone, which processors take many times faster than reflections.

CholeskyQR2 (Fukaya, Nakatsukasa, Yanagisawa and Yamamoto 2014, ScalA): the triangle is the Cholesky factor of XᵀX, and
a second pass over the basis found so takes away what the first lost. It is as orthonormal as a factorisation by
reflections while X has a condition number below about 10⁷; beyond, the first basis tells, and reflections are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

#: Largest ‖QᵀQ − I‖ of the first pass that the second mends to rounding (it is squared, times the machine's epsilon).
_MENDABLE = 0.1
#: Columns below this share of what counts as zero are left out: they make XᵀX singular and move nothing.
_ABSENT = 1e-3


def orthonormal(X: Tensor, cutoff: float) -> tuple[Tensor, Tensor]:
    """Factorise X = Q R.

    >>> import torch
    >>> X = torch.tensor([[3.0, 1.0, 0.0], [4.0, 1.0, 0.0], [0.0, 2.0, 0.0]] * 5, dtype=torch.float64)
    >>> Q, R = orthonormal(X, 1e-9)
    >>> Q.shape, bool(torch.allclose(Q @ R, X)), bool(torch.allclose(Q.T @ Q, torch.eye(2, dtype=torch.float64)))
    (torch.Size([15, 2]), True, True)

    Args:
        X: (n, d), float64.
        cutoff: singular value below which the caller drops a direction. Columns whose norm is far below may be
            missing from Q, and are zero in R.

    Returns:
        Q (n, k) with orthonormal columns, and R (k, d); R is triangular but for missing columns.
    """
    import torch

    norms = torch.linalg.vector_norm(X, dim=0)
    held = (norms > _ABSENT * cutoff).nonzero()[:, 0]
    if 2 * len(held) > len(X) or not len(held):
        return _reflected(X)
    norms = norms[held]
    whole = X if len(held) == X.shape[1] else X[:, held]
    # Unit columns: the condition number is then near the least that any scaling gives (van der Sluis 1969).
    first = _triangle(whole.T @ whole / norms / norms[:, None])
    if first is None:
        return _reflected(X)
    first = first * norms
    Q = torch.linalg.solve_triangular(first, whole, upper=True, left=False)
    product = Q.T @ Q
    lost = float(torch.linalg.matrix_norm(product - torch.eye(len(product), dtype=X.dtype, device=X.device)))
    second = _triangle(product) if lost < _MENDABLE else None
    if second is None:
        return _reflected(X)
    R = X.new_zeros(len(held), X.shape[1])
    R[:, held] = second @ first
    return torch.linalg.solve_triangular(second, Q, upper=True, left=False), R


def _triangle(gram: Tensor) -> Tensor | None:
    """The upper Cholesky factor; None where there is none to rounding."""
    import torch

    factor, fault = torch.linalg.cholesky_ex(gram, upper=True)
    return None if int(fault) else factor


def _reflected(X: Tensor) -> tuple[Tensor, Tensor]:
    import torch

    Q, R = torch.linalg.qr(X)
    return Q, R
