"""How tables call, order and print things: families, corpora and states by `tables.toml`, metrics by `harness.metrics`.

>>> metric_style("valence.mae").higher_is_better
False
>>> metric_style("accuracy").show(0.8193)
'81.93'
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from harness.metrics import STYLES


@dataclass(frozen=True, kw_only=True)
class MetricStyle:
    """The printed form of a metric."""

    label: str
    """Name in a column head."""
    higher_is_better: bool | None = None
    """None where neither direction is better, or it is not known: such a column has no best."""
    decimals: int = 3
    percent: bool = False
    """Whether tables print 100 times the number; records and the long table never do."""
    low: float = -math.inf
    """Lowest value that the metric can take, as in the records."""
    high: float = math.inf
    """Highest value."""

    def shown(self, value: float) -> float:
        """The number in the unit of the tables."""
        return value * 100 if self.percent else value

    def show(self, value: float) -> str:
        """The number as tables print it."""
        return digits(self.shown(value), self.decimals)


def digits(value: float, decimals: int) -> str:
    """Print a number with fixed decimals and without a negative zero.

    >>> digits(-0.0001, 3), digits(-1.25, 1)
    ('0.000', '-1.2')
    """
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


@cache
def specification() -> dict[str, Any]:
    """What `tables.toml` says."""
    return tomllib.loads((files("harness.leaderboard") / "tables.toml").read_text("utf-8"))


@cache
def _styles() -> dict[str, MetricStyle]:
    return {name: MetricStyle(**style) for name, style in STYLES.items()}


def metric_style(name: str) -> MetricStyle:
    """Look a metric up by its name in the long table, else by the part after the last dot.

    A name that is not known is printed as it is, with three decimals and without a best.
    """
    return _styles().get(name) or _styles().get(name.rsplit(".", 1)[-1], MetricStyle(label=name))


def metric_label(name: str) -> str:
    """Name in the head of a column that stands alone: with its dimension or average.

    >>> metric_label("valence.pearson"), metric_label("macro.f1"), metric_label("accuracy")
    ('valence r', 'macro F1', 'Acc.')
    """
    front, _, last = name.rpartition(".")
    return f"{front} {_styles()[last].label}" if front and last in _styles() else metric_style(name).label


def words(kind: str) -> Any:
    """One of the lists and tables of words: `families`, `corpora`, `tasks`, `protocols`, `reasons`."""
    return specification()["words"][kind]


def reason(status: str) -> str:
    """What a cell without a number shows."""
    return str(words("reasons").get(status, (status,))[0])


def family_title(family: str) -> str:
    """Heading of a family's block."""
    return str(words("families").get(family, family or "Other"))


def corpus_title(corpus: str) -> str:
    """Name of a corpus in a column head."""
    return str(words("corpora").get(corpus, corpus))


def _rank(name: str, known: Sequence[str]) -> int:
    return known.index(name) if name in known else len(known)


def family_order(family: str) -> tuple[int, str]:
    """Sort key of a family."""
    return (_rank(family, list(words("families"))), family)


def task_order(task: str, corpus: str, protocol: str) -> tuple[object, ...]:
    """Sort key of a task when a suite does not give its order: what is known in its order, then by name."""
    ranks = _rank(protocol.partition("/")[0], words("protocols")), _rank(corpus, list(words("corpora")))
    return (_rank(task, words("tasks")), task, ranks[0], protocol, ranks[1], corpus)
