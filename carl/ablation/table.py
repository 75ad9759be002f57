"""The table of an ablation: arms against scores, means over seeds with standard errors, the paper's numbers beside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from carl.ablation.plan import BEFORE, FULL, AblationPlan, ArmRun
from carl.ablation.results import RunResult
from harness.leaderboard.metrics import digits, metric_style
from harness.leaderboard.published import Published, load_published
from harness.leaderboard.words import corpus_title, words
from harness.statistics import standard_error

_CITED = words("citations")["CARL"]

#: Arm → row of the paper's Table V. What its "Base RWA" is, it does not say.
PUBLISHED_AS: Mapping[str, str] = {FULL: "CARL", "no-ptd": "w/o TP", "no-mccl": "w/o MCCL"}
_UNEXPLAINED = "Base RWA"

#: Of a task's metrics these are shown; of a task without any of them the first.
_SHOWN = ("valence.pearson", "arousal.pearson", "accuracy")

#: Corpora that the paper pooled for valence and arousal; EmoBank is one of them.
_POOLED = ("emobank", "pooled")

_DEVELOPMENT = "development"


@dataclass(frozen=True)
class Score:
    """One column."""

    source: str
    """A task id, or `development`."""
    metric: str

    @property
    def corpus(self) -> str:
        """The task's corpus."""
        return self.source.split("/")[1] if "/" in self.source else ""

    @property
    def head(self) -> str:
        """The column's heading."""
        if self.source == _DEVELOPMENT:
            return "development"
        dimension, dot, _ = self.metric.rpartition(".")
        return " ".join([corpus_title(self.corpus), *([dimension] if dot else []), metric_style(self.metric).label])

    def of(self, result: RunResult) -> float | None:
        """What a run scored; None when it has no such number."""
        if self.source == _DEVELOPMENT:
            return result.development.get(self.metric)
        entry = result.tasks.get(self.source, {}).get("metrics", {}).get(self.metric)
        return None if entry is None else float(entry["value"])

    def show(self, value: float, *, signed: bool = False) -> str:
        """A number as the table prints it: accuracies in percent."""
        style = metric_style(self.metric)
        text = digits(style.shown(value), style.decimals)
        return text if not signed or text.startswith("-") else f"+{text}"

    def is_published(self, number: Published) -> bool:
        """Whether one of the paper's numbers belongs into the column."""
        corpora = _POOLED if number.corpus == "pooled" else (number.corpus,)
        return self.corpus in corpora and self.metric == number.metric


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean."""
        return fmean(self.values)

    @property
    def error(self) -> float | None:
        """Standard error of the mean; None with one seed."""
        return standard_error(self.values) if len(self.values) > 1 else None

    def show(self, score: Score, *, signed: bool = False) -> str:
        """`mean ± standard error`."""
        shown = score.show(self.mean, signed=signed)
        return shown if self.error is None else f"{shown} ± {score.show(self.error)}"


class AblationTable:
    """Results of an ablation, arm by arm.

    Args:
        plan: what was to be run.
        results: what there is so far.
        tasks: what encoders are scored on, in the order of the columns.
    """

    def __init__(self, plan: AblationPlan, results: Mapping[ArmRun, RunResult], tasks: Sequence[str]) -> None:
        self.plan = plan
        self.results = {run: result for run, result in results.items() if result.status == "ok"}
        self.failed = {run: result for run, result in results.items() if result.status != "ok"}
        self.scores = tuple(self._columns(tasks))
        self.base = "RoBERTa" if "roberta" in plan.base.backbone.lower() else "BERT"
        self.published = [n for n in load_published() if n.table == "V" and n.base == self.base]

    def _columns(self, tasks: Sequence[str]) -> Iterable[Score]:
        if any(result.development for result in self.results.values()):
            yield Score(_DEVELOPMENT, "score")
        for task in tasks:
            names = dict.fromkeys(
                name for result in self.results.values() for name in result.tasks.get(task, {}).get("metrics", {})
            )
            shown = [name for name in _SHOWN if name in names] or list(names)[:1]
            yield from (Score(task, name) for name in shown)

    def _by_seed(self, arm: str, score: Score) -> dict[int, float]:
        found = {run.seed: score.of(result) for run, result in self.results.items() if run.arm == arm}
        return {seed: value for seed, value in found.items() if value is not None}

    def estimate(self, arm: str, score: Score) -> Estimate | None:
        """An arm's mean; None without any number."""
        values = tuple(self._by_seed(arm, score).values())
        return Estimate(values) if values else None

    def difference(self, arm: str, score: Score) -> Estimate | None:
        """An arm less the full one, seed by seed: what a seed does to both of them falls away."""
        mine, full = self._by_seed(arm, score), self._by_seed(FULL, score)
        values = tuple(value - full[seed] for seed, value in mine.items() if seed in full)
        return Estimate(values) if values and arm not in (FULL, BEFORE) else None

    def _printed(self, model: str, score: Score) -> str:
        for number in self.published:
            if number.model == model and score.is_published(number):
                return f"{number.printed}{'†' if score.corpus != number.corpus else ''}"
        return ""

    # Formats

    def markdown(self) -> str:
        """The table for people."""
        heads = [score.head for score in self.scores]
        arms = [arm for arm in self.plan.arms if any(run.arm == arm for run in self.results)]
        rows: list[list[str]] = []
        for arm in arms:
            seeds = sum(run.arm == arm for run in self.results)
            rows.append([arm, str(seeds), *(_cell(self.estimate(arm, score), score) for score in self.scores)])
            if arm in PUBLISHED_AS:
                rows += self._printed_row(PUBLISHED_AS[arm])
        rows += self._printed_row(_UNEXPLAINED)
        parts = [f"# Ablation of {self.plan.base.name}", *([_grid(["arm", "seeds", *heads], rows)] if rows else [])]
        differences = [row for arm in arms if (row := self._difference_row(arm)) is not None]
        if differences:
            parts += [f"## Difference to `{FULL}`, seed by seed", _grid(["arm", "seeds", *heads], differences)]
        return "\n\n".join([*parts, "\n".join(self._notes())]) + "\n"

    def _difference_row(self, arm: str) -> list[str] | None:
        found = [(score, self.difference(arm, score)) for score in self.scores]
        counts = [len(estimate.values) for _, estimate in found if estimate is not None]
        if not counts:
            return None
        return [arm, str(max(counts)), *(_cell(estimate, score, signed=True) for score, estimate in found)]

    def _printed_row(self, model: str) -> list[list[str]]:
        cells = [self._printed(model, score) for score in self.scores]
        return [[f"*{model} ({self.base}), published*", "", *cells]] if any(cells) else []

    def _notes(self) -> list[str]:
        base = self.plan.base
        notes = [
            "- Means over training seeds ± their standard error; a single seed has none. Accuracies in percent. The "
            "standard error covers the seeds alone, not the sample of test texts.",
            f"- `{BEFORE}` is {Path(base.backbone).name} as it is. All vectors: last layer, first token.",
            f"- Published: {_CITED}, Table V, as printed. Another backbone, other data (IEMOCAP among them): beside "
            f'our numbers, not against them. What "{_UNEXPLAINED}" is, the paper does not say.',
        ]
        if any("†" in self._printed(name, s) for name in (*PUBLISHED_AS.values(), _UNEXPLAINED) for s in self.scores):
            notes.append("- † of the paper's pooled corpora, most likely with EmoBank's test rows in training.")
        notes += [
            f"- `{arm}` is the same as `{twin}` under this configuration." for arm, twin in self.plan.same.items()
        ]
        notes += [f"- FAILED: {run.arm}, seed {run.seed}: {result.error}" for run, result in self.failed.items()]
        missing = {
            (task, entry["status"], entry.get("message", ""))
            for result in self.results.values()
            for task, entry in result.tasks.items()
            if entry["status"] != "ok"
        }
        notes += [f"- {task}: {status}: {message}" for task, status, message in sorted(missing)]
        left = len(self.plan.runs) - len(self.results) - len(self.failed)
        return notes + ([f"- {left} of {len(self.plan.runs)} runs have not ended yet."] if left else [])

    def csv(self) -> str:
        """The table for programs: one row an arm and score. Accuracies are shares, as in result records."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for arm in self.plan.arms:
            for score in self.scores:
                estimate, difference = self.estimate(arm, score), self.difference(arm, score)
                if estimate is None:
                    continue
                printed = self._printed(PUBLISHED_AS[arm], score).rstrip("†") if arm in PUBLISHED_AS else ""
                found = (estimate.mean, estimate.error) + (
                    (difference.mean, difference.error) if difference is not None else (None, None)
                )
                writer.writerow(
                    [
                        *(arm, score.source, score.metric, len(estimate.values), *map(_bare, found)),
                        f"{PUBLISHED_AS[arm]} ({self.base})" if printed else "",
                        printed,
                    ]
                )
        return out.getvalue()


#: Columns of the CSV; `published` is as the paper prints it, accuracies in percent.
CSV_COLUMNS = (
    *("arm", "source", "metric", "seeds", "mean", "standard_error"),
    *("difference_to_full", "difference_standard_error", "published_as", "published"),
)


def _bare(value: float | None) -> str:
    return "" if value is None else repr(value)


def _cell(estimate: Estimate | None, score: Score, *, signed: bool = False) -> str:
    return "–" if estimate is None else estimate.show(score, signed=signed)


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    from tabulate import tabulate

    alignment = ("left", *["right"] * (len(heads) - 1))
    return str(tabulate(rows, headers=heads, tablefmt="pipe", disable_numparse=True, colalign=alignment))
