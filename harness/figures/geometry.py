"""Figure 3 of the paper: alignment against uniformity, coloured by accuracy, and the separation beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.figures.drawing import BLACK, SEQUENTIAL, WIDTH, Drawing, NotDrawn, short
from harness.figures.label_places import name_points
from harness.figures.source import Source, task_title
from harness.leaderboard.published import load_published

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class _Point:
    name: str
    alignment: float
    uniformity: float
    separation: float | None
    accuracy: float | None
    published: bool


def geometry(source: Source) -> Drawing:
    """Draw every model, and the paper's as hollow markers where its task is shown."""
    tasks = source.task_ids("geometry")
    if not tasks:
        raise NotDrawn("no geometry of emotions was measured")
    task_id = tasks[0]
    emotion = "emotion/" + task_id.split("/", 1)[1]
    points = _measured(source, task_id, emotion)
    printed = _published() if task_id.startswith("geometry/goemotions/ekman6-mapped/") else []
    known = [p.accuracy for p in (*points, *printed) if p.accuracy is not None]
    limits = (min(known), max(known)) if known else (0.0, 1.0)
    figure, left, right = _axes()
    scale = _scatter(left, [(p, p.uniformity, p.alignment) for p in (*printed, *points)], limits)
    left.set_xlabel("uniformity (lower: more spread)")
    left.set_ylabel("alignment (lower: closer)")
    left.set_title("Alignment against uniformity")
    both = [(p, p.separation, p.accuracy * 100) for p in points if p.separation is not None and p.accuracy is not None]
    _scatter(right, both, limits)
    right.set_xlabel("separation (0: emotions not told apart)")
    right.set_ylabel("accuracy [%]")
    right.set_title("Accuracy against separation")
    figure.colorbar(scale, ax=[left, right], label="accuracy of the probe [%]", fraction=0.04, pad=0.02)
    for axes, shown in ((left, [(p, p.uniformity, p.alignment) for p in (*points, *printed)]), (right, both)):
        axes.margins(0.12)
        name_points(
            axes,
            [(x, y) for _, x, y in shown],
            [p.name for p, _, _ in shown],
            size=6.5,
            colours=["#666666" if p.published else "black" for p, _, _ in shown],
        )
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


def _axes() -> tuple[Figure, Axes, Axes]:
    """Two panels, the one with more points wider."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=[1.5, 1])
    return figure, figure.add_subplot(grid[0]), figure.add_subplot(grid[1])


def _measured(source: Source, task_id: str, emotion: str) -> list[_Point]:
    found = []
    for model in source.measured(task_id):
        alignment, uniformity = (source.value(model, task_id, name) for name in ("alignment", "uniformity"))
        if alignment is not None and uniformity is not None:
            found.append(
                _Point(
                    short(source.title(model)),
                    alignment,
                    uniformity,
                    source.value(model, task_id, "separation"),
                    source.value(model, emotion, "accuracy"),
                    published=False,
                )
            )
    return found


def _published() -> list[_Point]:
    """The paper's Table IV with the accuracies of its Table III."""
    numbers = {(p.table, *p.row, p.metric): p.value for p in load_published()}
    rows = dict.fromkeys(p.row for p in load_published() if p.table == "IV")
    return [
        _Point(
            # Two base models have a CARL.
            name=f"{model} ({base})" if sum(other == model for _, other in rows) > 1 else model,
            alignment=numbers["IV", base, model, "alignment"],
            uniformity=numbers["IV", base, model, "uniformity"],
            separation=None,
            accuracy=numbers["III", base, model, "accuracy"] / 100,
            published=True,
        )
        for base, model in rows
    ]


def _scatter(axes: Axes, points: list[tuple[_Point, float, float]], limits: tuple[float, float]) -> Any:
    """Filled for ours, hollow for published; returns what a colour bar needs."""
    import numpy as np
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    low, high = (100 * limit for limit in limits)
    scale = ScalarMappable(Normalize(low, high if high > low else low + 1), colormaps[SEQUENTIAL])
    for point, x, y in points:
        colour: Any = "#bbbbbb" if point.accuracy is None else scale.to_rgba(np.array([100 * point.accuracy]))[0]
        if point.published:
            axes.scatter(x, y, s=34, marker="o", facecolors="white", edgecolors=[colour], linewidths=1.8, zorder=2)
        else:
            axes.scatter(x, y, s=44, marker="o", color=[colour], edgecolors=BLACK, linewidths=0.6, zorder=3)
    axes.grid(visible=True, linewidth=0.3, color="#dddddd")
    axes.set_axisbelow(True)
    return scale
