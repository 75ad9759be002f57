"""Compare recorded results: two models with intervals and tests, two measurements exactly.

    compare(Side.of(store, "minilm"), Side.of(store, "lexicon"))   # is one better, beyond chance?
    changes(store, other_store)   # did this commit change any number?

Everything is read from the records and the per-example predictions beside them; no corpus and no model is needed.
Numbers are compared within one protocol and version on the same data; whatever else there is, is listed with the
reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import UsageError, unknown_name
from harness.record import Record, ResultStore
from harness.statistics.bootstrap import DRAWS
from harness.statistics.differences import (
    ALPHA,
    Contestant,
    comparable,
    difference,
    holm,
)
from harness.statistics.scores import scored

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.generic]]

#: A recorded number and the one that its predictions give differ by no more: some protocols round by fold, and
#: predictions are stored in float32.
_ROUNDING = 2e-4

#: Why a number of the geometry, say, is compared without a test.
NO_PREDICTIONS = "no per-example predictions determine this number: not tested"


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


@dataclass(frozen=True)
class Side:
    """One model's results in one directory."""

    model: str
    store: ResultStore
    records: tuple[Record, ...]

    @classmethod
    def of(cls, store: ResultStore, model: str, records: Iterable[Record] | None = None) -> Side:
        """A model's records.

        Args:
            store: the directory.
            model: see `find_recorded`.
            records: all records of the directory, if they are read already.

        Raises:
            UsageError: there are none of this model; near names are suggested.
        """
        everything = list(store if records is None else records)
        if not everything:
            raise UsageError(f"there are no records in {store.directory}; measure first: bench run --models {model}")
        name = find_recorded(model, everything)
        return cls(name, store, tuple(record for record in everything if record.model.name == name))

    @cached_property
    def tasks(self) -> dict[str, tuple[Record, ...]]:
        """Task id → its records, ordered by seed."""
        found: dict[str, list[Record]] = {}
        for record in sorted(self.records, key=lambda record: record.seed):
            found.setdefault(record.task_id, []).append(record)
        return {name: tuple(records) for name, records in found.items()}


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
        the texts, nothing is decided.
        """
        if self.low is None:
            return "same number" if self.difference == 0 else "not tested"
        if self.difference == 0 and self.p == 1:
            return "same"
        if not self.separated:
            return "not told apart"
        if self.seen:
            return f"{'higher' if self.difference > 0 else 'lower'}*, not judged"
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
    first: Side,
    second: Side,
    *,
    tasks: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    draws: int = DRAWS,
) -> Comparison:
    """Compare two models on every task that both were measured on.

    Args:
        first: the model that is compared with.
        second: the model that is compared.
        tasks: task ids, in the order of the answer; None for all that are recorded.
        metrics: which numbers, of those that both have; None for the main one of each task, which a record holds first.
        draws: bootstrap resamples; the smallest p-value of a bootstrap test is 2 / (draws + 1).
    """
    found: list[Compared] = []
    left_out: list[LeftOut] = []
    for task_id in dict.fromkeys((*first.tasks, *second.tasks)) if tasks is None else tasks:
        one, two = first.tasks.get(task_id, ()), second.tasks.get(task_id, ())
        if not one and not two:
            continue
        reason = _incomparable(first, second, task_id)
        if reason:
            left_out.append(LeftOut(model=second.model if not two else first.model, task_id=task_id, reason=reason))
            continue
        shared = [name for name in one[0].metrics if all(name in record.metrics for record in (*one, *two))]
        for name in shared[:1] if metrics is None else [name for name in shared if name in metrics]:
            found.append(_number(first, second, task_id, name, draws))
    tested = [number.p for number in found if number.p is not None]
    adjusted = iter(holm(tested))
    numbers = tuple(number if number.p is None else replace(number, adjusted=next(adjusted)) for number in found)
    return Comparison(first=first.model, second=second.model, numbers=numbers, left_out=tuple(left_out))


def _incomparable(first: Side, second: Side, task_id: str) -> str:
    """Why a task's results cannot be set side by side; empty when they can."""
    one, two = first.tasks.get(task_id, ()), second.tasks.get(task_id, ())
    if not one or not two:
        there, missing = (first, second) if one else (second, first)
        stem = task_id.rsplit("/", 2)[0] + "/"
        others = sorted(name for name in missing.tasks if name.startswith(stem) and name not in there.tasks)
        if others:
            return f"another protocol: {missing.model} has {', '.join(name.removeprefix(stem) for name in others)}"
        return f"no record of {missing.model}"
    for side, records in ((first, one), (second, two)):
        bad = [record for record in records if record.status != "ok"]
        if bad:
            return f"{side.model}: {bad[0].status}"
    if len({record.data for record in (*one, *two)}) > 1:
        return "scored on different data"
    if len({record.split for record in (*one, *two)}) > 1:
        return "scored on different splits"
    return ""


def _number(first: Side, second: Side, task_id: str, metric: str, draws: int) -> Compared:
    sides = (first, second)
    one, two = (fmean(record.metrics[metric].value for record in side.tasks[task_id]) for side in sides)
    seen = tuple(
        side.model
        for side in sides
        if any(record.contamination.get("state") != "clean" for record in side.tasks[task_id])
    )
    plain = Compared(task_id=task_id, metric=metric, first=one, second=two, difference=two - one, seen=seen)
    left, right = (contestant(side.store, side.tasks[task_id], metric, draws) for side in sides)
    if isinstance(left, str) or isinstance(right, str):
        return replace(plain, note=left if isinstance(left, str) else str(right))
    if not comparable(left, right):
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
    return Contestant(fmean(values), tuple(scores), draws, values)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One number, or one fact, that two measurements of the same unit do not share."""

    model: str
    task_id: str
    seed: int
    what: str
    """A metric, `METRIC (interval)`, `predictions` or `status`."""
    before: float | str | None
    after: float | str | None
    """The number; for intervals and predictions words."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What two directories of results do not share."""

    units: int
    """Units that were compared."""
    numbers: int
    """Numbers that were compared: values and ends of intervals."""
    changed: tuple[Change, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...] = ()
    """Facts beside the numbers that differ: weights, say."""


def changes(
    before: ResultStore,
    after: ResultStore,
    *,
    models: Sequence[str] | None = None,
    tasks: Sequence[str] | None = None,
    tolerance: float = 0.0,
) -> Changes:
    """Find every number that differs between two measurements of the same models.

    Args:
        before: one directory of results.
        after: the other.
        models: which models; None for all.
        tasks: which task ids; None for all.
        tolerance: largest absolute difference that counts as none; 0 compares exactly, predictions too.
    """

    def chosen(store: ResultStore) -> dict[tuple[str, str, int], Record]:
        return {
            record.key: record
            for record in store
            if (models is None or record.model.name in models) and (tasks is None or record.task_id in tasks)
        }

    old, new = chosen(before), chosen(after)
    changed: list[Change] = []
    left_out: list[LeftOut] = []
    notes: dict[str, None] = {}
    count = shared = 0
    for key in dict.fromkeys((*old, *new)):
        model, task_id, seed = key
        one, two = old.get(key), new.get(key)
        if one is None or two is None:
            where = before.directory if one else after.directory
            left_out.append(LeftOut(model=model, task_id=task_id, reason=f"seed {seed} only in {where}"))
            continue
        differing: list[tuple[str, float | str | None, float | str | None]] = []
        if one.status != two.status:
            differing.append(("status", one.status, two.status))
        elif one.status == "ok" and one.data != two.data:
            left_out.append(LeftOut(model=model, task_id=task_id, reason="scored on different data"))
        elif one.status == "ok":
            shared += 1
            if one.model.fingerprint != two.model.fingerprint:
                prints = f"{one.model.fingerprint}, {two.model.fingerprint}"
                notes[f"{model}: the weights or options are others ({prints})"] = None
            for name in dict.fromkeys((*one.metrics, *two.metrics)):
                a, b = one.metrics.get(name), two.metrics.get(name)
                count += 3 if a and b else 1
                if not a or not b or _differ(a.value, b.value, tolerance):
                    differing.append((name, a.value if a else None, b.value if b else None))
                if a and b and (_differ(a.low, b.low, tolerance) or _differ(a.high, b.high, tolerance)):
                    differing.append((f"{name} (interval)", f"[{a.low}, {a.high}]", f"[{b.low}, {b.high}]"))
            if _predictions_differ(before.predictions(one), after.predictions(two), tolerance):
                differing.append(("predictions", "stored", "others"))
        changed += [
            Change(model=model, task_id=task_id, seed=seed, what=what, before=a, after=b) for what, a, b in differing
        ]
    return Changes(units=shared, numbers=count, changed=tuple(changed), left_out=tuple(left_out), notes=tuple(notes))


def _differ(one: float | None, two: float | None, tolerance: float) -> bool:
    return one != two if one is None or two is None else abs(one - two) > tolerance


def _predictions_differ(old: Arrays | None, new: Arrays | None, tolerance: float) -> bool:
    """Whether stored predictions differ; an array that only one side has says nothing of the numbers."""
    pairs = [(old[name], new[name]) for name in old.keys() & new.keys()] if old and new else []
    return any(a.shape != b.shape or np.abs(a.astype(float) - b).max(initial=0) > tolerance for a, b in pairs)
