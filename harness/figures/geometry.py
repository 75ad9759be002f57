"""Figure 3 of the paper: alignment against uniformity, coloured by accuracy, and the separation beside it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.figures.drawing import BLACK, SEQUENTIAL, WIDTH, Drawing, NotDrawn, name_points, short
from harness.figures.source import Source, task_title
from harness.leaderboard.published import load_published

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class _Point(NamedTuple):
    name: str
    published: bool
    alignment: float | None
    uniformity: float | None
    separation: float | None
    accuracy: float | None


def geometry(source: Source) -> Drawing:
    """Draw every model, and the paper's as hollow markers where its task is shown."""
    from matplotlib.figure import Figure

    tasks = source.main_tasks("geometry")
    if not tasks:
        raise NotDrawn("no geometry of emotions was measured")
    task_id = tasks[0]
    emotion = "emotion/" + task_id.split("/", 1)[1]
    points = [
        _Point(
            short(source.title(model)) + source.mark(model, emotion),
            False,
            source.value(model, task_id, "alignment"),
            source.value(model, task_id, "uniformity"),
            source.value(model, task_id, "separation"),
            source.value(model, emotion, "accuracy"),
        )
        for model in source.measured(task_id)
    ]
    printed = _published() if task_id.startswith("geometry/goemotions/ekman6-") else []
    known = [point.accuracy for point in (*points, *printed) if point.accuracy is not None] or [0.0, 1.0]
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    scale = _scale(min(known), max(known))
    spread = [(p, p.uniformity, p.alignment) for p in (*printed, *points) if None not in (p.uniformity, p.alignment)]
    apart = [(p, p.separation, 100 * p.accuracy) for p in points if p.separation is not None and p.accuracy is not None]
    left.set(xlabel="uniformity (lower: more spread)", ylabel="alignment (lower: closer)")
    left.set_title("Alignment against uniformity")
    right.set(
        xlabel="separation (0: emotions not told apart)", ylabel="accuracy [%]", title="Accuracy against separation"
    )
    figure.colorbar(scale, ax=[left, right], label="accuracy of the probe [%]", fraction=0.04, pad=0.02)
    for axes, shown in ((left, spread), (right, apart)):
        _scatter(axes, shown, scale)
    hollow = " Hollow: as printed in the paper, whose protocol may differ; it gives no separation." if printed else ""
    return Drawing(
        key="geometry",
        title="Alignment, uniformity and separation",
        caption=f"Geometry of the vectors of {task_title(task_id)} test texts; colour: accuracy of the linear probe on "
        "the same emotions. Lower alignment and lower uniformity are each better, but a collapsed encoder, whose "
        "vectors all crowd together, lies at the lower right with the best alignment. Separation, the share by which "
        f"texts of one emotion are closer than any two texts, is free of that.{hollow}",
        alt="Two scatter plots: alignment against uniformity, and accuracy against separation.",
        figure=figure,
    )


def _published() -> list[_Point]:
    """The paper's Table IV with the accuracies of its Table III."""
    numbers = {(p.table, *p.row, p.metric): p.value for p in load_published()}
    rows = dict.fromkeys(p.row for p in load_published() if p.table == "IV")
    count = Counter(model for _, model in rows)
    return [
        # Two base models have a CARL.
        _Point(
            f"{model} ({base})" if count[model] > 1 else model,
            True,
            numbers["IV", base, model, "alignment"],
            numbers["IV", base, model, "uniformity"],
            None,
            numbers["III", base, model, "accuracy"] / 100,
        )
        for base, model in rows
    ]


def _scale(low: float, high: float) -> Any:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    return ScalarMappable(Normalize(100 * low, 100 * high if high > low else 100 * low + 1), colormaps[SEQUENTIAL])


def _scatter(axes: Axes, points: list[tuple[_Point, Any, Any]], scale: Any) -> None:
    """Named points, filled for ours, hollow for published."""
    import numpy as np

    for point, x, y in points:
        colour: Any = "#bbbbbb" if point.accuracy is None else scale.to_rgba(np.array([100 * point.accuracy]))[0]
        look: dict[str, Any] = {"s": 44, "color": [colour], "edgecolors": BLACK, "linewidths": 0.6, "zorder": 3}
        if point.published:
            look = {"s": 34, "facecolors": "white", "edgecolors": [colour], "linewidths": 1.8, "zorder": 2}
        axes.scatter(x, y, marker="o", **look)
    axes.grid(visible=True, linewidth=0.3, color="#dddddd")
    axes.set_axisbelow(True)
    axes.margins(0.15)
    colours = ["#666666" if point.published else "black" for point, _, _ in points]
    name_points(axes, [(x, y) for _, x, y in points], [point.name for point, _, _ in points], colours)
