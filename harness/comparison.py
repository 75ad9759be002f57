"""Compare two models by their recorded results: differences with intervals and tests.

    compare(store, list(store), "minilm", "lexicon")   # is the lexicon better, beyond chance?

Everything is read from the records and the per-example predictions beside them; no corpus and no model is needed.
Numbers are compared within one protocol and version on the same data; whatever else there is, is listed with the
reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import unknown_name
from harness.record import Record, ResultStore
from harness.statistics.bootstrap import DRAWS
from harness.statistics.differences import ALPHA, Contestant, difference, holm
from harness.statistics.scores import scored

if TYPE_CHECKING:
    import pandas as pd

#: A recorded number and the one that its predictions give differ by no more: some protocols round by fold, and
#: predictions are stored in float32.
_ROUNDING = 2e-4

#: Why a number of the geometry, say, is compared without a test.
NO_PREDICTIONS = "no per-example predictions determine this number"


def find_recorded(model: str, records: Iterable[Record]) -> str:
    """The name of a recorded model that is given by name, by its title in tables, or as `bench run` took it.

    Raises:
        UsageError: there are no records of it; near names are suggested.
    """
    titles = {record.model.name: record.model.title for record in records}
    known = {spelt.casefold(): name for name, title in titles.items() for spelt in (title, name.removeprefix("dir:"))}
    known |= {name.casefold(): name for name in titles}
    for spelt in (model, model.partition("=")[0], Path(model).name):  # also NAME=PATH, and a directory
        if spelt.casefold() in known:
            return known[spelt.casefold()]
    raise unknown_name("recorded model", model, sorted(titles))


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One number of two models; all differences are second minus first."""

    task_id: str
    metric: str
    first: float
    """As recorded; the mean over seeds."""
    second: float
    difference: float
    low: float | None = None
    """Ends of the 95 % interval of the difference; None where it was not tested."""
    high: float | None = None
    p: float | None = None
    adjusted: float | None = None
    """Holm-adjusted over all tested numbers of the comparison."""
    test: str = ""
    rows: int | None = None
    """Evaluated rows."""
    note: str = ""
    """Why there is no test."""
    seen: tuple[str, ...] = ()
    """Which of the two models may have seen the evaluated texts: then neither is called better."""

    @property
    def separated(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high

    def verdict(self, higher_is_better: bool | None) -> str:
        """The answer in words: `same`, `better`, `worse` (of the second), `not told apart`, `not tested` or similar.

        The interval decides. Where Holm's correction takes the decision back, it says so; where a model may have seen
        the texts, and of a trial with `--limit`, nothing is decided.
        """
        if self.low is None:
            return "same number" if self.difference == 0 else "not tested"
        if self.difference == 0 and self.p == 1:
            return "same"
        if not self.separated:
            return "not told apart"
        if self.seen or "+limit-" in self.task_id:
            return f"{'higher' if self.difference > 0 else 'lower'}{'*' * bool(self.seen)}, not judged"
        if higher_is_better is None:
            word = "higher" if self.difference > 0 else "lower"
        else:
            word = "better" if (self.difference > 0) == higher_is_better else "worse"
        return word if self.adjusted is not None and self.adjusted < ALPHA else f"{word}, not after Holm"


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What was not compared."""

    model: str
    task_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models side by side."""

    first: str
    second: str
    numbers: tuple[Compared, ...]
    left_out: tuple[LeftOut, ...]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One number a row, by task and metric; the columns are the fields of `Compared`, and `separated`."""
        import pandas as pd  # listings of commands come without it

        rows = [{**asdict(number), "separated": number.separated} for number in self.numbers]
        return pd.DataFrame(rows).set_index(["task_id", "metric"]) if rows else pd.DataFrame()

    def _repr_html_(self) -> str:
        """The frame, for a notebook."""
        return f"<p>{escape(self.second)} minus {escape(self.first)}</p>{self.frame.to_html()}"


def compare(
    store: ResultStore,
    records: Iterable[Record],
    first: str,
    second: str,
    *,
    tasks: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    draws: int = DRAWS,
) -> Comparison:
    """Compare two models on every task that both were measured on.

    Args:
        store: where the predictions are.
        records: results; those of other models are left aside.
        first: name of the model that is compared with.
        second: name of the model that is compared.
        tasks: task ids, in the order of the answer; None for all that are recorded.
        metrics: which numbers, of those that both have; None for the main one of each task, which a record holds first.
        draws: bootstrap resamples; the smallest p-value of a bootstrap test is 2 / (draws + 1).
    """
    sides: dict[str, dict[str, list[Record]]] = {first: {}, second: {}}
    for record in sorted(records, key=lambda record: record.seed):
        if record.model.name in sides:
            sides[record.model.name].setdefault(record.task_id, []).append(record)
    found: list[Compared] = []
    left_out: list[LeftOut] = []
    for task_id in dict.fromkeys((*sides[first], *sides[second])) if tasks is None else tasks:
        one, two = sides[first].get(task_id, []), sides[second].get(task_id, [])
        if not one or not two:
            if one or two:
                there, missing = (first, second) if one else (second, first)
                stem = task_id.rsplit("/", 2)[0] + "/"
                others = sorted(n for n in sides[missing] if n.startswith(stem) and n not in sides[there])
                named = ", ".join(name.removeprefix(stem) for name in others)
                reason = f"another protocol: {missing} has {named}" if others else f"no record of {missing}"
                left_out.append(LeftOut(model=missing, task_id=task_id, reason=reason))
        elif reason := _incomparable(one, two):
            left_out.append(LeftOut(model=first, task_id=task_id, reason=reason))
        else:
            shared = [name for name in one[0].metrics if all(name in record.metrics for record in (*one, *two))]
            for name in shared[:1] if metrics is None else [name for name in shared if name in metrics]:
                found.append(_number(store, one, two, name, draws))
    adjusted = iter(holm([number.p for number in found if number.p is not None]))
    numbers = tuple(number if number.p is None else replace(number, adjusted=next(adjusted)) for number in found)
    return Comparison(first=first, second=second, numbers=numbers, left_out=tuple(left_out))


def _incomparable(one: Sequence[Record], two: Sequence[Record]) -> str:
    """Why the results of two models on a task cannot be set side by side; empty when they can."""
    for record in (*one, *two):
        if record.status != "ok":
            return f"{record.model.name}: {record.status}"
    for what, values in (
        ("data", {record.data for record in (*one, *two)}),
        ("splits", {record.split for record in (*one, *two)}),
    ):
        if len(values) > 1:
            return f"scored on different {what}"
    return ""


def _number(store: ResultStore, one: Sequence[Record], two: Sequence[Record], metric: str, draws: int) -> Compared:
    first, second = (fmean(record.metrics[metric].value for record in records) for records in (one, two))
    seen = dict.fromkeys(r.model.name for r in (*one, *two) if r.contamination.get("state") != "clean")
    plain = Compared(
        task_id=one[0].task_id, metric=metric, first=first, second=second, difference=second - first, seen=tuple(seen)
    )
    left, right = (contestant(store, records, metric, draws) for records in (one, two))
    if isinstance(left, str) or isinstance(right, str):
        return replace(plain, note=left if isinstance(left, str) else str(right))
    if not np.array_equal(left.scores[0].gold, right.scores[0].gold):
        return replace(plain, note="the stored predictions are of different rows: measure again")
    found = difference(left, right)
    return replace(plain, low=found.low, high=found.high, p=found.p, test=found.test, rows=len(left.scores[0]))


def contestant(store: ResultStore, records: Sequence[Record], metric: str, draws: int = DRAWS) -> Contestant | str:
    """A model's number with its predictions, or why there is nothing to test with.

    Args:
        store: where the records are.
        records: all seeds of one model on one task.
        metric: the number's name.
        draws: bootstrap resamples.
    """
    scores = []
    for record in records:
        score = scored(metric, store.predictions(record) or {})
        if score is None:
            return NO_PREDICTIONS
        recorded = record.metrics[metric].value
        if abs(score.value - recorded) > _ROUNDING:
            return (
                f"the predictions of {record.model.name} give {score.value:.4f}, its record says {recorded:.4f}: "
                "measure again"
            )
        scores.append(score)
    values = tuple(record.metrics[metric].value for record in records)
    return Contestant(values, tuple(scores), draws)
