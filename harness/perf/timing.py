"""Contestants take turns, so that a neighbour's load or a warm processor meets all of them."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Clock = Literal["wall", "cpu"]


@dataclass(frozen=True)
class Samples:
    """Times of one contestant, round by round, in seconds."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]
    """Of this process and those that it waited for."""

    def times(self, clock: Clock) -> tuple[float, ...]:
        """Times by one clock."""
        return self.wall if clock == "wall" else self.cpu


@dataclass(frozen=True)
class Spread:
    """A median and the quartiles beside it."""

    value: float
    low: float
    high: float


def interleave(
    contestants: Mapping[str, Callable[[], object]], rounds: int, *, warm: bool = True
) -> dict[str, Samples]:
    """Let contestants take turns.

    Args:
        contestants: name → what is to be timed.
        rounds: how often each has its turn.
        warm: let each run once before, untimed.
    """
    if warm:
        for contestant in contestants.values():
            contestant()
    wall: dict[str, list[float]] = {name: [] for name in contestants}
    cpu: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            start, start_cpu = time.perf_counter(), cpu_seconds()
            contestant()
            wall[name].append(time.perf_counter() - start)
            cpu[name].append(cpu_seconds() - start_cpu)
    return {name: Samples(tuple(wall[name]), tuple(cpu[name])) for name in contestants}


def cpu_seconds() -> float:
    """Processor time of this process and of the children that it waited for."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles.

    >>> spread([1.0, 2.0, 3.0, 4.0, 5.0])
    Spread(value=3.0, low=2.0, high=4.0)
    """
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(middle, low, high)


def ratio(slower: Sequence[float], faster: Sequence[float]) -> Spread:
    """How many times as fast: the ratio of the medians, and between what the ratios of the rounds lie, by quartiles.

    >>> ratio([4.0, 6.0, 8.0], [2.0, 2.0, 2.0])
    Spread(value=3.0, low=2.5, high=3.5)
    """
    rounds = spread([a / b for a, b in zip(slower, faster, strict=True)])
    middle = statistics.median(slower) / statistics.median(faster)
    # Of few rounds the ratio of the medians may lie outside; the range then reaches to it.
    return Spread(middle, min(rounds.low, middle), max(rounds.high, middle))
