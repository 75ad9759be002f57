"""Batches of a run by their number, so that a resumed run needs no state of a reader."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from carl.batches import batch_rows
from carl.pretraining.config import PretrainingConfig
from carl.pretraining.encoded import EncodedCorpus
from carl.pretraining.objective import PretrainingBatch
from carl.pretraining.packing import Plan, Rows, assemble, plan_rows
from carl.pretraining.vocabulary import PADDING
from harness.errors import DataInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Width of a teacher's row in widths of the student's: its pieces may be shorter. What does not fit is not compared.
_TEACHER_ROOM = 1.25


@dataclass(frozen=True)
class Work:
    """What a batch holds, for counting."""

    tokens: int
    """Real tokens of the student's rows."""
    pairs: int
    """Sum over texts of tokens squared."""
    teacher_tokens: int
    teacher_pairs: int


class Batches:
    """Batches of a corpus.

    Args:
        corpus: tokenised.
        config: sizes and seed.
        teacher_padding: id that fills a teacher's rows up.
        ahead: prepare the next batch while one is computed (worth it on a GPU).

    Raises:
        DataInvalid: too few texts for a row to train on and one to measure.
    """

    def __init__(
        self, corpus: EncodedCorpus, config: PretrainingConfig, *, teacher_padding: int = 0, ahead: bool = False
    ) -> None:
        self.corpus = corpus
        self.config = config
        lengths = corpus.pieces.lengths
        self.plan = plan_rows(lengths, np.flatnonzero(~corpus.held_out), config.max_length, config.seed)
        self.kept = plan_rows(lengths, np.flatnonzero(corpus.held_out), config.max_length, config.seed)
        if not len(self.kept):
            raise DataInvalid("no text of the corpus is held out to measure on: more texts are needed")
        self.rows = min(config.rows, len(self.plan))
        self.distilled = round(config.distilled_rows * self.rows / config.rows)
        self._padding = teacher_padding
        self._pool = ThreadPoolExecutor(1) if ahead else None
        self._next: tuple[int, Future[tuple[PretrainingBatch, Work]]] | None = None

    @property
    def filled(self) -> float:
        """Share of the places of the training rows that hold a token."""
        tokens = int(self.corpus.pieces.lengths[self.plan.pieces].sum())
        return tokens / (len(self.plan) * self.plan.width)

    def batch(self, number: int) -> tuple[PretrainingBatch, Work]:
        """The batch with a number, counted over all passes; a pure function of it."""
        if self._pool is None:
            return self._make(number)
        waiting, self._next = self._next, None
        made = waiting[1].result() if waiting is not None and waiting[0] == number else self._make(number)
        self._next = (number + 1, self._pool.submit(self._make, number + 1))
        return made

    def held_out(self) -> list[PretrainingBatch]:
        """Held-out rows, each once to be compared with the teacher and once to be masked."""
        chosen = np.random.default_rng(self.config.seed).permutation(len(self.kept))[: self.config.held_out_rows]
        return [
            self._batch(self.kept, part if self.config.distils else part[:0], part if self.config.masks else part[:0])[
                0
            ]
            for start in range(0, len(chosen), self.rows)
            if len(part := np.sort(chosen[start : start + self.rows]))
        ]

    def _make(self, number: int) -> tuple[PretrainingBatch, Work]:
        rows = batch_rows(len(self.plan), self.rows, number, self.config.seed)
        return self._batch(self.plan, rows[: self.distilled], rows[self.distilled :])

    def _batch(self, plan: Plan, clean: NDArray[np.int64], masked: NDArray[np.int64]) -> tuple[PretrainingBatch, Work]:
        corpus = self.corpus
        mine, mine_pieces = self._student(plan, clean)
        hidden, hidden_pieces = self._student(plan, masked)
        theirs: Rows | None = None
        lengths = corpus.pieces.lengths[np.concatenate([mine_pieces, hidden_pieces])]
        teacher_lengths = lengths[:0]
        if corpus.teacher is not None and mine is not None:
            width = int(_TEACHER_ROOM * plan.width)
            theirs, _ = assemble(corpus.teacher, plan, clean, width=width, padding=self._padding)
            teacher_lengths = corpus.teacher.lengths[mine_pieces]
        return (
            PretrainingBatch(
                mine,
                theirs,
                hidden,
                torch.from_numpy(corpus.ratings[mine_pieces]),
                torch.from_numpy(corpus.ratings[hidden_pieces]),
            ),
            Work(
                int(lengths.sum()),
                int((lengths**2).sum()),
                int(teacher_lengths.sum()),
                int((teacher_lengths**2).sum()),
            ),
        )

    def _student(self, plan: Plan, rows: NDArray[np.int64]) -> tuple[Rows | None, NDArray[np.int64]]:
        if not len(rows):
            return None, rows[:0]
        return assemble(self.corpus.pieces, plan, rows, width=plan.width, padding=PADDING)
