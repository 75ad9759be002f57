"""Several pieces in one row: batches without padding to speak of, in which no piece sees another.

Rows have one width, so that a compiled network sees one shape; each piece keeps its own first token, its positions
start at 0, and attention stays within it (Krell et al. 2021, "Efficient sequence packing without
cross-contamination").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from carl.pretraining.encoded import Ragged

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Plan:
    """Which pieces share a row."""

    pieces: NDArray[np.int64]
    """Numbers of the pieces, row by row."""
    rows: NDArray[np.int64]
    """(rows + 1,): where each row begins in `pieces`, and the end."""
    width: int
    """Tokens of a row."""

    def __len__(self) -> int:
        return len(self.rows) - 1


def plan_rows(lengths: NDArray[np.int64], pieces: NDArray[np.int64], width: int, seed: int) -> Plan:
    """Put pieces into rows, the longest first, each into the row that it fills best.

    Args:
        lengths: (n,) tokens of every piece, 1 to `width`.
        pieces: numbers of the pieces to place.
        width: tokens of a row.
        seed: of the choice among pieces of one length.
    """
    shuffled = pieces[np.random.default_rng(seed).permutation(len(pieces))]
    order = shuffled[np.argsort(-lengths[shuffled], kind="stable")]
    rows: list[list[int]] = []
    open_rows: list[list[int]] = [[] for _ in range(width + 1)]  # by the room they have left
    rooms = 0  # bit r is set when a row with room r is open
    for piece, length in zip(order.tolist(), lengths[order].tolist(), strict=True):
        fitting = rooms >> length
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            row = open_rows[room].pop()
            if not open_rows[room]:
                rooms &= ~(1 << room)
            rows[row].append(piece)
        else:
            room, row = width, len(rows)
            rows.append([piece])
        if left := room - length:
            open_rows[left].append(row)
            rooms |= 1 << left
    ends = np.cumsum([len(row) for row in rows], dtype=np.int64)
    flat = np.array([piece for row in rows for piece in row], dtype=np.int64)
    return Plan(flat, np.concatenate([[0], ends]).astype(np.int64), width)


@dataclass(frozen=True)
class Rows:
    """A batch of rows."""

    ids: Tensor
    """int64 (R, T)."""
    texts: Tensor
    """int64 (R, T): the number of a token's piece within its row, from 1; 0 for padding."""
    positions: Tensor
    """int64 (R, T): places within the piece, 0 for padding."""
    members: Tensor
    """int64 (R, T): the number of a token's piece within the batch, from 0; `count` for padding."""
    firsts: Tensor
    """int64 (count,): where each piece's first token lies in the flattened batch."""
    whole: Tensor
    """Bool (count,): false for a piece that did not fit into its row whole."""

    @property
    def count(self) -> int:
        """Pieces in the batch."""
        return len(self.firsts)

    def to(self, device: torch.device) -> Rows:
        """The same rows on another device."""
        parts = (self.ids, self.texts, self.positions, self.members, self.firsts, self.whole)
        return Rows(*(part.to(device, non_blocking=True) for part in parts))


def assemble(
    ragged: Ragged, plan: Plan, rows: NDArray[np.int64], *, width: int, padding: int
) -> tuple[Rows, NDArray[np.int64]]:
    """Lay the pieces of some rows out.

    Args:
        ragged: token ids of all pieces.
        plan: which of them share a row.
        rows: numbers of the rows.
        width: tokens of a row; what does not fit is left out (a teacher's tokens may be more than the planned ones).
        padding: id that fills up.

    Returns:
        The rows, and the numbers of their pieces (count,) in the order in which they lie.
    """
    per_row = plan.rows[rows + 1] - plan.rows[rows]
    row_of = np.repeat(np.arange(len(rows)), per_row)
    within_row = _counting(per_row)
    pieces = plan.pieces[np.repeat(plan.rows[rows], per_row) + within_row]
    lengths = ragged.lengths[pieces]
    before = np.cumsum(lengths) - lengths
    offsets = before - before[np.searchsorted(row_of, row_of)]

    positions = _counting(lengths)
    flat = ragged.flat[np.repeat(ragged.starts[pieces], lengths) + positions]
    member = np.repeat(np.arange(len(pieces)), lengths)
    column = offsets[member] + positions
    fits = column < width
    places = (row_of[member] * width + column)[fits]

    def filled(values: NDArray[np.int64] | NDArray[np.uint16], rest: int) -> Tensor:
        full = np.full(len(rows) * width, rest, dtype=np.int64)
        full[places] = values[fits]
        return torch.from_numpy(full.reshape(len(rows), width))

    first_fits = offsets < width
    return (
        Rows(
            ids=filled(flat, padding),
            texts=filled(within_row[member] + 1, 0),
            positions=filled(positions, 0),
            members=filled(member, len(pieces)),
            firsts=torch.from_numpy(np.where(first_fits, row_of * width + offsets, 0)),
            whole=torch.from_numpy(offsets + lengths <= width),
        ),
        pieces,
    )


def _counting(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, ... for each length in turn."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
