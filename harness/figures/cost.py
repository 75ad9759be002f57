"""Cost against quality: numbers of weights and texts per second against one score of each kind of task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.figures.drawing import BLACK, COLOURS, Drawing, NotDrawn, listed, panels, short
from harness.figures.label_places import name_points
from harness.figures.source import Source
from harness.leaderboard.metrics import metric_label, metric_style
from harness.leaderboard.words import corpus_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FAMILIES = ("valence-arousal", "polarity", "emotion")

#: Ticks of an axis whose labels do not touch.
_TICKS = 3

#: With more models than this, intervals would cover the names; tables have them.
_MOST = 8

#: Fewer texts say more of warming up than of speed.
_FEWEST = 200


def speed(source: Source, model: str) -> float | None:
    """Texts encoded per second over all records of a model; None where no run that encoded enough is recorded."""
    texts = seconds = 0.0
    for record in source.records:
        if record.model.name == model and record.status == "ok":
            texts += record.timings.get("texts_encoded", 0.0)
            seconds += record.timings.get("encode", 0.0)
    return texts / seconds if texts >= _FEWEST and seconds > 0 else None


def cost(source: Source) -> Drawing:
    """Draw a row of panels for each cost that is known, a column for each kind of task."""
    tasks = [found[0] for family in _FAMILIES if (found := source.task_ids(family))]
    if not tasks:
        raise NotDrawn("nothing was measured")
    sizes = {model.name: model.parameters / 1e6 for model in source.models if model.parameters}
    known = {model.name: speed(source, model.name) for model in source.models}
    speeds = {name: value for name, value in known.items() if value is not None}
    kinds = [("millions of weights", sizes), ("texts per second", speeds)]
    rows = [(label, values) for label, values in kinds if values]
    if not rows:
        raise NotDrawn("the records say neither how many weights a model has nor how fast it was")
    figure, axes = panels(len(rows) * len(tasks), len(tasks), height=2.5)
    for i, (label, values) in enumerate(rows):
        for j, task_id in enumerate(tasks):
            _panel(axes[i * len(tasks) + j], source, task_id, values, label)
    without = [source.title(m.name) for m in source.models if m.name not in sizes and source.unit(m.name, tasks[0])]
    said = f" Without weights of its own, left of the dotted line: {listed(without)}." if without and sizes else ""
    devices = sorted({r.environment.get("device", "") for r in source.records if r.model.name in speeds} - {""})
    fast = (
        f" Speed: as recorded while measuring, on {listed(devices)}, over texts of very different lengths; other work "
        "on the machine counts in."
        if speeds
        else " Speed is not shown: all vectors were taken from the cache when these records were made; "
        "bench run --fresh records it."
    )
    return Drawing(
        key="cost",
        title="Cost against quality",
        caption=f"Main metric of one task of each kind against {listed([label for label, _ in rows])}; logarithmic"
        f"{', with 95 % intervals' if len(source.measured(tasks[0])) <= _MOST else ''}.{said}{fast}",
        alt="Scatter plots of quality against cost, one labelled point a model.",
        figure=figure,
    )


def _panel(axes: Axes, source: Source, task_id: str, values: dict[str, float], label: str) -> None:
    metric = source.main(task_id)
    style = metric_style(metric)
    sized = label != "texts per second"
    least = min(values.values())
    models = [name for name in source.measured(task_id) if name in values or sized]
    points = []
    for name in models:
        unit = source.unit(name, task_id)
        number = None if unit is None else unit.metrics.get(metric)
        if number is None:
            continue
        x, y = values.get(name, least / 8), style.shown(number.value)
        points.append((x, y, short(source.title(name))))
        colour, marker = (COLOURS[0], "o") if name in values else (COLOURS[1], "s")
        if len(models) <= _MOST and number.low is not None and number.high is not None:
            axes.plot([x, x], [style.shown(number.low), style.shown(number.high)], color=colour, linewidth=0.9)
        axes.plot(x, y, marker, color=colour, markersize=5, markeredgecolor=BLACK, markeredgewidth=0.4)
    axes.set_xscale("log")
    axes.set_xlim(least / (16 if sized else 2), max(values.values()) * (8 if sized else 3))
    if any(name not in values for name in models):
        axes.axvline(least / 2.2, color="#999999", linewidth=0.7, linestyle=":")
    _plain_ticks(axes, least, max(values.values()))
    axes.margins(y=0.15)
    axes.grid(axis="y", linewidth=0.3, color="#dddddd")
    axes.set_axisbelow(True)
    axes.set_xlabel(label)
    unit_name = " [%]" if style.percent else ""
    axes.set_ylabel(f"{corpus_title(task_id.split('/')[1])}: {metric_label(metric)}{unit_name}")
    name_points(axes, [(x, y) for x, y, _ in points], [name for _, _, name in points], size=6.5)


def _plain_ticks(axes: Axes, low: float, high: float) -> None:
    """A few ticks in everyday numbers: 1, 2 and 5 times powers of ten within the values, or fewer."""
    from math import ceil, floor, log10

    from matplotlib.ticker import NullLocator

    ticks: list[float] = []
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [m * 10.0**k for k in range(floor(log10(low)) - 1, ceil(log10(high)) + 1) for m in steps]
        ticks = [tick for tick in found if low / 2.1 <= tick <= high * 2.6]
        if len(ticks) <= _TICKS:
            break
    axes.set_xticks(ticks, [f"{tick:,g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
