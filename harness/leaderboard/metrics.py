"""How each metric is printed and read: name in a column head, direction, digits, unit, range.

>>> metric_style("valence.mae").higher_is_better
False
>>> metric_style("accuracy").show(0.8193)
'81.93'
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MetricStyle:
    """The printed form of a metric."""

    label: str
    """Name in a column head."""
    higher_is_better: bool | None
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


def _correlation(label: str) -> MetricStyle:
    return MetricStyle(label=label, higher_is_better=True, low=-1, high=1)


def _share(label: str) -> MetricStyle:
    return MetricStyle(label=label, higher_is_better=True, low=0, high=1)


_DIMENSION: Mapping[str, MetricStyle] = {
    "pearson": _correlation("r"),
    "spearman": _correlation("ρ"),
    "ccc": _correlation("CCC"),
    "mae": MetricStyle(label="MAE", higher_is_better=False, low=0),
    "rmse": MetricStyle(label="RMSE", higher_is_better=False, low=0),
    "r2": MetricStyle(label="R²", higher_is_better=True, high=1),
}

_AVERAGED: Mapping[str, MetricStyle] = {
    "f1": _share("F1"),
    "precision": _share("Prec."),
    "recall": _share("Recall"),
}

_ALONE: Mapping[str, MetricStyle] = {
    "accuracy": MetricStyle(label="Acc.", higher_is_better=True, decimals=2, percent=True, low=0, high=1),
    "alignment": MetricStyle(label="Align.", higher_is_better=False, decimals=4, low=0, high=4),
    "uniformity": MetricStyle(label="Unif.", higher_is_better=False, decimals=4, low=-8, high=0),
    "separation": MetricStyle(label="Separ.", higher_is_better=True, high=1),
    "effective_rank": MetricStyle(label="Eff. rank", higher_is_better=None, decimals=1, low=0),
    "ami": MetricStyle(label="AMI", higher_is_better=True, high=1),
    "ari": MetricStyle(label="ARI", higher_is_better=True, low=-1, high=1),
    "fms": _share("FMS"),
    "mrr": _share("MRR"),
    "map_at_r": _share("MAP@R"),
    "precision_at_1": _share("P@1"),
    "ece": MetricStyle(label="ECE", higher_is_better=False, low=0, high=1),
    "brier": MetricStyle(label="Brier", higher_is_better=False, low=0, high=2),
    "log_loss": MetricStyle(label="Log loss", higher_is_better=False, low=0),
    "shift": MetricStyle(label="Shift", higher_is_better=False, low=0),
    "delta_emb": MetricStyle(label="Δemb", higher_is_better=None, decimals=4, low=0),
    "relative_drift": MetricStyle(label="Rel. drift", higher_is_better=None, low=0),
    "cosine": MetricStyle(label="Cosine", higher_is_better=None, low=-1, high=1),
}

#: Metrics that are printed otherwise than their last part: in percent, as the papers on conversations do.
_WHOLE: Mapping[str, MetricStyle] = {
    "weighted.f1": MetricStyle(label="F1", higher_is_better=True, decimals=2, percent=True, low=0, high=1),
}

_EVERY: Mapping[str, MetricStyle] = {**_DIMENSION, **_AVERAGED, **_ALONE}


def metric_style(name: str) -> MetricStyle:
    """Look a metric up by its name in the long table; the part after the last dot decides.

    A name that is not known is printed as it is, with three decimals and without a best.
    """
    last = name.rsplit(".", 1)[-1]
    return _WHOLE.get(name) or _EVERY.get(last, MetricStyle(label=name, higher_is_better=None))


def metric_label(name: str) -> str:
    """Name in the head of a column that stands alone: with its dimension or average.

    >>> metric_label("valence.pearson"), metric_label("macro.f1"), metric_label("accuracy")
    ('valence r', 'macro F1', 'Acc.')
    """
    front, _, last = name.rpartition(".")
    return f"{front} {_EVERY[last].label}" if front and last in _EVERY else metric_style(name).label
