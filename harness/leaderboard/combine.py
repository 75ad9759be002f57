"""Join the seeds of a unit: from result records to one number for each model, task and metric.

The mean over k seeds is uncertain for two reasons. The test rows are a sample, the same one for every seed,
so averaging does not shrink that part: its standard error is taken from the mean half-width h of the seeds' own
95 % intervals, h / z with z = 1.96. The seeds are a sample as well: the standard error of their mean is sd / √k
(with k - 1 in sd). Taken as independent, the 95 % interval of the mean is

    mean ± t · √( (h / z)² + sd² / k )

with t for the degrees of freedom of `harness.statistics.seeds`, clipped to the metric's range. The envelope of the
seeds' intervals would be neither of the two. If one seed has no interval, the mean has none: a part of the
uncertainty would be missing without a sign.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from harness.errors import RecordInvalid
from harness.leaderboard.metrics import metric_style
from harness.outcome import Metric
from harness.record import ModelFacts, Record
from harness.statistics import sampling_error, seed_interval, standard_error

#: The most cautious state first: what seeds that disagree are joined to.
_CAUTION = ("overlap", "unknown", "clean")


@dataclass(frozen=True, kw_only=True)
class Unit:
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
    data: str = ""
    """Content digest of what was scored."""

    @property
    def task_id(self) -> str:
        """`task/corpus/protocol`."""
        return f"{self.task}/{self.corpus}/{self.protocol}"

    @property
    def state(self) -> str:
        """`clean`, `overlap` or `unknown`; unknown when the records do not say."""
        return contamination_state(self.contamination)

    @property
    def status(self) -> str:
        """`ok` when there are numbers, else how the seeds ended."""
        if self.metrics or not self.faults:
            return "ok"
        return next(iter(self.faults))


def contamination_state(contamination: Mapping[str, Any]) -> str:
    """Read the state out of a record's `contamination`; what is not there is unknown, never clean."""
    state = contamination.get("state")
    return state if isinstance(state, str) and state in _CAUTION else "unknown"


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
    return Metric(mean, style.clip(low), style.clip(high))


def combine(records: Iterable[Record]) -> tuple[Unit, ...]:
    """Group records by model, task, protocol, corpus and split and join their seeds, in order of appearance.

    Raises:
        RecordInvalid: a seed is there twice, or the seeds of one unit were scored with different weights or on
            different data: their mean would be of nothing in particular.
    """
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.model.name, record.task_id, record.split), []).append(record)
    return tuple(_join(group) for group in groups.values())


def _numbers(record: Record) -> dict[str, Metric]:
    if record.status != "ok":
        return {}
    return {name: metric for name, metric in record.metrics.items() if math.isfinite(metric.value)}


def _join(group: Sequence[Record]) -> Unit:
    ordered = sorted(group, key=lambda record: record.seed)
    scored = [record for record in ordered if _numbers(record)]
    _check_same(ordered, scored)
    faults: dict[str, int] = {}
    for record in ordered:
        if not _numbers(record):
            faults[record.status] = faults.get(record.status, 0) + 1
    names = list(_numbers(scored[0])) if scored else []
    shared = [name for name in names if all(name in _numbers(record) for record in scored)]
    first = (scored or ordered)[0]
    judged = [record.contamination for record in (scored or ordered)]
    return Unit(
        model=first.model,
        task=first.task,
        corpus=first.corpus,
        protocol=first.protocol,
        split=first.split,
        metrics={name: combine_metric(name, [record.metrics[name] for record in scored]) for name in shared},
        seeds=len(scored),
        faults=dict(sorted(faults.items())),
        contamination=min(judged, key=lambda evidence: _CAUTION.index(contamination_state(evidence))),
        observed_mae=_observed(scored),
        data=first.data,
    )


def _check_same(ordered: Sequence[Record], scored: Sequence[Record]) -> None:
    where = f"{ordered[0].model.name}, {ordered[0].task_id}"
    seeds = [record.seed for record in ordered]
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        raise RecordInvalid(f"{where}: seed {twice[0]} has several records; remove all but one")
    for what, values in (
        ("weights or options (fingerprints)", [record.model.fingerprint for record in scored]),
        ("data (digests)", [record.data for record in scored]),
    ):
        if len(set(values)) > 1:
            said = ", ".join(
                f"seed {record.seed}: {value or 'none'}" for record, value in zip(scored, values, strict=True)
            )
            raise RecordInvalid(
                f"{where}: the seeds were scored with different {what} ({said}); "
                "remove the outdated records and run again"
            )


def _observed(scored: Sequence[Record]) -> dict[str, float]:
    """Mean over seeds of `details["mae_observed"]`, for dimensions that every seed has."""
    tables = []
    for record in scored:
        raw = record.details.get("mae_observed")
        tables.append(raw if isinstance(raw, Mapping) else {})
    found: dict[str, float] = {}
    for dimension in sorted(set().union(*tables)) if tables else ():
        values = [table.get(dimension) for table in tables]
        numbers = [float(v) for v in values if isinstance(v, (int, float)) and math.isfinite(v)]
        if len(numbers) == len(tables):
            found[dimension] = fmean(numbers)
    return found
