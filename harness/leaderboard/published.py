"""The numbers that the CARL paper printed, as data: read, never altered.

Source: Son, Saurez, Har (2025), "Continuous Adversarial Text Representation Learning for Affective
Recognition", arXiv 2502.20613, Tables I to V. `published.csv` beside this module has one row a number, with the
digits as printed: Table V rounds or cuts Table I, and SentiCSE's MR accuracy carries the paper's asterisk.

Columns: `table` (I to V), `base` (the backbone's block of the paper), `model` (as printed), `encoder` (this
project's encoder with the same weights or the same base model and size, empty where there is none), `corpus` and
`metric` (as in the long table; the paper's valence and arousal numbers are of its pooled corpora; precision, recall and
F1 are of an average it does not name), `value`, `trained_on` (1 where the paper's asterisk stands). Which BERT-PT it
used, the paper does not say; its rows point to `bert-pt-rest`. The paper's CARL models, on base-sized backbones, have
no counterpart here, nor have the ablation rows.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, kw_only=True)
class Published:
    """One printed number."""

    table: str
    base: str
    model: str
    encoder: str | None
    """Our encoder of the same base model and size, None where there is none."""
    corpus: str
    metric: str
    printed: str
    """The digits as printed."""
    trained_on: bool
    """Whether the paper marks the number with an asterisk."""

    @property
    def value(self) -> float:
        """The printed number; accuracies are in percent."""
        return float(self.printed)

    @property
    def row(self) -> tuple[str, str]:
        """(base, model): what identifies a row of a printed table."""
        return (self.base, self.model)


@cache
def load_published() -> tuple[Published, ...]:
    """Give the paper's numbers, in the paper's order."""
    text = (files("harness.leaderboard") / "published.csv").read_text("utf-8")
    return tuple(
        Published(
            **{name: row[name] for name in ("table", "base", "model", "corpus", "metric")},
            encoder=row["encoder"] or None,
            printed=row["value"],
            trained_on=row["trained_on"] == "1",
        )
        for row in csv.DictReader(text.splitlines())
    )
