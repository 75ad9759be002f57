"""Critical-difference diagram: mean ranks over tasks, bars over models not told apart by them (Demšar 2006)."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING

from harness.figures.drawing import BLACK, COLOURS, WIDTH, Drawing, NotDrawn, listed, short
from harness.figures.source import Source, first_of_each_corpus
from harness.leaderboard.metrics import metric_style
from harness.leaderboard.words import corpus_title

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_ALPHA = 0.05


def critical_difference(models: int, tasks: int) -> float:
    """Least difference of two mean ranks that Nemenyi's test tells apart at 5 % (Demšar 2006, section 3.2.2).

    Args:
        models: compared, at least 2.
        tasks: that ranks are averaged over, at least 2.

    >>> round(critical_difference(4, 14), 2)
    1.25
    """
    from scipy.stats import studentized_range

    quantile = float(studentized_range.ppf(1 - _ALPHA, models, float("inf"))) / sqrt(2)
    return quantile * sqrt(models * (models + 1) / (6 * tasks))


def mean_ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean rank of each model, 1 the best; ties share the mean of their ranks.

    Args:
        scores: (tasks, models), higher is better.
    """
    from scipy.stats import rankdata

    found: NDArray[np.float64] = rankdata(-scores, axis=1).mean(axis=0)
    return found


def cliques(ranks: Sequence[float], distance: float) -> list[tuple[int, int]]:
    """Longest runs (first, last) of neighbours in sorted mean ranks that lie within a distance.

    >>> cliques([1.0, 1.5, 2.4, 4.0], 1.0)
    [(0, 1), (1, 2)]
    """
    found: list[tuple[int, int]] = []
    for first in range(len(ranks)):
        last = max(j for j in range(first, len(ranks)) if ranks[j] - ranks[first] <= distance)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def critical(source: Source) -> Drawing:
    """Draw the models that have a clean number on every task shown."""
    import numpy as np

    tasks = [task_id for task_id in first_of_each_corpus(source.task_ids()) if _counts(source, task_id)]
    entered = [model.name for model in source.models if all(_clean(source, model.name, task_id) for task_id in tasks)]
    if len(entered) < 3 or len(tasks) < 3:
        raise NotDrawn(
            f"{len(entered)} models have a clean number on all of {len(tasks)} tasks; the diagram needs three of each"
        )
    scores = np.array(
        [
            [
                _direction(source, task_id) * (source.value(name, task_id, source.main(task_id)) or 0.0)
                for name in entered
            ]
            for task_id in tasks
        ]
    )
    ranks = mean_ranks(scores)
    order = sorted(range(len(entered)), key=lambda i: (ranks[i], i))
    names = [short(source.title(entered[i])) for i in order]
    distance = critical_difference(len(entered), len(tasks))
    left_out = [source.title(m.name) for m in source.models if m.name not in entered and _any(source, m.name, tasks)]
    said = f" Left out for an asterisk, a question mark or a missing number: {listed(left_out)}." if left_out else ""
    corpora = listed([corpus_title(task_id.split("/")[1]) + _kind(task_id, tasks) for task_id in tasks])
    return Drawing(
        key="critical-difference",
        title="Mean ranks and the critical difference",
        caption=f"Mean rank (1 is best) of the main metric over {len(tasks)} tasks: {corpora}. Bars join models whose "
        f"mean ranks differ by less than the critical difference of Nemenyi's test at 5 % (CD = {distance:.2f}). Read "
        "with care: the tasks are few and not independent, ranks ignore how large a difference is and how sure it is "
        "on each task, and each mean rank depends on which other models are in the diagram. Differences on a task are "
        f"tested in the forest plot and by the rank ranges of the tables.{said}",
        alt=f"Critical-difference diagram of {len(names)} models; in order of mean rank: {listed(names)}.",
        figure=_draw([float(ranks[i]) for i in order], names, distance),
    )


def _counts(source: Source, task_id: str) -> bool:
    """Whether a task takes part: one of quality, whose texts are in no other task as a whole."""
    family, corpus = task_id.split("/")[:2]
    return family != "geometry" and corpus != "pooled" and _direction(source, task_id) != 0


def _direction(source: Source, task_id: str) -> int:
    """1 where higher is better, -1 where lower is, 0 where neither."""
    return {True: 1, False: -1, None: 0}[metric_style(source.main(task_id)).higher_is_better]


def _kind(task_id: str, tasks: Sequence[str]) -> str:
    """Which of several tasks over one corpus."""
    family, corpus = task_id.split("/")[:2]
    return f" ({family})" if sum(other.split("/")[1] == corpus for other in tasks) > 1 else ""


def _clean(source: Source, model: str, task_id: str) -> bool:
    unit = source.unit(model, task_id)
    return unit is not None and unit.state == "clean" and source.main(task_id) in unit.metrics


def _any(source: Source, model: str, tasks: Sequence[str]) -> bool:
    return any(source.unit(model, task_id) is not None for task_id in tasks)


def _draw(ranks: Sequence[float], names: Sequence[str], distance: float) -> Figure:
    """Axis of ranks on top, names at both sides below it, bars between."""
    from matplotlib.figure import Figure

    bars = cliques(ranks, distance)
    rows = (len(names) + 1) // 2
    depth = 0.5 + 0.3 * len(bars) + 0.45 * rows
    figure = Figure(figsize=(WIDTH * 0.85, 0.7 + 0.42 * depth), layout="constrained")
    axes = figure.add_subplot()
    count = len(names)
    axes.set_xlim(1 - 0.45 * (count - 1), count + 0.45 * (count - 1))
    axes.set_ylim(depth + 0.2, -1.5)
    axes.axis("off")
    axes.plot([1, count], [0, 0], color=BLACK, linewidth=0.9)
    for tick in range(1, count + 1):
        axes.plot([tick, tick], [0, -0.15], color=BLACK, linewidth=0.9)
        axes.text(tick, -0.25, str(tick), ha="center", va="bottom")
    axes.plot([1, 1 + distance], [-1.15, -1.15], color=COLOURS[1], linewidth=1.6)
    axes.text(1 + distance / 2, -1.2, f"CD = {distance:.2f}", ha="center", va="bottom", color=COLOURS[1])
    for level, (first, last) in enumerate(bars):
        y = 0.35 + 0.3 * level
        axes.plot(
            [ranks[first] - 0.04, ranks[last] + 0.04], [y, y], color=COLOURS[0], linewidth=3, solid_capstyle="butt"
        )
    half = (count + 1) // 2
    for i, (rank, name) in enumerate(zip(ranks, names, strict=True)):
        left = i < half
        y = 0.5 + 0.3 * len(bars) + 0.45 * (i if left else count - 1 - i)
        edge = 1 - 0.12 * (count - 1) if left else count + 0.12 * (count - 1)
        axes.plot([rank, rank, edge], [0, y, y], color=BLACK, linewidth=0.7)
        axes.text(
            edge,
            y,
            f"{name}  {rank:.2f} " if left else f" {rank:.2f}  {name}",
            ha="right" if left else "left",
            va="center",
        )
    return figure
