"""Forest plot: each model minus a baseline, with the interval of the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.comparison import Compared, Side, compare
from harness.figures.drawing import BLACK, COLOURS, GREY, Drawing, NotDrawn, panels, short
from harness.figures.source import Source, first_of_each_corpus
from harness.leaderboard.metrics import metric_label, metric_style
from harness.leaderboard.words import corpus_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 4
_PREFERRED = ("bert", "minilm")

#: Verdict → colour and marker.
_LOOKS = {"better": (COLOURS[0], "o"), "worse": (COLOURS[1], "s"), "not told apart": (GREY, "D")}


def baseline_of(source: Source) -> str:
    """The model that others are compared with."""
    names = [
        model.name for model in source.models if any(u.model.name == model.name and u.metrics for u in source.units)
    ]
    if not names:
        raise NotDrawn("nothing was measured")
    if source.baseline is not None:
        if source.baseline not in names:
            raise NotDrawn(f"the baseline {source.baseline} was not measured")
        return source.baseline
    with_weights = [model.name for model in source.models if model.name in names and model.parameters]
    return next((name for name in _PREFERRED if name in names), (with_weights or names)[0])


def forest(source: Source) -> Drawing:
    """Draw a panel for each task on which two models can be compared."""
    base = baseline_of(source)
    first = Side.of(source.store, base, source.records)
    tasks = first_of_each_corpus(source.task_ids())
    found: dict[str, dict[str, Compared]] = {}
    for model in source.models:
        if model.name != base:
            second = Side.of(source.store, model.name, source.records)
            for number in compare(first, second, tasks=tasks).numbers:
                if number.low is not None:
                    found.setdefault(number.task_id, {})[model.name] = number
    if not found:
        raise NotDrawn(f"no other model can be compared with {source.title(base)} by a test")
    shown = [task_id for task_id in tasks if task_id in found]
    names = [m.name for m in source.models if any(m.name in found[task_id] for task_id in shown)]
    figure, axes = panels(len(shown), _COLUMNS, height=0.75 + 0.17 * len(names), extra=0.3)
    for place, (ax, task_id) in enumerate(zip(axes, shown, strict=True)):
        _panel(ax, source, task_id, names, found[task_id], labelled=place % _COLUMNS == 0)
    figure.legend(handles=_legend(), loc="outside lower center", ncols=len(_LOOKS), frameon=False)
    return Drawing(
        key="forest",
        title=f"Differences to {source.title(base)}",
        caption=f"Main metric of each task, model minus {source.title(base)}, with the 95 % interval of the difference "
        "on the same test rows; right of the line is better. Accuracies in percentage points. Better or worse: the "
        "interval excludes zero and the p-value, Holm-corrected over the tasks of that model, is below 5 %. Numbers "
        "without per-example predictions (geometry) are left out, and one protocol a corpus is shown.",
        alt=f"Forest plot: differences of {len(names)} models to {source.title(base)} on {len(shown)} tasks.",
        figure=figure,
    )


def _panel(
    axes: Axes, source: Source, task_id: str, names: list[str], numbers: dict[str, Compared], *, labelled: bool
) -> None:
    metric = source.main(task_id)
    style = metric_style(metric)
    factor = (100 if style.percent else 1) * (-1 if style.higher_is_better is False else 1)
    axes.axvline(0, color=BLACK, linewidth=0.7)
    for row, name in enumerate(names):
        number = numbers.get(name)
        if number is None or number.low is None or number.high is None:
            continue
        verdict = number.verdict(style.higher_is_better)
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
    axes.locator_params(axis="x", nbins=5)


def _legend() -> list[object]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=colour, marker=marker, markersize=4, linewidth=1.4, label=word)
        for word, (colour, marker) in _LOOKS.items()
    ]
