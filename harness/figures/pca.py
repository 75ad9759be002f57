"""Figure 2 of the paper: texts of one emotion each on the first two principal components of their vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.figures.drawing import COLOURS, MARKERS, Drawing, NotDrawn, listed, panels, short
from harness.figures.planes import Plane, plane_of
from harness.figures.source import Source, task_title
from harness.leaderboard.words import corpus_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 4
_SEED = 20250220
#: Share of the texts at each end of an axis that may lie outside the panel: single outliers would fill it with nothing.
_OUTSIDE = 0.005


def pca(source: Source) -> Drawing:
    """Draw a panel for each model whose vectors, or their projection, are kept."""
    tasks = source.task_ids("geometry")
    if not tasks:
        raise NotDrawn("no geometry of emotions was measured")
    task_id = tasks[0]
    planes: dict[str, Plane] = {}
    missing: dict[str, list[str]] = {}
    for model in source.measured(task_id):
        try:
            planes[model] = plane_of(source, model, task_id)
        except NotDrawn as error:
            missing.setdefault(str(error), []).append(source.title(model))
    if not planes:
        raise NotDrawn("; ".join(f"{listed(names)}: {why}" for why, names in missing.items()))
    figure, axes = panels(len(planes), _COLUMNS, height=1.95, extra=0.3)
    for ax, (model, plane) in zip(axes, planes.items(), strict=True):
        _panel(ax, plane)
        ax.set_title(short(source.title(model)))
    first = next(iter(planes.values()))
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(first.classes), frameon=False
    )
    corpus = corpus_title(task_id.split("/")[1])
    n = len(first.labels)
    left_out = "".join(f" Not shown: {listed(names)} ({why})." for why, names in missing.items())
    return Drawing(
        key="pca",
        title=f"{corpus} on two principal components",
        caption=f"The {n:,} test texts of {task_title(task_id)} on the first two principal components of each model's "
        "vectors (at unit length, centred); large markers are the centroids of the emotions. Each panel has axes of "
        "its own, labelled with the share of the variance: distances in different panels cannot be compared, and what "
        f"lies behind these two directions is not seen. Up to 1 % of the texts lie outside each axis.{left_out}",
        alt=f"Scatter plots of {corpus} texts, one panel for each of {listed([source.title(m) for m in planes])}, "
        "coloured by emotion, with the centroid of each emotion.",
        figure=figure,
    )


def _panel(axes: Axes, plane: Plane) -> None:
    import numpy as np

    order = np.random.default_rng(_SEED).permutation(len(plane.labels))
    colours = np.array([COLOURS[i % len(COLOURS)] for i in range(len(plane.classes))])
    points = plane.points[order]
    # Thousands of vector dots would make a file of megabytes that opens in seconds.
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=3,
        c=colours[plane.labels[order]],
        alpha=0.35,
        linewidths=0,
        rasterized=True,
    )
    for i, name in enumerate(plane.classes):
        own = plane.points[plane.labels == i]
        if len(own):
            x, y = own.mean(axis=0)
            axes.scatter(
                x,
                y,
                s=52,
                marker=MARKERS[i % len(MARKERS)],
                color=COLOURS[i % len(COLOURS)],
                edgecolors="white",
                linewidths=1.0,
                zorder=3,
                label=name,
            )
    low, high = np.quantile(plane.points, [_OUTSIDE, 1 - _OUTSIDE], axis=0)
    margin = np.maximum((high - low) * 0.04, 1e-6)
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(f"{plane.explained[0]:.0%} of variance", labelpad=2)
    axes.set_ylabel(f"{plane.explained[1]:.0%}", labelpad=2)
