"""Models against each other: differences to a baseline, and cost beside quality.

Numbers of a model that may have seen the texts are pale, carry their mark and are never called better.
"""

from adjustText import adjust_text
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from harness.comparison import Compared, compare
from harness.figures.drawing import BLACK, COLOURS, GREY, PALE, Drawing, NotDrawn, listed, panels, short, two_lines
from harness.figures.source import Source
from harness.leaderboard.choice import candidates
from harness.leaderboard.table import corpus_title, metric_label, metric_style
from harness.variants import split_reduction

_COLUMNS = 4
_PREFERRED = ("bert", "minilm@mean", "minilm")

#: Verdict → colour and marker.
_LOOKS = {
    "better": (COLOURS[0], "o"),
    "worse": (COLOURS[1], "s"),
    "not told apart": (GREY, "D"),
    "may have seen the texts": (PALE, "x"),
}


def _baseline(source: Source) -> str:
    measured = {one.model.name for one in source.evaluations if one.metrics}
    names = [model.name for model in source.models if model.name in measured]
    if not names or source.baseline not in (None, *names):
        raise NotDrawn(f"{source.baseline or 'nothing'} was {'not ' * bool(names)}measured on all texts")
    with_weights = [model.name for model in source.models if model.name in measured and model.parameters]
    return source.baseline or next((name for name in _PREFERRED if name in names), (with_weights or names)[0])


def forest(source: Source) -> Drawing:
    """Draw a panel for each task on which two models can be compared: each model minus the baseline."""
    base = _baseline(source)
    title = source.titles[base]
    tasks = source.main_tasks()
    found: dict[str, dict[str, Compared]] = {}
    for model in source.models:
        if model.name != base:
            for number in compare(source.store, source.records, base, model.name, tasks=tasks).numbers:
                if number.low is not None:
                    found.setdefault(number.task_id, {})[model.name] = number
    if not found:
        raise NotDrawn(f"no other model can be compared with {title} by a test")
    shown = [task_id for task_id in tasks if task_id in found]
    names = [m.name for m in source.models if any(m.name in found[task_id] for task_id in shown)]
    figure, panes = panels(len(shown), _COLUMNS, height=0.95 + 0.17 * len(names), extra=0.4)
    for place, (axes, task_id) in enumerate(zip(panes, shown, strict=True)):
        metric = source.main(task_id)
        style = metric_style(metric)
        factor = (100 if style.percent else 1) * (-1 if style.higher_is_better is False else 1)
        axes.axvline(0, color=BLACK, linewidth=0.7)
        for model_name, number in found[task_id].items():
            row = names.index(model_name)
            verdict = "may have seen the texts" if number.seen else number.verdict(style.higher_is_better)
            colour, marker = _LOOKS.get(verdict, _LOOKS["not told apart"])
            ends = [factor * end for end in (number.low, number.high) if end is not None]
            axes.plot(ends, [row, row], color=colour, linewidth=1.4)
            axes.plot(factor * number.difference, row, marker, color=colour, markersize=4)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_yticks(range(len(names)), [short(source.titles[n]) for n in names] if place % _COLUMNS == 0 else [])
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.locator_params(axis="x", nbins=4)
        unit = " [points]" if style.percent else ""
        axes.set_title(f"{corpus_title(task_id.split('/')[1])}: {metric_label(metric)}{unit}", fontsize=7.5)
    legend = [Line2D([], [], color=c, marker=m, markersize=4, linewidth=1.4, label=w) for w, (c, m) in _LOOKS.items()]
    figure.supxlabel(f"difference to {short(title)}", fontsize=8)
    figure.legend(handles=legend, loc="outside upper center", ncols=len(_LOOKS), frameon=False)
    return Drawing(
        key="forest",
        title=f"Differences to {title}",
        caption=f"The metric over each panel, model minus {title}, with the 95 % interval of the difference on the "
        "same test rows; right of the line is better. Accuracies in percentage points. Better or worse: the interval "
        "excludes zero and the p-value, Holm-corrected over the tasks of that model, is below 5 %. Pale crosses: "
        "one of the two models may have seen the texts, so nothing is concluded. Tasks without predictions "
        "(geometry) are left out, and one protocol a corpus is shown.",
        alt=f"Forest plot: differences of {len(names)} models to {title} on {len(shown)} tasks.",
        figure=figure,
    )


def trade_off(source: Source) -> Drawing:
    """Draw the mean score of each model against bytes a vector, weights and speed, the Pareto front of each joined."""
    rows, tasks = candidates(source.records, source.metrics)
    if len([row for row in rows if not row.seen]) < 2:
        raise NotDrawn("fewer than two models have a clean number on the same tasks")
    full = [r for r in rows if not split_reduction(r.model)[1]]  # a reduction changes neither weights nor speed
    costs: list[tuple[str, int, dict[str, float]]] = [
        ("bytes a vector", 1, {r.model: r.vector_bytes for r in rows if r.vector_bytes}),
        ("millions of weights", 1, {r.model: r.parameters / 1e6 for r in full if r.parameters}),
        ("texts a second", -1, {r.model: r.speed for r in full if r.speed}),
    ]
    costs = [one for one in costs if 2 * len(one[2]) > len(full)]
    figure, panes = panels(len(costs), len(costs), height=3.0)
    top = max(row.quality for row in rows if not row.seen)
    named = []
    for axes, (title, sign, cost_of) in zip(panes, costs, strict=True):
        front: list[tuple[float, float, str]] = []
        pale = []
        kin: dict[str, list[tuple[float, float]]] = {}
        for row in sorted((r for r in rows if r.model in cost_of), key=lambda r: (sign * cost_of[r.model], -r.quality)):
            x, y = cost_of[row.model], row.quality
            new = not row.seen and (not front or y > front[-1][1])
            colour, marker = (PALE, "x") if row.seen else (COLOURS[0], "o") if new else (GREY, "o")
            axes.plot(x, y, marker, color=colour, markersize=4)
            if row.seen and y > top:
                # Towards the middle of the logarithmic axis.
                ha = "right" if x * x > min(cost_of.values()) * max(cost_of.values()) else "left"
                pale.append(axes.text(x, y, f"  {source.titles[row.model]}  ", fontsize=5, color=GREY, ha=ha))
            front += [(x, y, row.model)] if new else []
            kin.setdefault(split_reduction(row.model)[0], []).append((x, y))
        axes.plot([x for x, _, _ in front], [y for _, y, _ in front], color=COLOURS[0], linewidth=0.8)
        for name, points in kin.items():
            if len(points) > 1:
                axes.plot(*zip(*points, strict=True), color=GREY, linewidth=0.5, zorder=0)
                axes.text(
                    *points[-1], f"  {source.titles[name].partition(',')[0]}", fontsize=6, color=GREY, va="center"
                )
        named.append(f"{title}: {listed([source.titles[name] for *_, name in front])}")
        axes.set(title=title, xscale="log")
        wide = max(cost_of.values()) > 50 * min(cost_of.values())
        axes.xaxis.set(
            major_locator=LogLocator(subs=(1,) if wide else (1, 2, 5), numticks=5), minor_locator=NullLocator()
        )
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.tick_params(axis="x", labelsize=6)
        # Names stand on the side of the dominated models, where the line does not run.
        axes.margins(x=0.4)
        side = "top" if sign > 0 else "bottom"
        names = [
            "@".join(split_reduction(name)[1]) or two_lines(source.titles[name]).replace("\n", "\n  ")
            for *_, name in front
        ]
        labels = [axes.text(x, y, f"  {n}", fontsize=6, va=side) for (x, y, _), n in zip(front, names, strict=True)]
        adjust_text(labels + pale, ax=axes, only_move="y", expand=(1, 1), iter_lim=500, ensure_inside_axes=False)
    panes[0].set_ylabel("mean score")
    joined = "Thin lines join the reductions of one encoder. " if len(full) < len(rows) else ""
    corpora = listed([corpus_title(task.split("/")[1]) for task in tasks])
    return Drawing(
        key="trade-off",
        title="Quality against bytes, weights and speed",
        caption=f"Mean of the main metrics of {corpora} against the cost on a logarithmic axis. Joined: the Pareto "
        f"front, where no cheaper model is better. {'; '.join(named)}. {joined}Pale crosses: the model "
        "may have seen the texts; those above the front are named. Speed is that of each model's own run, which other "
        "work on the machine may have slowed.",
        alt=f"Scatter plots of the mean score of {len(rows)} models against {listed([one[0] for one in costs])}.",
        figure=figure,
    )
