"""What all probes share: one way from arrays to tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from harness import memory

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

#: What every function of the probes accepts.
Array: TypeAlias = "NDArray[Any] | Tensor"

#: A float64 copy of features up to this share of the memory is made at once.
_SHARE = 8
#: Copies of a block that an expression over it may hold at a time.
_COPIES = 4

#: Rows held out together; the folds of one cross-validation are disjoint.
Folds: TypeAlias = "Sequence[NDArray[np.int64]]"


def to_tensor(values: Array, name: str = "X") -> Tensor:
    """View an array as a floating-point tensor, where it lies.

    float32 and float64 stay as they are, everything else becomes float64. A device that has no float64 (Apple's
    `mps`) hands its values to the CPU, because every solver here finishes in float64.

    Args:
        values: numbers of any shape.
        name: what it is, for the error message.

    Raises:
        ValueError: not finite.
    """
    import torch

    tensor = values if isinstance(values, torch.Tensor) else torch.from_numpy(_native(np.asarray(values)))
    tensor = tensor.detach()
    if tensor.device.type == "mps":
        tensor = tensor.cpu()
    if tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.double()
    rows = tensor if tensor.ndim else tensor[None]
    if not all(bool(torch.isfinite(rows[block]).all()) for block in row_blocks(rows)):
        raise ValueError(f"{name} holds NaN or infinite values")
    return tensor


def to_matrix(values: Array, name: str = "X") -> Tensor:
    """Like `to_tensor`, and insist on two dimensions with at least one row and one column.

    Raises:
        ValueError: another shape, empty, or not finite.
    """
    tensor = to_tensor(values, name)
    if tensor.ndim != 2 or 0 in tensor.shape:
        raise ValueError(f"{name} must be a matrix with at least one row and one column, not {tuple(tensor.shape)}")
    return tensor


def row_blocks(values: Tensor) -> Iterator[slice]:
    """Cut rows into blocks that may be in float64 at once: one block, unless memory is too small for all of them.

    Args:
        values: (n, ...).
    """
    n = len(values)
    each = 8 * max(1, values.numel() // max(n, 1))
    step = n if n * each <= memory.share(_SHARE) else max(1, memory.share(_SHARE) // (_COPIES * each))
    for start in range(0, n, max(step, 1)):
        yield slice(start, min(start + step, n))


def rows_times(values: Tensor, weights: Tensor) -> Tensor:
    """Multiply rows (n, d) by weights (d, ...) in float64, in blocks where a copy of the rows would be too large."""
    import torch

    parts = [values[rows].double() @ weights for rows in row_blocks(values)]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def to_labels(values: Array, beside: Tensor) -> Tensor:
    """View classes as an int64 vector on the device of the features; fractions are cut off.

    Args:
        values: (n,), or of any shape with as many entries.
        beside: the features.
    """
    import torch

    tensor = values if isinstance(values, torch.Tensor) else torch.from_numpy(_native(np.asarray(values)))
    return tensor.detach().to(beside.device, torch.int64).ravel()


def to_numpy(tensor: Tensor) -> NDArray[Any]:
    """Bring a tensor back as a NumPy array of the same dtype."""
    return np.asarray(tensor.detach().cpu().numpy())


def room(shape: tuple[int, ...], dtype: torch.dtype, beside: Tensor) -> Tensor:
    """A tensor of undefined content beside another one; on a CPU in a file where it would take much memory."""
    import torch

    if beside.device.type != "cpu":
        return torch.empty(shape, dtype=dtype, device=beside.device)
    return torch.from_numpy(memory.array(shape, str(dtype).removeprefix("torch.")))


def take_rows(values: Tensor, rows: NDArray[np.int64]) -> Tensor:
    """Copy some rows of a matrix, in their order; into a file where they would take much memory."""
    import torch

    index = torch.from_numpy(rows).to(values.device)
    return torch.index_select(values, 0, index, out=room((len(rows), values.shape[1]), values.dtype, values))


def unit_rows(X: Array) -> tuple[Tensor, int]:
    """Divide each row by its length, in float64; zero rows stay zero. Returns the rows and the number of zero ones."""
    import torch

    values = to_matrix(X)
    blocks = list(row_blocks(values))
    if len(blocks) == 1:
        return _unit_rows(values)
    unit, zeros = room(tuple(values.shape), torch.float64, values), 0
    for rows in blocks:
        unit[rows], own = _unit_rows(values[rows])
        zeros += own
    return unit, zeros


class UnitRows:
    """Rows divided by their lengths, block by block: kept where one block holds them, made again at each pass if not.

    Args:
        X: vectors (n, d).
    """

    def __init__(self, X: Array) -> None:
        values = to_matrix(X)
        self.blocks = tuple(row_blocks(values))
        self._kept = len(self.blocks) == 1
        #: The unit rows where they are kept, else the rows as given.
        self.values = _unit_rows(values)[0] if self._kept else values

    def __iter__(self) -> Iterator[tuple[slice, Tensor]]:
        """Places of the rows, and the rows in float64."""
        for rows in self.blocks:
            yield rows, self.values if self._kept else _unit_rows(self.values[rows])[0]


def _unit_rows(values: Tensor) -> tuple[Tensor, int]:
    values = values.double()
    # Scaled first, so that squares of tiny or huge entries neither vanish nor overflow.
    values = values / values.abs().amax(dim=1, keepdim=True).clamp_min(1e-300)
    length = values.norm(dim=1, keepdim=True)
    zero = length[:, 0] == 0
    return values / length.masked_fill(zero[:, None], 1), int(zero.sum())


def check_partition(folds: Folds, n: int) -> list[NDArray[np.int64]]:
    """Check that folds hold out each of `n` rows exactly once.

    Raises:
        ValueError: fewer than two folds, an empty one, or rows missing or repeated.
    """
    parts = [np.asarray(fold, dtype=np.int64) for fold in folds]
    if len(parts) < 2 or any(part.size == 0 for part in parts):
        raise ValueError(f"cross-validation needs at least two folds with rows, got {len(parts)}")
    if not np.array_equal(np.sort(np.concatenate(parts)), np.arange(n)):
        raise ValueError(f"the folds must hold out each of the {n} rows exactly once")
    return parts


def _native(array: NDArray[Any]) -> NDArray[Any]:
    """The same numbers in a form that torch can view: native byte order, writable, positive strides."""
    if array.dtype.kind not in "fiub":
        array = array.astype(np.float64)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        copy = memory.array(array.shape, array.dtype)
        np.copyto(copy, array)
        return copy
    return array


def held_out_residuals(Q: Tensor, gains: Tensor, residuals: Tensor) -> Tensor | None:
    """Residuals of rows when the fit leaves them out, from the fit of all rows.

    A penalised least-squares fit is linear in the targets, ŷ = H y, and leaving out a set f of rows changes its
    residuals to (I − H_ff)⁻¹ (y_f − ŷ_f) (for single rows: Allen's PRESS, Technometrics 1974).

    Args:
        Q: the rows of f (m, r) in an orthonormal basis of the columns.
        gains: how much the fit keeps of each basis direction (r,): 1 for least squares, below 1 with a penalty.
        residuals: y_f − ŷ_f (m, t).

    Returns:
        (m, t), or None where the remaining rows do not determine the fit (I − H_ff is singular to rounding).
    """
    import torch

    if len(Q) <= Q.shape[1]:
        inner = torch.eye(len(Q), dtype=Q.dtype, device=Q.device) - (Q * gains) @ Q.T
        factor, fault = torch.linalg.cholesky_ex(inner)
        if int(fault) or float(factor.diagonal().min()) ** 2 < SINGULAR:
            return None
        return torch.cholesky_solve(residuals, factor)
    # Woodbury, for fewer directions than rows: (I − Q g Qᵀ)⁻¹ = I + Q √g (I − √g QᵀQ √g)⁻¹ √g Qᵀ.
    scaled = Q * gains.sqrt()
    inner = torch.eye(Q.shape[1], dtype=Q.dtype, device=Q.device) - scaled.T @ scaled
    factor, fault = torch.linalg.cholesky_ex(inner)
    if int(fault) or float(factor.diagonal().min()) ** 2 < SINGULAR:
        return None
    return residuals + scaled @ torch.cholesky_solve(scaled.T @ residuals, factor)


#: Smallest pivot of I − H_ff that is told from zero; at it a residual has lost half of float64's digits.
SINGULAR = 1e-8
