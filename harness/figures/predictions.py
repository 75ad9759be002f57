"""What a linear probe predicts from each model's vectors: confusion matrices, and the plane of valence and arousal."""

from typing import Any

from matplotlib.axes import Axes
from numpy.typing import NDArray
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

from harness.figures.drawing import COLOURS, SEQUENTIAL, Drawing, NotDrawn, panels, short
from harness.figures.source import MARKS, Source, task_title
from harness.leaderboard.table import corpus_title

Arrays = dict[str, NDArray[Any]]

_COLUMNS = 4

#: Names of the classes of corpora whose records have none.
_CLASSES = {"sst5": ("very neg.", "negative", "neutral", "positive", "very pos.")}

_PLANE = ("valence.gold", "arousal.gold", "valence.predicted", "arousal.predicted")


def _found(source: Source, family: str, corpus: str, needed: set[str]) -> tuple[str, dict[str, Arrays]]:
    """The main task of a corpus, and the predictions of each model that has them."""
    tasks = [task_id for task_id in source.main_tasks(family) if task_id.split("/")[1] == corpus]
    if not tasks:
        raise NotDrawn(f"nothing was measured on {corpus_title(corpus)}")
    known = {name: source.predictions(name, tasks[0]) for name in source.measured(tasks[0])}
    found = {name: arrays for name, arrays in known.items() if arrays is not None and needed <= arrays.keys()}
    if not found:
        raise NotDrawn("the records have no predictions beside them")
    return tasks[0], found


def confusion_figure(source: Source, family: str, corpus: str) -> Drawing:
    """Draw a matrix for each model with predictions on a corpus, under its main protocol."""
    task_id, found = _found(source, family, corpus, {"gold", "predicted"})
    classes = _classes(source, next(iter(found)), task_id, found)
    figure, axes = panels(len(found), _COLUMNS, height=2.05)
    for place, (ax, (model, arrays)) in enumerate(zip(axes, found.items(), strict=True)):
        _matrix(ax, arrays, classes, labelled=place % _COLUMNS == 0)
        ax.set_title(source.panel(model, task_id))
    return Drawing(
        key=f"confusion-{corpus}",
        title=f"Confusion: {corpus_title(corpus)}",
        caption=f"Of the test texts of each true class (rows) of {task_title(task_id)}, the percentage that the linear "
        "probe puts into each class (columns). Rows add up to 100; the diagonal is the recall." + MARKS,
        alt=f"Confusion matrices over {', '.join(classes)}, one for each of {len(found)} models.",
        figure=figure,
    )


def _classes(source: Source, model: str, task_id: str, found: dict[str, Arrays]) -> tuple[str, ...]:
    record = source.record(model, task_id)
    count = 1 + max(int(a[name].max(initial=0)) for a in found.values() for name in ("gold", "predicted"))
    stated: Any = record.details.get("classes") if record is not None else ()
    named = tuple(map(str, stated or _CLASSES.get(task_id.split("/")[1], ())))
    return named if len(named) >= count else tuple(map(str, range(count)))


def _matrix(axes: Axes, arrays: Arrays, classes: tuple[str, ...], *, labelled: bool) -> None:
    found = confusion_matrix(arrays["gold"], arrays["predicted"], labels=range(len(classes)), normalize="true")
    names = list(map(short, classes))
    look = {"im_kw": {"vmin": 0, "vmax": 100}, "text_kw": {"fontsize": 6.5}, "cmap": SEQUENTIAL, "colorbar": False}
    display = ConfusionMatrixDisplay(100 * found, display_labels=names).plot(ax=axes, values_format=".0f", **look)
    for text, share in zip(display.text_.flat, found.flat, strict=True):
        text.set_color("white" if share < 0.55 else "black")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=6.5)
    axes.set_yticks(range(len(names)), names if labelled else [], fontsize=6.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_ylabel("true" if labelled else "")
    axes.set_xlabel("predicted", labelpad=1)


def plane_figure(source: Source, corpus: str) -> Drawing:
    """Draw a panel for each model with predictions on a corpus, under its main protocol."""
    task_id, found = _found(source, "valence-arousal", corpus, set(_PLANE))
    figure, axes = panels(len(found), _COLUMNS, height=2.0, extra=0.3)
    for place, (ax, (model, arrays)) in enumerate(zip(axes, found.items(), strict=True)):
        _plane(ax, arrays)
        ax.set_title(source.panel(model, task_id))
        ax.set_xlabel("valence", labelpad=1)
        if place % _COLUMNS == 0:
            ax.set_ylabel("arousal", labelpad=1)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, frameon=False, markerscale=2)
    n = len(next(iter(found.values()))["valence.gold"])
    return Drawing(
        key=f"plane-{corpus}",
        title=f"Valence and arousal, predicted against true: {corpus_title(corpus)}",
        caption=f"The {n:,} scored texts of {task_title(task_id)}: as rated (grey) and as predicted from each model's "
        "vectors (blue), on the whole scale, -1 to 1. A small blue cloud in a large grey one: the model knows little "
        "beyond the average text." + MARKS,
        alt=f"Scatter plots of rated and predicted valence and arousal, one panel for each of {len(found)} models.",
        figure=figure,
    )


def _plane(axes: Axes, arrays: Arrays) -> None:
    for kind, colour, alpha, word in (("gold", "#b5b5b5", 0.6, "rated"), ("predicted", COLOURS[0], 0.35, "predicted")):
        look: dict[str, Any] = {"s": 4, "alpha": alpha, "linewidths": 0, "rasterized": True}
        axes.scatter(arrays[f"valence.{kind}"], arrays[f"arousal.{kind}"], color=colour, label=word, **look)
    axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xticks=[-1, 0, 1], yticks=[-1, 0, 1])
