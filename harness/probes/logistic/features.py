"""The design matrix: centred, with a column of ones, in float32 to travel and in float64 to arrive."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from harness import memory, onednn
from harness.probes.base import row_blocks

if TYPE_CHECKING:
    import torch
    from torch import Tensor

#: A float64 copy up to this share of the memory (512 MB of the usual 2 GB) is kept; a larger one is made chunk by
#: chunk whenever it is needed. A float32 copy is always kept, in a file where it is large.
_KEPT = 4
_CHUNK_ROWS = 4096


#: Fewer problems than this are quicker by torch's own product; on Intel's processors so are this many and more.
_FEW = 4
_MANY = 24

#: Values of the float32 form below this count as 0. Encoders have dimensions of nothing but 1e-32; their products with
#: residuals are denormal, and processors take five times as long for a matrix with a single such column.
_NOTHING = 1e-20


class Features:
    """Rows of a design matrix as the solvers need them.

    Columns are centred, which changes no optimum (the intercept is not penalised) and removes the large constant
    directions that make encoders' vectors ill-conditioned; a last column of ones carries the intercept.

    The float32 form is rounded after centring. The float64 form is exact for float32 embeddings.
    """

    def __init__(self, X: Tensor, mean: Tensor | None = None, index: Tensor | None = None) -> None:
        """Wrap features.

        Args:
            X: (n, d), float32 or float64.
            mean: float64 (d,), the centre; the columns' mean when None. Parts of one matrix share a centre, so
                that their weights can be compared.
            index: rows of `X` to stand for, in this order; all when None.
        """
        import torch

        self.X = X
        self.mean = _mean(X) if mean is None else mean
        self.index = torch.arange(len(X), device=X.device) if index is None else index
        self._kept: dict[torch.dtype, Tensor] = {}
        #: What this is most of, and which rows of it, where that has a float64 form to use.
        self._most_of: tuple[Features, Tensor] | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.index)

    @property
    def width(self) -> int:
        """Number of columns, the column of ones included."""
        return int(self.X.shape[1]) + 1

    def take(self, rows: Tensor) -> Features:
        """Select rows, with the same centre; forms that exist already are cut, not made again.

        The float64 form is used once or twice for a fit: where the part is most of the rows, multiplying all of them
        takes less time than copying.
        """
        import torch

        part = Features(self.X, self.mean, self.index[rows])
        most = 2 * len(rows) > self.rows and torch.float64 in self._kept
        part._most_of = (self, rows) if most else None
        part._kept = {
            dtype: torch.index_select(whole, 0, rows, out=self._empty(len(rows), dtype))
            for dtype, whole in self._kept.items()
            if not (most and dtype == torch.float64)
        }
        return part

    def form(self, rows: Tensor) -> Tensor:
        """Rows (m, width) in float64, the column of ones included."""
        return self._form(self.index[rows], self.mean.dtype)

    def logits(self, W: Tensor) -> Tensor:
        """Map weights (p, width) to logits (p, rows), in the precision of the weights."""
        import torch

        if self._most_of is not None and W.dtype == torch.float64:
            whole, rows = self._most_of
            return whole.logits(W).index_select(1, rows)
        parts = [_logits(W, chunk) for _, chunk in self._chunks(W.dtype)]
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)

    def pull(self, R: Tensor) -> Tensor:
        """Map residuals (p, rows) to gradients (p, width), in their precision: the transpose of `logits`."""
        import torch

        if self._most_of is not None and R.dtype == torch.float64:
            whole, chosen = self._most_of
            return whole.pull(R.new_zeros(len(R), whole.rows).index_copy_(1, chosen, R))
        total: Tensor | None = None
        for rows, chunk in self._chunks(R.dtype):
            part = R[:, rows] @ chunk
            total = part if total is None else total.add_(part)
        assert total is not None
        return total

    def gram(self, weights: Tensor) -> Tensor:
        """Compute Σ wᵢ xᵢ xᵢᵀ (width, width) in the precision of `weights` (rows,); upper blocks, mirrored."""
        import torch

        d = self.width
        edges = [round(d * k / 4) for k in range(5)]
        total = torch.zeros(d, d, dtype=weights.dtype, device=weights.device)
        for rows, chunk in self._chunks(weights.dtype):
            weighted = chunk * weights[rows, None]
            for a, b in pairwise(edges):
                total[a:b, a:] += weighted[:, a:b].T @ chunk[:, a:]
        return torch.triu(total) + torch.triu(total, 1).T

    def blocks(self, dtype: torch.dtype, most: int) -> Iterator[tuple[slice, Tensor]]:
        """All rows in a precision, at most so many at a time, each with its place."""
        for rows, chunk in self._chunks(dtype):
            for start in range(0, len(chunk), most):
                part = chunk[start : start + most]
                yield slice(rows.start + start, rows.start + start + len(part)), part

    def _chunks(self, dtype: torch.dtype) -> Iterator[tuple[slice, Tensor]]:
        import torch

        size = self.rows * self.width * (8 if dtype == torch.float64 else 4)
        if dtype in self._kept or size <= memory.share(_KEPT) or dtype == torch.float32:
            if dtype not in self._kept:
                self._kept[dtype] = self._form(self.index, dtype)
            yield slice(0, self.rows), self._kept[dtype]
            return
        for start in range(0, self.rows, _CHUNK_ROWS):
            rows = slice(start, min(start + _CHUNK_ROWS, self.rows))
            yield rows, self._form(self.index[rows], dtype)

    def _empty(self, rows: int, dtype: torch.dtype) -> Tensor:
        """Room for some rows in a precision; in a file where memory is too small for it."""
        import torch

        if self.X.device.type != "cpu" or not memory.large(rows * self.width * dtype.itemsize):
            return torch.empty(rows, self.width, dtype=dtype, device=self.X.device)
        return torch.from_numpy(memory.array((rows, self.width), str(dtype).removeprefix("torch.")))

    def _form(self, index: Tensor, dtype: torch.dtype) -> Tensor:
        import torch

        whole = self._empty(len(index), dtype)
        for start in range(0, len(index), _CHUNK_ROWS):
            rows = index[start : start + _CHUNK_ROWS]
            centred = self.X.index_select(0, rows).double() - self.mean
            if dtype == torch.float32:
                centred.masked_fill_(centred.abs() < _NOTHING, 0.0)
            whole[start : start + len(rows), :-1] = centred
        whole[:, -1] = 1
        return whole


def _mean(X: Tensor) -> Tensor:
    """Mean of the columns in float64; in blocks where a copy would be too large."""
    import torch

    blocks = list(row_blocks(X))
    if len(blocks) == 1:
        return X.mean(dim=0, dtype=torch.float64)
    return torch.stack([X[rows].sum(dim=0, dtype=torch.float64) for rows in blocks]).sum(dim=0) / len(X)


def _logits(W: Tensor, rows: Tensor) -> Tensor:
    """W Xᵀ (p, rows) of weights (p, width) and rows (rows, width), by the quicker kernel."""
    if len(W) < _FEW or (len(W) >= _MANY and onednn.intel()):
        return W @ rows.T
    return onednn.rows_by_rows(rows, W).T.contiguous()
