"""Confusion matrices: what is taken for what, by share of the true class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.figures.drawing import SEQUENTIAL, Drawing, NotDrawn, panels, short
from harness.figures.source import Source, task_title
from harness.leaderboard.words import corpus_title

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_COLUMNS = 4

#: Names of the classes of corpora whose records have none.
_CLASSES = {"sst5": ("very neg.", "negative", "neutral", "positive", "very pos.")}


def confusion_figure(source: Source, family: str, corpus: str) -> Drawing:
    """Draw a matrix for each model with predictions on a corpus, under its main protocol."""
    tasks = [task_id for task_id in source.task_ids(family) if task_id.split("/")[1] == corpus]
    if not tasks:
        raise NotDrawn(f"nothing was measured on {corpus_title(corpus)}")
    task_id = tasks[0]
    known = {name: source.predictions(name, task_id) for name in source.measured(task_id)}
    found = {
        name: arrays for name, arrays in known.items() if arrays is not None and {"gold", "predicted"} <= arrays.keys()
    }
    if not found:
        raise NotDrawn("the records have no predicted classes beside them")
    classes = _classes(source, next(iter(found)), task_id, found)
    figure, axes = panels(len(found), _COLUMNS, height=2.05)
    for place, (ax, (model, arrays)) in enumerate(zip(axes, found.items(), strict=True)):
        _panel(ax, shares(arrays["gold"], arrays["predicted"], len(classes)), classes, labelled=place % _COLUMNS == 0)
        ax.set_title(short(source.title(model)))
    return Drawing(
        key=f"confusion-{corpus}",
        title=f"Confusion: {corpus_title(corpus)}",
        caption=f"Of the test texts of each true class (rows) of {task_title(task_id)}, the percentage that the linear "
        "probe puts into each class (columns). Rows add up to 100; the diagonal is the recall.",
        alt=f"Confusion matrices over {', '.join(classes)}, one for each of {len(found)} models.",
        figure=figure,
    )


def shares(gold: NDArray[Any], predicted: NDArray[Any], classes: int) -> NDArray[np.float64]:
    """Rows: true class; columns: predicted class; each row sums to 1, or to 0 for a class without texts.

    Args:
        gold: true class of each text (n,).
        predicted: predicted class (n,).
        classes: number of classes.
    """
    import numpy as np

    counts = np.bincount(gold.astype(np.int64) * classes + predicted, minlength=classes * classes)
    matrix = counts.reshape(classes, classes).astype(np.float64)
    found: NDArray[np.float64] = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    return found


def _classes(source: Source, model: str, task_id: str, found: dict[str, dict[str, NDArray[Any]]]) -> tuple[str, ...]:
    record = source.record(model, task_id)
    named = () if record is None else record.details.get("classes", ())
    count = 1 + max(
        int(array.max(initial=0)) for arrays in found.values() for array in (arrays["gold"], arrays["predicted"])
    )
    named = tuple(map(str, named)) or _CLASSES.get(task_id.split("/")[1], ())
    return named if len(named) >= count else tuple(map(str, range(count)))


def _panel(axes: Axes, matrix: NDArray[np.float64], classes: tuple[str, ...], *, labelled: bool) -> None:
    axes.imshow(matrix, cmap=SEQUENTIAL, vmin=0, vmax=1)
    for i, row in enumerate(matrix):
        for j, share in enumerate(row):
            axes.text(
                j,
                i,
                f"{100 * share:.0f}",
                ha="center",
                va="center",
                fontsize=6.5,
                color="white" if share < 0.55 else "black",
            )
    axes.set_xticks(
        range(len(classes)), list(map(short, classes)), rotation=45, ha="right", rotation_mode="anchor", fontsize=6.5
    )
    axes.set_yticks(range(len(classes)), list(map(short, classes)) if labelled else [], fontsize=6.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if labelled:
        axes.set_ylabel("true")
    axes.set_xlabel("predicted", labelpad=1)
