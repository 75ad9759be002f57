"""How each metric is printed and read: name in a column head, direction, digits, unit, range. `metrics.toml` says it.

>>> metric_style("valence.mae").higher_is_better
False
>>> metric_style("accuracy").show(0.8193)
'81.93'
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


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

    def clip(self, value: float) -> float:
        """The nearest value that the metric can take."""
        return min(max(value, self.low), self.high)


def digits(value: float, decimals: int) -> str:
    """Print a number with fixed decimals and without a negative zero.

    >>> digits(-0.0001, 3), digits(-1.25, 1)
    ('0.000', '-1.2')
    """
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


@cache
def _styles() -> dict[str, MetricStyle]:
    known = tomllib.loads((files("harness.leaderboard") / "metrics.toml").read_text("utf-8"))
    return {name: MetricStyle(**style) for name, style in known.items()}


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
