"""The plane of valence and arousal: where readers put texts, and where a linear probe puts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.figures.drawing import COLOURS, Drawing, NotDrawn, panels, short
from harness.figures.source import Source, task_title
from harness.leaderboard.words import corpus_title

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_COLUMNS = 4
#: Cells of the grid along each axis whose means are joined by arrows, and how many texts a cell needs for one.
_CELLS = 5
_FEWEST = 8
_TRUE = "#b5b5b5"

_NEEDED = ("valence.gold", "arousal.gold", "valence.predicted", "arousal.predicted")


def plane_figure(source: Source, corpus: str) -> Drawing:
    """Draw a panel for each model with predictions on a corpus, under its main protocol."""
    tasks = [task_id for task_id in source.task_ids("valence-arousal") if task_id.split("/")[1] == corpus]
    if not tasks:
        raise NotDrawn(f"nothing was measured on {corpus_title(corpus)}")
    task_id = tasks[0]
    known = {name: source.predictions(name, task_id) for name in source.measured(task_id)}
    found = {name: arrays for name, arrays in known.items() if arrays is not None and set(_NEEDED) <= arrays.keys()}
    if not found:
        raise NotDrawn("the records have no predictions of valence and arousal beside them")
    figure, axes = panels(len(found), _COLUMNS, height=2.0, extra=0.3)
    limits = _limits(next(iter(found.values())))
    for place, (ax, (model, arrays)) in enumerate(zip(axes, found.items(), strict=True)):
        _panel(ax, arrays)
        ax.set_title(short(source.title(model)))
        ax.set(xlim=limits[0], ylim=limits[1])
        ax.set_xlabel("valence", labelpad=1)
        if place % _COLUMNS == 0:
            ax.set_ylabel("arousal", labelpad=1)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, markerscale=2
    )
    n = len(next(iter(found.values()))["valence.gold"])
    return Drawing(
        key=f"plane-{corpus}",
        title=f"Valence and arousal, predicted against true: {corpus_title(corpus)}",
        caption=f"The {n:,} scored texts of {task_title(task_id)}: as rated (grey) and as predicted from each model's "
        f"vectors (blue). Arrows lead from the mean rating of the texts in a cell of a {_CELLS} by {_CELLS} grid to "
        f"their mean prediction; cells with fewer than {_FEWEST} texts have none. Long arrows towards the middle: the "
        "model knows little beyond the average text. Labels scaled to [-1, 1]; the axes show the range of the ratings.",
        alt=f"Scatter plots of rated and predicted valence and arousal, one panel for each of {len(found)} models.",
        figure=figure,
    )


def _limits(arrays: dict[str, NDArray[np.generic]]) -> list[tuple[float, float]]:
    """Range of the ratings without the outermost texts, with a margin."""
    import numpy as np

    found = []
    for name in _NEEDED[:2]:
        values = arrays[name].astype(np.float64)
        low, high = np.quantile(values, [0.002, 0.998])
        margin = max(0.06 * (high - low), 1e-3)
        found.append((float(low - margin), float(high + margin)))
    return found


def _panel(axes: Axes, arrays: dict[str, NDArray[Any]]) -> None:
    import numpy as np

    true = np.column_stack([arrays[name] for name in _NEEDED[:2]]).astype(np.float64)
    predicted = np.column_stack([arrays[name] for name in _NEEDED[2:]]).astype(np.float64)
    for points, colour, alpha, word in ((true, _TRUE, 0.6, "rated"), (predicted, COLOURS[0], 0.35, "predicted")):
        axes.scatter(
            points[:, 0], points[:, 1], s=4, color=colour, alpha=alpha, linewidths=0, rasterized=True, label=word
        )
    low, high = np.quantile(true, [0.002, 0.998], axis=0)
    edges = np.linspace(low, high, _CELLS + 1)[1:-1].T
    cells = np.searchsorted(edges[0], true[:, 0]) * _CELLS + np.searchsorted(edges[1], true[:, 1])
    for cell in np.unique(cells):
        inside = cells == cell
        if inside.sum() >= _FEWEST:
            start, end = true[inside].mean(axis=0), predicted[inside].mean(axis=0)
            axes.annotate(
                "",
                end,
                xytext=start,
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": COLOURS[1],
                    "linewidth": 0.9,
                    "mutation_scale": 6,
                    "shrinkA": 0,
                },
            )
    axes.plot([], [], color=COLOURS[1], linewidth=0.9, marker=">", markersize=2, label="cell mean, rated to predicted")
    axes.locator_params(nbins=4)
