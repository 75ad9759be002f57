"""What `bench run --dry-run` prints: the units of a plan and what they take, all from cards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from harness.cli.progress import shown_time
from harness.planning import CPU_RATE, GPU_RATE, Estimator, Work
from harness.printing import show_rows
from harness.workers import cores

if TYPE_CHECKING:
    from harness.engines.base import Plan
    from harness.units import Unit, Workbench

_HEADER = ("model", "unit", "texts", "tokens", "FLOPs", "time", "disk")


def show_plan(plan: Plan, bench: Workbench) -> str:
    """The units of a plan that have no result yet, with estimates, and their sum.

    A unit counts as done when it has a result; whether weights or data are others by now is found out by the run.
    """
    on_gpu = (bench.options.device or "cpu") not in ("cpu", "auto")
    cards = {name: plugin.card for name, plugin in bench.plugins.items()}
    estimator = Estimator(cards, bench.tasks, bench.corpora, rate=GPU_RATE if on_gpu else CPU_RATE)
    rows: list[Sequence[object]] = []
    works: list[Work] = []
    done = 0
    for model, units in plan.units.items():
        left = [unit for unit in units if not _is_recorded(unit, bench)]
        done += len(units) - len(left)
        for part in dict.fromkeys(part for unit in left for part in estimator.parts(unit)):
            _, corpus, cut = part
            works.append(estimator.encoding(*part))
            rows.append(_row(model, f"encode {corpus}{'' if cut is None else f', {cut} tokens'}", works[-1]))
        for unit in left:
            works.append(estimator.scoring(model, unit.task))
            rows.append(_row(model, f"score {unit.task} seed {unit.seed}", works[-1]))
    total = Work(
        seconds=sum(work.seconds for work in works),
        texts=sum(work.texts for work in works),
        tokens=sum(work.tokens for work in works),
        flops=sum(work.flops or 0.0 for work in works),
        disk=sum(work.disk for work in works),
    )
    rows.append(_row("total", f"{len(plan) - done} units to score, {done} recorded before", total))
    return f"{show_rows(_HEADER, rows, 'plain')}\n\n{_footnote(on_gpu)}"


def _footnote(on_gpu: bool) -> str:
    where = (
        f"one GPU of {GPU_RATE / 1e12:.0f} TFLOP/s (assumed), scoring on one core"
        if on_gpu
        else f"one core of {CPU_RATE / 1e9:.0f} GFLOP/s; this machine has {cores()}"
    )
    return (
        f"Estimates, with nothing in the cache: time of {where}.\n"
        "FLOPs are two for each weight and token; encoders that do not say how large they are have none."
    )


def _is_recorded(unit: Unit, bench: Workbench) -> bool:
    if bench.options.fresh:
        return False
    record = bench.results.get(unit.model, unit.task, unit.seed)
    return record is not None and record.status == "ok"


def _row(model: str, unit: str, work: Work) -> Sequence[object]:
    def shown(value: float | None, show: Callable[[float], str]) -> str | None:
        return show(value) if value else None

    return (
        model,
        unit,
        shown(work.texts, lambda n: f"{n:,.0f}"),
        shown(work.tokens, _rounded),
        shown(work.flops, _rounded),
        shown_time(work.seconds),
        shown(work.disk, lambda n: f"{_rounded(n)}B"),
    )


def _rounded(number: float) -> str:
    """A number to two or three figures, with a prefix.

    >>> [_rounded(n) for n in (950, 12_345, 6.6e13)]
    ['950', '12.3 k', '66 T']
    """
    for prefix in ("", "k", "M", "G", "T", "P"):
        if number < 999.5:
            return f"{number:.3g} {prefix}".strip()
        number /= 1000
    return f"{number:.3g} E"
