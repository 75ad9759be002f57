"""Figure 3 of the paper: alignment against uniformity, coloured by accuracy, and the separation beside it."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from adjustText import adjust_text
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harness.figures.drawing import BLACK, PALE, SEQUENTIAL, WIDTH, Drawing, NotDrawn, short
from harness.figures.source import Source, task_title
from harness.leaderboard.tables import load_published


class _Point(NamedTuple):
    name: str
    published: bool
    seen: bool
    """Whether the model saw the texts, or may have."""
    uniformity: float | None
    alignment: float | None
    separation: float | None
    accuracy: float | None
    """In percent."""


def geometry(source: Source) -> Drawing:
    """Draw every model, and the paper's as hollow markers where its task is shown.

    Points are numbered and named below: names of a crowd of points would cover each other.
    """
    tasks = source.main_tasks("geometry")
    if not tasks:
        raise NotDrawn("no geometry of emotions was measured")
    points = [_ours(source, model, tasks[0]) for model in source.measured(tasks[0])]
    printed = _published() if tasks[0].startswith("geometry/goemotions/ekman6-") else []
    points += printed
    known = [point.accuracy for point in points if point.accuracy is not None] or [0.0, 100.0]
    scale = ScalarMappable(Normalize(min(known), max(*known, min(known) + 1)), colormaps[SEQUENTIAL])
    looks = [_look(point, scale) for point in points]
    figure = Figure(figsize=(WIDTH, 3.6 + 0.17 * -(-len(points) // 3)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    left.set(xlabel="uniformity (lower: more spread)", ylabel="alignment (lower: closer)")
    right.set(xlabel="separation (0: emotions not told apart)", ylabel="accuracy of the probe [%]")
    figure.colorbar(scale, ax=[left, right], label="accuracy of the probe [%]", fraction=0.04, pad=0.02)
    handles = [
        Line2D([], [], linestyle="", marker="o", markersize=5, label=f"{number}  {point.name}", **look)
        for number, (point, look) in enumerate(zip(points, looks, strict=True), 1)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, columnspacing=1.5)
    numbers: dict[Any, list[Any]] = {left: [], right: []}
    for number, (point, look) in enumerate(zip(points, looks, strict=True), 1):
        for axes, x, y in ((left, point.uniformity, point.alignment), (right, point.separation, point.accuracy)):
            if x is not None and y is not None:
                axes.plot(x, y, "o", markersize=6, **look)
                numbers[axes].append(axes.text(x, y, str(number), fontsize=6.5, in_layout=False))
    for axes in numbers:
        axes.grid()
        axes.margins(0.12)
    figure.draw_without_rendering()
    line = {"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkB": 3}
    for axes, texts in numbers.items():
        if texts:
            places = zip(*(text.get_position() for text in texts), strict=True)
            # A limit in iterations, not in time: equal points give equal places.
            adjust_text(texts, *places, ax=axes, iter_lim=500, expand=(2.0, 1.9), arrowprops=line, min_arrow_len=7)
    hollow = " Hollow: as printed in the paper, whose protocol may differ; it gives no separation." if printed else ""
    return Drawing(
        key="geometry",
        title="Alignment, uniformity and separation",
        caption=f"Geometry of the vectors of {task_title(tasks[0])} test texts; colour: accuracy of the linear probe "
        "on the same emotions. Lower alignment and lower uniformity are each better, but a collapsed encoder, whose "
        "vectors all crowd together, lies at the lower right with the best alignment. Separation, the share by which "
        f"texts of one emotion are closer than any two texts, is free of that.{hollow} "
        "Pale: the model saw the texts, or may have.",
        alt="Two scatter plots: alignment against uniformity, and accuracy against separation.",
        figure=figure,
    )


def _ours(source: Source, model: str, task_id: str) -> _Point:
    accuracy = source.value(model, "emotion/" + task_id.split("/", 1)[1], "accuracy")
    mark = source.mark(model, task_id)
    uniformity, alignment, separation = (
        source.value(model, task_id, name) for name in ("uniformity", "alignment", "separation")
    )
    percent = None if accuracy is None else 100 * accuracy
    return _Point(short(source.titles[model]) + mark, False, bool(mark), uniformity, alignment, separation, percent)


def _published() -> list[_Point]:
    """The paper's Table IV with the accuracies of its Table III."""
    numbers = {(p.table, *p.row, p.metric): p.value for p in load_published()}
    rows = dict.fromkeys(p.row for p in load_published() if p.table == "IV")
    count = Counter(model for _, model in rows)
    found = []
    for base, model in rows:
        # Two base models have a CARL.
        name = f"{model} ({base}), published" if count[model] > 1 else f"{model}, published"
        uniformity, alignment = (numbers["IV", base, model, metric] for metric in ("uniformity", "alignment"))
        found.append(_Point(name, True, False, uniformity, alignment, None, numbers["III", base, model, "accuracy"]))
    return found


def _look(point: _Point, scale: ScalarMappable) -> dict[str, Any]:
    """Filled for ours, pale where the model saw the texts, hollow for published."""
    colour: Any = PALE if point.accuracy is None else scale.to_rgba(np.array([point.accuracy]))[0]
    if point.published:
        return {"markerfacecolor": "white", "markeredgecolor": colour, "markeredgewidth": 1.8}
    edge = {"markeredgecolor": BLACK, "markeredgewidth": 0.6, "alpha": 0.45 if point.seen else 1.0}
    return {"markerfacecolor": colour, **edge}
