"""Results with their seeds joined, and the long table made of them: one number a row, for programs.

The mean over k seeds is uncertain for two reasons. All seeds share one sample of test rows, so averaging does not
shrink that part: its standard error follows from the mean half-width h of the seeds' own 95 % intervals, h / z with
z = 1.96. The seeds are a sample as well: the standard error of their mean is sd / √k (with k - 1 in sd). Taken as
independent, the 95 % interval of the mean is

    mean ± t · √( (h / z)² + sd² / k )

with t for the degrees of freedom of `harness.statistics.intervals`, clipped to the metric's range. If one seed has no
interval, the mean has none: a part of the uncertainty would be missing without a sign.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

import pandas as pd

from harness.errors import RecordInvalid
from harness.leaderboard.table import Cell, Column, family_order, metric_style, task_order, words
from harness.outcome import Metric
from harness.printing import one_line, spreadsheet
from harness.record import ModelFacts, Record
from harness.statistics.bootstrap import sampling_error, seed_interval, standard_error

#: The most cautious state first: what seeds that disagree are joined to.
_CAUTION = ("limited", "overlap", "unknown", "clean")


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A model's results on one task under one protocol, its seeds joined."""

    model: ModelFacts
    task: str
    corpus: str
    protocol: str
    split: str
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """Empty when no seed has a number."""
    seeds: int = 0
    """Seeds that have numbers."""
    faults: Mapping[str, int] = field(default_factory=dict)
    """Status → number of seeds that ended in it without a number, sorted by status."""
    contamination: Mapping[str, Any] = field(default_factory=dict)
    """`state` and evidence, as in the records; the most cautious where seeds differ."""
    observed_mae: Mapping[str, float] = field(default_factory=dict)
    """Dimension → mean absolute error in the paper's unit, where every seed has it."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Those of the first seed with numbers."""
    data: str = ""
    """Content digest of what was scored."""

    @property
    def task_id(self) -> str:
        """`task/corpus/protocol`."""
        return f"{self.task}/{self.corpus}/{self.protocol}"

    @property
    def state(self) -> str:
        """`clean`, `overlap`, `unknown`, or `limited` (see `with_limited`)."""
        return _state(self.contamination)

    @property
    def status(self) -> str:
        """`ok` when there are numbers, else how the seeds ended."""
        return "ok" if self.metrics or not self.faults else next(iter(self.faults))


def _state(contamination: Mapping[str, Any]) -> str:
    """What a record says of contamination; `unknown` where it says nothing."""
    return contamination["state"] if contamination.get("state") in _CAUTION else "unknown"


def combine_metric(name: str, values: Sequence[Metric]) -> Metric:
    """Join one metric's values over seeds (see the module for the interval).

    >>> joined = combine_metric("accuracy", [Metric(0.80, 0.78, 0.82), Metric(0.82, 0.80, 0.84)])
    >>> round(joined.value, 3), round(joined.high - joined.value, 4)
    (0.81, 0.039)
    """
    if len(values) == 1:
        return values[0]
    mean = fmean(value.value for value in values)
    widths = [(value.high - value.low) / 2 for value in values if value.low is not None and value.high is not None]
    if len(widths) < len(values):
        return Metric(mean)
    seeds = (standard_error([value.value for value in values]), len(values) - 1)
    low, high = seed_interval(mean, sampling_error(0.0, 2 * fmean(widths)), [seeds])
    style = metric_style(name)
    return Metric(mean, max(low, style.low), min(high, style.high))


def combine(records: Iterable[Record]) -> tuple[Evaluation, ...]:
    """Group records by model, task, protocol, corpus and split and join their seeds, in order of appearance.

    Raises:
        RecordInvalid: a seed is there twice, or the seeds of one evaluation were scored with different weights or on
            different data: their mean would be of nothing in particular.
    """
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.model.name, record.task_id, record.split), []).append(record)
    return tuple(_join(sorted(group, key=lambda record: record.seed)) for group in groups.values())


def with_limited(records: Iterable[Record]) -> list[Record]:
    """Put what was tried with `--limit` under its whole protocol, in the state `limited`, which is never ranked.

    The measurement on all texts, or else the one on most, stands for each model and task.
    """
    shown: dict[tuple[str, str], tuple[float, list[Record]]] = {}
    for record in records:
        protocol, _, limit = record.protocol.partition("+limit-")
        texts = float(limit or "inf")
        if limit:
            record = replace(record, protocol=protocol, contamination={**record.contamination, "state": "limited"})
        most, group = shown.setdefault((record.model.name, record.task_id), (texts, []))
        if texts > most:
            shown[record.model.name, record.task_id] = (texts, [record])
        elif texts == most:
            group.append(record)
    return [record for _, group in shown.values() for record in group]


def _join(records: Sequence[Record]) -> Evaluation:
    numbers = [
        {name: metric for name, metric in record.metrics.items() if math.isfinite(metric.value)}
        if record.status == "ok"
        else {}
        for record in records
    ]
    scored = [record for record, found in zip(records, numbers, strict=True) if found]
    where = f"{records[0].model.name}, {records[0].task_id}"
    if len({record.seed for record in records}) < len(records):
        raise RecordInvalid(f"{where}: one seed has several records; remove all but one")
    for what, values in (
        ("weights or options (fingerprints)", [record.model.fingerprint for record in scored]),
        ("data (digests)", [record.data for record in scored]),
        ("precisions", [record.model.dtype for record in scored]),
    ):
        if len(set(values)) > 1:
            raise RecordInvalid(
                f"{where}: the seeds were scored with different {what}: {', '.join(v or 'none' for v in values)}; "
                "remove the outdated records and run again"
            )
    faults = Counter(record.status for record, found in zip(records, numbers, strict=True) if not found)
    first = (scored or records)[0]
    errors = [record.details.get("mae_observed") or {} for record in scored]
    return Evaluation(
        model=first.model,
        task=first.task,
        corpus=first.corpus,
        protocol=first.protocol,
        split=first.split,
        metrics={name: combine_metric(name, values) for name, values in _shared(filter(None, numbers))},
        seeds=len(scored),
        faults=dict(sorted(faults.items())),
        contamination=min(
            (record.contamination for record in (scored or records)), key=lambda found: _CAUTION.index(_state(found))
        ),
        observed_mae={name: fmean(values) for name, values in _shared(errors)},
        details=first.details,
        data=first.data,
    )


def _shared(found: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[Any]]]:
    """Names that all have, with the values of each."""
    first, *others = [*found] or [{}]
    return [(name, [first[name], *(o[name] for o in others)]) for name in first if all(name in o for o in others)]


def ordered(records: Iterable[Record], tasks: Mapping[str, Sequence[str]] | None = None) -> tuple[Evaluation, ...]:
    """Join seeds and sort by task and family; equal records in any order give equal evaluations.

    Args:
        records: results, any number of seeds.
        tasks: task id → its metrics, the main one first, in the order of the suite; other tasks come after.

    Raises:
        RecordInvalid: seeds of one evaluation do not fit together (see `combine`).
    """
    task_ranks = {name: rank for rank, name in enumerate(tasks or ())}

    def key(found: Evaluation) -> tuple[object, ...]:
        return (
            task_ranks.get(found.task_id, len(task_ranks)),
            task_order(found.task, found.corpus, found.protocol),
            found.split,
            family_order(found.model.family),
            found.model.base is not None,
            found.model.name,
        )

    return tuple(sorted(combine(records), key=key))


def encoder_of(model: str) -> str:
    """The encoder that a row is of: `minilm` of `minilm@mean`."""
    return model.partition("@")[0]


class Results:
    """Evaluations by model and task.

    Args:
        evaluations: in the order of the tables.
        recommended: encoder → the pooling that its authors trained.

    Attributes:
        models: what was recorded of each model, in the order of the rows.
        titles: model → how it is called, with the vector where an encoder has several rows, its name says one or its
            authors trained another. The names stand behind titles that would be equal.
    """

    def __init__(self, evaluations: Sequence[Evaluation], recommended: Mapping[str, str] | None = None) -> None:
        self.evaluations, self.recommended = evaluations, recommended or {}
        self._found = {(one.model.name, one.task_id): one for one in evaluations}
        facts: dict[str, ModelFacts] = {}
        for one in evaluations:
            if one.model.name not in facts or (one.metrics and facts[one.model.name].parameters is None):
                facts[one.model.name] = one.model
        # One encoder's rows stand together, the vector that its authors trained first.
        starts = {encoder_of(name): facts[name].base is not None for name in facts}

        def key(model: ModelFacts) -> tuple[object, ...]:
            encoder = encoder_of(model.name)
            return (family_order(model.family), starts[encoder], encoder, not self.is_recommended(model), model.name)

        self.models = sorted(facts.values(), key=key)
        several = Counter(encoder_of(model.name) for model in self.models)
        plain = {}
        for model in self.models:
            title = one_line(model.title).removesuffix(f" ({model.pooling})") or model.name
            named = several[encoder_of(model.name)] > 1 or "@" in model.name
            other = encoder_of(model.name) in self.recommended and not self.is_recommended(model)
            pooling = words("poolings").get(model.pooling or "") if named or other else None
            plain[model.name] = f"{title}, {pooling}" if pooling else title
        count = Counter(plain.values())
        self.titles = {n: title if count[title] == 1 or title == n else f"{title} ({n})" for n, title in plain.items()}

    def is_recommended(self, model: ModelFacts) -> bool:
        """Whether a row shows the vector that the model's authors trained, as far as is known."""
        wanted = self.recommended.get(encoder_of(model.name))
        return wanted is not None and model.pooling == wanted

    def get(self, model: str, task_id: str) -> Evaluation | None:
        """A model's evaluation, None when it was never run."""
        return self._found.get((model, task_id))

    def of(self, task_id: str) -> list[Evaluation]:
        """All evaluations of a task, in the order of the models."""
        return [one for model in self.models if (one := self.get(model.name, task_id)) is not None]

    def protocols(self, task: str) -> dict[str, list[str]]:
        """Protocol → the corpora that were measured under it, both in order."""
        found = {(one.corpus, one.protocol) for one in self.evaluations if one.task == task}
        protocols: dict[str, list[str]] = {}
        for corpus, protocol in sorted(found, key=lambda place: task_order(task, *place)):
            protocols.setdefault(protocol, []).append(corpus)
        return protocols

    def cell(self, model: str, column: Column) -> Cell:
        """The cell of a model in a measured column."""
        found = self.get(model, column.task_id)
        if found is None:
            return Cell(status="not-run")
        if not found.metrics:
            return Cell(status="undefined" if found.status == "ok" else found.status)
        style = metric_style(column.metric)
        if column.unit == "observed range":
            error = found.observed_mae.get(column.metric.partition(".")[0])
            number = None if error is None else Metric(error)
        else:
            number = found.metrics.get(column.metric)
        if number is None:
            return Cell(status="undefined")
        value, low, high = (None if x is None else style.shown(x) for x in (number.value, number.low, number.high))
        printed = style.show(number.value)
        return Cell(value=value, low=low, high=high, printed=printed, contamination=found.state)


#: The columns of the long table, in their order.
COLUMNS = (
    *("model", "task", "protocol", "corpus", "split", "metric"),
    *("value", "low", "high", "seeds", "status", "contamination"),
)


def long_frame(records: Iterable[Record], tasks: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
    """The long table, one number a row: accuracies, F1 and correlations are fractions, low and high end 95 % intervals.

    An evaluation without a number keeps its rows, with its status and NaN. Where some seeds have numbers and others
    failed, the numbers are there with the count of their seeds.

    Args:
        records: results, any number of seeds.
        tasks: task id → its metrics, the main one first; gives the order of tasks and metrics, and the metric's
            name in rows without a number (empty for tasks that are not in it).

    Raises:
        RecordInvalid: seeds of one evaluation do not fit together.
    """
    rows: list[tuple[object, ...]] = []
    for found in ordered(records, tasks):
        declared = list((tasks or {}).get(found.task_id, ()))
        names = [name for name in declared if name in found.metrics]
        where = (found.model.name, found.task, found.protocol, found.corpus, found.split)
        for name in (*names, *sorted(found.metrics.keys() - set(names))):
            number = found.metrics[name]
            rows.append((*where, name, number.value, number.low, number.high, found.seeds, "ok", found.state))
        for status, seeds in () if found.metrics else found.faults.items():
            rows += [(*where, name, None, None, None, seeds, status, found.state) for name in declared or [""]]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(("value", "low", "high"), "float64") | {"seeds": "int64"})


def long_csv(frame: pd.DataFrame) -> str:
    """The long table as CSV with a header; numbers keep every digit, missing ones are empty."""
    texts = frame.select_dtypes(exclude="number").map(lambda text: spreadsheet(one_line(text)))
    return str(frame.assign(**texts).to_csv(index=False, lineterminator="\n"))
