"""Figure 3 of the paper: alignment against uniformity, coloured by accuracy, and the separation beside it."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from adjustText import adjust_text
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from harness.figures.drawing import BLACK, SEQUENTIAL, WIDTH, Drawing, NotDrawn, short
from harness.figures.source import Source, task_title
from harness.leaderboard.published import load_published


class _Point(NamedTuple):
    name: str
    published: bool
    seen: bool
    """Whether the model saw the texts, or may have."""
    alignment: float | None
    uniformity: float | None
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
    task_id = tasks[0]
    points = [_ours(source, model, task_id) for model in source.measured(task_id)]
    printed = _published() if task_id.startswith("geometry/goemotions/ekman6-") else []
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
    spread = _scatter(left, [(point.uniformity, point.alignment) for point in points], looks)
    apart = _scatter(right, [(point.separation, point.accuracy) for point in points], looks)
    figure.draw_without_rendering()
    for numbers in (spread, apart):
        _push_apart(numbers)
    hollow = " Hollow: as printed in the paper, whose protocol may differ; it gives no separation." if printed else ""
    return Drawing(
        key="geometry",
        title="Alignment, uniformity and separation",
        caption=f"Geometry of the vectors of {task_title(task_id)} test texts; colour: accuracy of the linear probe on "
        "the same emotions. Lower alignment and lower uniformity are each better, but a collapsed encoder, whose "
        "vectors all crowd together, lies at the lower right with the best alignment. Separation, the share by which "
        f"texts of one emotion are closer than any two texts, is free of that.{hollow} "
        "Pale: the model saw the texts, or may have.",
        alt="Two scatter plots: alignment against uniformity, and accuracy against separation.",
        figure=figure,
    )


def _ours(source: Source, model: str, task_id: str) -> _Point:
    emotion = "emotion/" + task_id.split("/", 1)[1]
    accuracy = source.value(model, emotion, "accuracy")
    mark = source.mark(model, task_id)
    return _Point(
        short(source.title(model)) + mark,
        False,
        bool(mark),
        source.value(model, task_id, "alignment"),
        source.value(model, task_id, "uniformity"),
        source.value(model, task_id, "separation"),
        None if accuracy is None else 100 * accuracy,
    )


def _published() -> list[_Point]:
    """The paper's Table IV with the accuracies of its Table III."""
    numbers = {(p.table, *p.row, p.metric): p.value for p in load_published()}
    rows = dict.fromkeys(p.row for p in load_published() if p.table == "IV")
    count = Counter(model for _, model in rows)
    return [
        _Point(
            # Two base models have a CARL.
            f"{model} ({base}), published" if count[model] > 1 else f"{model}, published",
            True,
            False,
            numbers["IV", base, model, "alignment"],
            numbers["IV", base, model, "uniformity"],
            None,
            numbers["III", base, model, "accuracy"],
        )
        for base, model in rows
    ]


def _look(point: _Point, scale: ScalarMappable) -> dict[str, Any]:
    """Filled for ours, pale where the model saw the texts, hollow for published."""
    colour: Any = "#bbbbbb" if point.accuracy is None else scale.to_rgba(np.array([point.accuracy]))[0]
    if point.published:
        return {"markerfacecolor": "white", "markeredgecolor": colour, "markeredgewidth": 1.8}
    return {
        "markerfacecolor": colour,
        "markeredgecolor": BLACK,
        "markeredgewidth": 0.6,
        "alpha": 0.45 if point.seen else 1.0,
    }


def _scatter(axes: Axes, places: list[tuple[float | None, float | None]], looks: list[dict[str, Any]]) -> list[Text]:
    """Draw points, each with its number on it; gives the numbers."""
    axes.grid()
    axes.margins(0.12)
    numbers = []
    for number, ((x, y), look) in enumerate(zip(places, looks, strict=True), 1):
        if x is not None and y is not None:
            axes.plot(x, y, "o", markersize=6, **look)
            numbers.append(axes.text(x, y, str(number), fontsize=6.5, in_layout=False))
    return numbers


def _push_apart(numbers: list[Text]) -> None:
    """Move numbers beside their points, where they cover neither a number nor a point."""
    if numbers:
        places = zip(*(number.get_position() for number in numbers), strict=True)
        line = {"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkB": 3}
        # A limit in iterations, not in time: equal points give equal places.
        adjust_text(
            numbers, *places, ax=numbers[0].axes, iter_lim=500, expand=(2.0, 1.9), arrowprops=line, min_arrow_len=7
        )
