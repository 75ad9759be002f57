"""What a plan costs, told from cards alone: no corpus, no weights and no cache are looked at.

The estimates order units, longest first, divide a plan between machines that do not know of each other (every one
comes to the same division), and tell a user beforehand what a run takes. They are rough: the mean length of a
corpus's texts, two operations for each weight and token, and a documented speed.

>>> Shard.parse("2/3")
Shard(number=2, of=3)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from harness.errors import BenchError, UsageError

if TYPE_CHECKING:
    from harness.corpora.base import CorpusCard
    from harness.encoder import EncoderCard
    from harness.tasks.base import Task
    from harness.units import Unit

#: Characters of English prose to a token, about, and the two special tokens of a text.
_CHARACTERS_A_TOKEN = 5
_SPECIAL_TOKENS = 2

#: Rows of BERT's word table: looked up and not multiplied, so they cost no operations.
_VOCABULARY = 30_522

#: Float32 operations a second of one CPU core while encoding (docs/performance.md).
CPU_RATE = 8e10
#: The same of a GPU: what a data-centre card of recent years reaches in float32. Assumed, not measured.
GPU_RATE = 2e13

#: Tokens a second of encoders that do not say how large they are: they count words.
_FLOOR_RATE = 3e5
_FLOOR_DIMENSIONS = 256

#: Seconds of one core to score one row of one dimension: about the median of the committed records.
_SCORING = 7e-7

#: Characters of `i/n`: nobody has more machines.
_LONGEST_SHARD = 20

#: Bytes of a text in a shard's index.
_INDEX_BYTES = 33


@dataclass(frozen=True)
class Shard:
    """One of several shares of a plan.

    Args:
        number: which, from 1.
        of: how many there are.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `i/n`.

        Raises:
            UsageError: not two whole numbers, or not 1 ≤ i ≤ n.
        """
        number, _, of = text.partition("/")
        plain = number.isdecimal() and of.isdecimal() and len(text) <= _LONGEST_SHARD
        if not (plain and 1 <= int(number) <= int(of)):
            raise UsageError(f"--shard takes i/n with 1 ≤ i ≤ n, e.g. 1/4 of four, not {text[:40]!r}")
        return cls(int(number), int(of))


@dataclass(frozen=True, kw_only=True)
class Work:
    """What encoding a corpus, or scoring a unit, takes; estimated."""

    seconds: float
    """Of one core, or of one GPU."""
    texts: int = 0
    tokens: int = 0
    flops: float | None = None
    """Floating-point operations; None for an encoder that does not say how large it is."""
    disk: int = 0
    """Bytes in the embedding cache."""


class Cards(Protocol):
    """Gives corpora's cards (`harness.corpora.CorpusRegistry`)."""

    def card(self, name: str) -> CorpusCard:
        """The card of a corpus."""
        ...


class Estimator:
    """Estimates the work of a plan.

    Args:
        cards: model → its card.
        tasks: id → task.
        library: gives corpora's cards.
        rate: operations a second.
    """

    def __init__(
        self, cards: Mapping[str, EncoderCard], tasks: Mapping[str, Task], library: Cards, *, rate: float = CPU_RATE
    ) -> None:
        self._cards = cards
        self._tasks = tasks
        self._library = library
        self._rate = rate

    def encoding(self, model: str, corpus: str, max_length: int | None) -> Work:
        """Encoding all texts of a corpus under a cut-off, with nothing in the cache."""
        card = self._cards[model]
        texts, characters = self._facts(corpus)
        each = characters // _CHARACTERS_A_TOKEN + _SPECIAL_TOKENS
        tokens = texts * min([each, *(cut for cut in (max_length, card.max_length) if cut)])
        width = card.dimensions or _FLOOR_DIMENSIONS
        flops = None
        if card.parameters:
            flops = 2.0 * max(card.parameters - _VOCABULARY * width, width) * tokens
        return Work(
            seconds=tokens / _FLOOR_RATE if flops is None else flops / self._rate,
            texts=texts,
            tokens=tokens,
            flops=flops,
            disk=texts * (4 * width + _INDEX_BYTES),
        )

    def scoring(self, model: str, task: str) -> Work:
        """Scoring a task once, its texts encoded."""
        width = self._cards[model].dimensions or _FLOOR_DIMENSIONS
        rows = sum(self._facts(corpus)[0] for corpus in self._tasks[task].corpora)
        return Work(seconds=_SCORING * rows * width)

    def of(self, units: Sequence[Unit]) -> float:
        """Seconds of one core for units, each corpus encoded once."""
        parts = {part for unit in units for part in self.parts(unit)}
        encoding = sum(self.encoding(model, corpus, cut).seconds for model, corpus, cut in parts)
        return encoding + sum(self.scoring(unit.model, unit.task).seconds for unit in units)

    def _facts(self, corpus: str) -> tuple[int, int]:
        """Rows, and mean characters of a text."""
        try:
            card = self._library.card(corpus)
        except BenchError:  # a broken plugin, which the task that needs it will say
            return 0, 0
        return sum(card.rows.values()), card.characters

    def parts(self, unit: Unit) -> list[tuple[str, str, int | None]]:
        """What must be encoded for a unit: (model, corpus, cut-off)."""
        task = self._tasks[unit.task]
        return [(unit.model, corpus, task.max_length) for corpus in task.corpora]


def share_of(plan: Mapping[str, tuple[Unit, ...]], shard: Shard, estimator: Estimator) -> dict[str, tuple[Unit, ...]]:
    """The units of a plan that fall to one of several machines.

    A model stays whole where it is no more than one machine's share, else units that need the same texts stay
    together. The pieces go, longest first, each to the machine that has least to do so far.

    Args:
        plan: the units of each model.
        shard: whose share.
        estimator: of the same plan.

    Returns:
        Model → units in the plan's order; models without any are left out.
    """
    fair = sum(estimator.of(units) for units in plan.values()) / shard.of
    pieces: list[list[Unit]] = []
    for units in plan.values():
        pieces += [list(units)] if estimator.of(units) <= fair else _apart(units, estimator)
    loads = [0.0] * shard.of
    mine: set[Unit] = set()
    for piece in sorted(pieces, key=estimator.of, reverse=True):
        place = loads.index(min(loads))
        loads[place] += estimator.of(piece)
        if place == shard.number - 1:
            mine.update(piece)
    kept = {model: tuple(unit for unit in units if unit in mine) for model, units in plan.items()}
    return {model: units for model, units in kept.items() if units}


def _apart(units: Iterable[Unit], estimator: Estimator) -> list[list[Unit]]:
    """Units divided so that no two pieces need the same texts."""
    pieces: list[tuple[set[tuple[str, str, int | None]], list[Unit]]] = []
    for unit in units:
        parts, members = set(estimator.parts(unit)), [unit]
        apart = []
        for other_parts, others in pieces:
            if parts & other_parts:
                parts |= other_parts
                members = others + members
            else:
                apart.append((other_parts, others))
        pieces = [*apart, (parts, members)]
    return [members for _, members in pieces]
