"""The numbers that the CARL paper printed, and those of SACL, as data: read, checked, never altered.

Source: Son, Saurez, Har (2025), "Continuous Adversarial Text Representation Learning for Affective
Recognition", arXiv 2502.20613, Tables I to V. `published.csv` beside this module has one row a number, with the
digits as printed: Table V rounds or cuts Table I, and SentiCSE's MR accuracy carries the paper's asterisk.

Columns: `table` (I to V), `base` (the backbone's block of the paper), `model` (as printed), `encoder` (this
project's encoder of the same kind, empty where there is none), `corpus` and `metric` (as in the long table; the
paper's valence and arousal numbers are of its pooled corpora; precision, recall and F1 are of an average it
does not name), `value`, `trained_on` (1 where the paper's asterisk stands). Which BERT-PT it used, the paper
does not say; its rows point to `bert-pt-rest`. CARL on BERT has no counterpart here, nor have the ablation rows.

The table `SACL` holds the results of Hu et al. (2023), "Supervised Adversarial Contrastive Learning for Emotion
Recognition in Conversations", arXiv 2306.01505, as Papers with Code lists them, in percent: a recurrent classifier
over whole dialogues on features of RoBERTa-large, trained on each corpus. Its micro F1 on EmoryNLP stands as accuracy,
which it equals with one label a row. EmoryNLP is the subset with time stamps there, and IEMOCAP counts one turn more
as happy: see the notes of both corpora.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from harness.errors import DataInvalid

#: How the tables cite the numbers.
CITATION = "Son, Saurez, Har 2025, arXiv 2502.20613"

#: The file's header, in order.
FIELDS = ("table", "base", "model", "encoder", "corpus", "metric", "value", "trained_on")

TABLES = ("I", "II", "III", "IV", "V", "SACL")

#: Metric → lowest and highest number that can be printed for it (accuracies and weighted F1 in percent).
_RANGES = {
    "valence.pearson": (-1.0, 1.0),
    "valence.spearman": (-1.0, 1.0),
    "valence.mae": (0.0, 2.0),
    "arousal.pearson": (-1.0, 1.0),
    "arousal.spearman": (-1.0, 1.0),
    "arousal.mae": (0.0, 2.0),
    "accuracy": (0.0, 100.0),
    "weighted.f1": (0.0, 100.0),
    "precision": (0.0, 1.0),
    "recall": (0.0, 1.0),
    "f1": (0.0, 1.0),
    "alignment": (0.0, 4.0),
    "uniformity": (-8.0, 0.0),
}


@dataclass(frozen=True, kw_only=True)
class Published:
    """One printed number."""

    table: str
    base: str
    model: str
    encoder: str | None
    """Our encoder of the same kind, None where there is none."""
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


def read_published(path: Path) -> tuple[Published, ...]:
    """Read and check a file of published numbers.

    Raises:
        DataInvalid: a column is missing, a value is no number or out of its metric's range, a number is there
            twice, or a model is given two encoders; names line and column.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataInvalid(f"{path} cannot be read ({error}); install affectbench again") from error
    try:
        return _check(path.name, csv.reader(text.splitlines()))
    except csv.Error as error:
        raise DataInvalid(f"{path.name}: broken quoting ({error}); install affectbench again") from error


@cache
def load_published() -> tuple[Published, ...]:
    """Give the paper's numbers, in the paper's order."""
    return read_published(Path(str(files("harness.leaderboard") / "published.csv")))


def _check(name: str, lines: Iterable[list[str]]) -> tuple[Published, ...]:
    rows: list[Published] = []
    seen: dict[tuple[str, ...], int] = {}
    encoders: dict[tuple[str, str], str] = {}
    header: list[str] | None = None
    for number, line in enumerate(lines, start=1):
        if header is None:
            header = line
            if tuple(line) != FIELDS:
                raise DataInvalid(
                    f"{name}, line 1: the columns are {', '.join(line)}; they must be {', '.join(FIELDS)}"
                )
            continue
        if len(line) != len(FIELDS):
            raise DataInvalid(f"{name}, line {number}: {len(line)} columns; there must be {len(FIELDS)}")
        raw = dict(zip(FIELDS, line, strict=True))
        _check_fields(name, number, raw)
        key = (raw["table"], raw["base"], raw["model"], raw["corpus"], raw["metric"])
        if key in seen:
            raise DataInvalid(f"{name}, line {number}: the number of line {seen[key]} again ({', '.join(key)})")
        seen[key] = number
        if encoders.setdefault((raw["base"], raw["model"]), raw["encoder"]) != raw["encoder"]:
            raise DataInvalid(
                f"{name}, line {number}, column encoder: {raw['encoder']!r}, but "
                f"{encoders[raw['base'], raw['model']]!r} in an earlier line of {raw['model']}"
            )
        rows.append(
            Published(
                table=raw["table"],
                base=raw["base"],
                model=raw["model"],
                encoder=raw["encoder"] or None,
                corpus=raw["corpus"],
                metric=raw["metric"],
                printed=raw["value"],
                trained_on=raw["trained_on"] == "1",
            )
        )
    if header is None:
        raise DataInvalid(f"{name} is empty; install affectbench again")
    return tuple(rows)


def _check_fields(name: str, number: int, raw: dict[str, str]) -> None:
    def wrong(column: str, expected: str) -> DataInvalid:
        return DataInvalid(f"{name}, line {number}, column {column}: {raw[column]!r} is not {expected}")

    if raw["table"] not in TABLES:
        raise wrong("table", f"one of {', '.join(TABLES)}")
    for column in ("base", "model", "corpus"):
        if not raw[column].strip():
            raise wrong(column, "a name")
    if raw["metric"] not in _RANGES:
        raise wrong("metric", f"one of {', '.join(_RANGES)}")
    if raw["trained_on"] not in ("0", "1"):
        raise wrong("trained_on", "0 or 1")
    low, high = _RANGES[raw["metric"]]
    try:
        value = float(raw["value"])
    except ValueError:
        raise wrong("value", "a number") from None
    if not math.isfinite(value) or not low <= value <= high:
        raise wrong("value", f"within {low:g} and {high:g}, the range of {raw['metric']}")
