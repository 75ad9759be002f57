"""Ranks with ties: the places that a model can hold, given which models it can be told apart from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness.statistics.multiplicity import holm
from harness.statistics.paired import Contestant, Difference, difference

#: Adjusted p-value below which two models are told apart.
ALPHA = 0.05


class RankRange(NamedTuple):
    """Best and worst place, from 1."""

    best: int
    worst: int

    def __str__(self) -> str:
        return str(self.best) if self.best == self.worst else f"{self.best}–{self.worst}"


class Pair(NamedTuple):
    """One comparison among all of a column."""

    first: str
    second: str
    difference: Difference
    """Second minus first."""
    adjusted: float
    """Holm-adjusted p-value over all pairs of the column."""

    @property
    def apart(self) -> bool:
        """Whether the two are told apart: the interval excludes zero and the adjusted p-value is below `ALPHA`."""
        return self.difference.separated and self.adjusted < ALPHA


def all_pairs(contestants: Mapping[str, Contestant]) -> list[Pair]:
    """Compare every two models of a column; Holm's correction runs over all pairs.

    Args:
        contestants: name → number and predictions, all on the same rows.
    """
    names = list(contestants)
    pairs = [(one, two) for i, one in enumerate(names) for two in names[i + 1 :]]
    found = [difference(contestants[one], contestants[two]) for one, two in pairs]
    adjusted = holm([result.p for result in found])
    return [Pair(*names, result, p) for names, result, p in zip(pairs, found, adjusted, strict=True)]


def rank_ranges(names: Sequence[str], pairs: Sequence[Pair], *, higher_is_better: bool = True) -> dict[str, RankRange]:
    """Places that each model can hold.

    The best place is one behind the number of models that are better beyond doubt, the worst place the number of
    models less those that are worse beyond doubt. Models that cannot be told apart share places: `1–3`.

    Args:
        names: the models.
        pairs: all comparisons among them (`all_pairs`).
        higher_is_better: direction of the number.
    """
    better = dict.fromkeys(names, 0)
    worse = dict.fromkeys(names, 0)
    for pair in pairs:
        if pair.apart:
            second_wins = (pair.difference.value > 0) == higher_is_better
            winner, loser = (pair.second, pair.first) if second_wins else (pair.first, pair.second)
            better[loser] += 1
            worse[winner] += 1
    return {name: RankRange(1 + better[name], len(names) - worse[name]) for name in names}
