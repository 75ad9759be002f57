"""Models against each other: differences to a baseline, cost against quality, mean ranks over tasks.

Numbers of a model that may have seen the texts are pale, carry their mark and are never called better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.comparison import Compared, Side, compare
from harness.figures.drawing import (
    BLACK,
    COLOURS,
    GREY,
    PALE,
    WIDTH,
    Drawing,
    NotDrawn,
    listed,
    name_points,
    panels,
    short,
)
from harness.figures.source import Source
from harness.leaderboard.metrics import metric_label, metric_style
from harness.leaderboard.words import corpus_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 4
_PREFERRED = ("bert", "minilm@mean", "minilm")

#: Verdict → colour and marker.
_LOOKS = {
    "better": (COLOURS[0], "o"),
    "worse": (COLOURS[1], "s"),
    "not told apart": (GREY, "D"),
    "may have seen the texts": (PALE, "x"),
}

_FAMILIES = ("valence-arousal", "polarity", "emotion")

#: With fewer models a diagram of mean ranks says next to nothing.
_FEWEST_MODELS, _FEWEST_TASKS = 5, 3


def baseline_of(source: Source) -> str:
    """The model that others are compared with."""
    measured = {one.model.name for one in source.evaluations if one.metrics}
    models = [model for model in source.models if model.name in measured]
    if not models:
        raise NotDrawn("nothing was measured")
    if source.baseline is not None:
        if source.baseline not in measured:
            raise NotDrawn(f"the baseline {source.baseline} was not measured")
        return source.baseline
    with_weights = [model.name for model in models if model.parameters]
    return next((name for name in _PREFERRED if name in measured), (with_weights or [models[0].name])[0])


def forest(source: Source) -> Drawing:
    """Draw a panel for each task on which two models can be compared: each model minus the baseline."""
    from matplotlib.lines import Line2D

    base = baseline_of(source)
    title = source.title(base)
    first = Side.of(source.store, base, source.records)
    tasks = source.main_tasks()
    found: dict[str, dict[str, Compared]] = {}
    for model in source.models:
        if model.name != base:
            second = Side.of(source.store, model.name, source.records)
            for number in compare(first, second, tasks=tasks).numbers:
                if number.low is not None:
                    found.setdefault(number.task_id, {})[model.name] = number
    if not found:
        raise NotDrawn(f"no other model can be compared with {title} by a test")
    shown = [task_id for task_id in tasks if task_id in found]
    names = [m.name for m in source.models if any(m.name in found[task_id] for task_id in shown)]
    figure, axes = panels(len(shown), _COLUMNS, height=0.95 + 0.17 * len(names), extra=0.4)
    for place, (ax, task_id) in enumerate(zip(axes, shown, strict=True)):
        _forest_panel(ax, source, task_id, names, found[task_id], labelled=place % _COLUMNS == 0)
    legend = [Line2D([], [], color=c, marker=m, markersize=4, linewidth=1.4, label=w) for w, (c, m) in _LOOKS.items()]
    said = f"each model minus {short(title)}"
    figure.legend(handles=legend, loc="outside lower center", ncols=len(_LOOKS), frameon=False, title=said)
    return Drawing(
        key="forest",
        title=f"Differences to {title}",
        caption=f"Main metric of each task, model minus {title}, with the 95 % interval of the difference on the "
        "same test rows; right of the line is better. Accuracies in percentage points. Better or worse: the interval "
        "excludes zero and the p-value, Holm-corrected over the tasks of that model, is below 5 %. Pale crosses: "
        "one of the two models may have seen the texts, so nothing is concluded. Tasks without predictions "
        "(geometry) are left out, and one protocol a corpus is shown.",
        alt=f"Forest plot: differences of {len(names)} models to {title} on {len(shown)} tasks.",
        figure=figure,
    )


def _forest_panel(
    axes: Axes, source: Source, task_id: str, names: list[str], numbers: dict[str, Compared], labelled: bool
) -> None:
    metric = source.main(task_id)
    style = metric_style(metric)
    factor = (100 if style.percent else 1) * (-1 if style.higher_is_better is False else 1)
    axes.axvline(0, color=BLACK, linewidth=0.7)
    for row, name in enumerate(names):
        number = numbers.get(name)
        if number is None or number.low is None or number.high is None:
            continue
        verdict = "may have seen the texts" if number.seen else number.verdict(style.higher_is_better)
        colour, marker = _LOOKS.get(verdict, _LOOKS["not told apart"])
        axes.plot([factor * number.low, factor * number.high], [row, row], color=colour, linewidth=1.4)
        axes.plot(factor * number.difference, row, marker, color=colour, markersize=4)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), [short(source.title(name)) for name in names] if labelled else [])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", linewidth=0.3, color="#dddddd")
    axes.set_axisbelow(True)
    unit = " [points]" if style.percent else ""
    axes.set_title(f"{corpus_title(task_id.split('/')[1])}: {metric_label(metric)}{unit}", fontsize=7.5)
    axes.locator_params(axis="x", nbins=4)


def cost(source: Source) -> Drawing:
    """Draw numbers of weights against one score of each kind of task."""
    tasks = [found[0] for family in _FAMILIES if (found := source.main_tasks(family))]
    if not tasks:
        raise NotDrawn("nothing was measured")
    sizes = {model.name: model.parameters / 1e6 for model in source.models if model.parameters}
    if not sizes:
        raise NotDrawn("the records do not say how many weights a model has")
    figure, axes = panels(len(tasks), len(tasks), height=2.6)
    for ax, task_id in zip(axes, tasks, strict=True):
        _cost_panel(ax, source, task_id, sizes)
    without = [source.title(m.name) for m in source.models if m.name not in sizes and source.of_model(m.name, tasks[0])]
    said = f" Without weights of its own, left of the dotted line: {listed(without)}." if without else ""
    return Drawing(
        key="cost",
        title="Cost against quality",
        caption="Main metric of one task of each kind against millions of weights; logarithmic. "
        f"Pale crosses: the model may have seen the texts.{said}",
        alt="Scatter plots of quality against cost, one labelled point a model.",
        figure=figure,
    )


def _cost_panel(axes: Axes, source: Source, task_id: str, sizes: dict[str, float]) -> None:
    from matplotlib.ticker import NullLocator

    metric = source.main(task_id)
    style = metric_style(metric)
    least, most = min(sizes.values()), max(sizes.values())
    points, names, colours = [], [], []
    for name in source.measured(task_id):
        value = source.value(name, task_id, metric)
        if value is None:
            continue
        clean = source.clean(name, task_id)
        points.append((sizes.get(name, least / 8), style.shown(value)))
        names.append(short(source.title(name)) + ("" if clean else " *"))
        colours.append(BLACK if clean else GREY)
        if clean:
            colour, marker = (COLOURS[0], "o") if name in sizes else (COLOURS[1], "s")
            axes.plot(*points[-1], marker, color=colour, markersize=5, markeredgecolor=BLACK, markeredgewidth=0.4)
        else:
            axes.plot(*points[-1], "x", color=PALE, markersize=5)
    axes.set_xscale("log")
    axes.set_xlim(least / 16, most * 8)
    if any(name not in sizes for name in source.measured(task_id)):
        axes.axvline(least / 2.2, color="#999999", linewidth=0.7, linestyle=":")
    steps = (1, 2, 5) if most < 20 * least else (1,)
    ticks = [step * 10.0**power for power in range(-1, 8) for step in steps]
    axes.set_xticks([tick for tick in ticks if least / 2.1 < tick < axes.get_xlim()[1]])
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(y=0.3)
    axes.grid(axis="y", linewidth=0.3, color="#dddddd")
    axes.set_axisbelow(True)
    axes.set_xlabel("millions of weights")
    unit = " [%]" if style.percent else ""
    axes.set_ylabel(f"{corpus_title(task_id.split('/')[1])}: {metric_label(metric)}{unit}")
    name_points(axes, points, names, colours, 0.3)


def critical_difference(source: Source) -> Drawing:
    """Draw mean ranks over tasks of the models with a clean number on each (Demšar 2006)."""
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from scikit_posthocs import critical_difference_diagram, posthoc_nemenyi_friedman

    tasks = [task_id for task_id in source.main_tasks() if _direction(source, task_id)]
    entered = [model.name for model in source.models if all(source.clean(model.name, task_id) for task_id in tasks)]
    if len(entered) < _FEWEST_MODELS or len(tasks) < _FEWEST_TASKS:
        raise NotDrawn(
            f"{len(entered)} models have a clean number on all of {len(tasks)} tasks; the diagram needs "
            f"{_FEWEST_MODELS} models and {_FEWEST_TASKS} tasks"
        )
    names = [short(source.title(name)) for name in entered]
    scores = pd.DataFrame(
        {
            task_id: [
                _direction(source, task_id) * (source.value(n, task_id, source.main(task_id)) or 0.0) for n in entered
            ]
            for task_id in tasks
        },
        index=names,
    ).T
    ranks = scores.rank(axis=1, ascending=False).mean()
    figure = Figure(figsize=(WIDTH * 0.85, 0.9 + 0.16 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    critical_difference_diagram(
        ranks,
        posthoc_nemenyi_friedman(scores),
        ax=axes,
        label_fmt_left="{label}  {rank:.2f}",
        label_fmt_right="{rank:.2f}  {label}",
        label_props={"fontsize": 7.5},
        crossbar_props={"linewidth": 2.5, "color": COLOURS[0]},
        color_palette=[BLACK] * len(names),
    )
    left_out = [
        m.name for m in source.models if m.name not in entered and any(source.of_model(m.name, t) for t in tasks)
    ]
    said = f" Left out for a mark or a missing number: {listed([source.title(name) for name in left_out])}."
    corpora = listed([corpus_title(task_id.split("/")[1]) for task_id in tasks])
    order = [names[i] for i in np.argsort(ranks.to_numpy(), kind="stable")]
    return Drawing(
        key="critical-difference",
        title="Mean ranks and the critical difference",
        caption=f"Mean rank (1 is best) of the main metric over {len(tasks)} tasks: {corpora}. Bars join models that "
        "Nemenyi's test does not tell apart at 5 %. Read with care: the tasks are few and not independent, ranks "
        "ignore how large a difference is, and each mean rank depends on which other models are in the diagram."
        + (said if left_out else ""),
        alt=f"Critical-difference diagram of {len(names)} models; in order of mean rank: {listed(order)}.",
        figure=figure,
    )


def _direction(source: Source, task_id: str) -> int:
    """1 where higher is better, -1 where lower is; 0 for tasks that measure no quality or texts of other tasks."""
    family, corpus = task_id.split("/")[:2]
    if family == "geometry" or corpus == "pooled":
        return 0
    return {True: 1, False: -1, None: 0}[metric_style(source.main(task_id)).higher_is_better]
