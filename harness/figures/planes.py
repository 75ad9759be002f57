"""Figure 2 of the paper: texts of one emotion each on the first two principal components of their vectors.

Vectors lie in the cache, which nobody commits. Their projection is small, so it is kept in `RESULTS/planes/`, one file
a model and task, with the fingerprints of what made it: from then on the figure needs neither cache nor corpus.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize

from harness.errors import BenchError, RecordInvalid
from harness.figures.drawing import COLOURS, MARKERS, Drawing, NotDrawn, listed, panels
from harness.figures.source import MARKS, Source, task_title
from harness.files import write_bytes
from harness.leaderboard.words import corpus_title
from harness.record import Record, pack, unpack
from harness.registry import tasks
from harness.store import EmbeddingStore

_NOT_KEPT = "no projection is kept beside the records; `bench figures pca` with --data-dir and --cache-dir makes one"
_COLUMNS = 4
_SEED = 20250220
#: Share of the texts at each end of an axis that may lie outside the panel: single outliers would fill it with nothing.
_OUTSIDE = 0.005


def plane_of(source: Source, model: str, task_id: str) -> dict[str, NDArray[Any]]:
    """A model's plane: as it is kept, else from the cached vectors, and kept from then on.

    Returns:
        `points` (n, 2), texts on the first two principal components of their vectors at unit length; `labels` (n,), the
        class of each; `classes`, their names; `explained` (2,), the share of the variance along each component.

    Raises:
        NotDrawn: neither is there.
        RecordInvalid: the kept file is damaged.
        StorageFault: it cannot be kept.
    """
    record = source.record(model, task_id)
    if record is None:
        raise NotDrawn("not measured")
    path = source.store.path(model, task_id, record.seed)
    path = source.store.directory / "planes" / path.parent.name / path.with_suffix(".npz").name
    made_from = [record.model.fingerprint, record.data]
    plane = _read(path)
    if plane is None or plane["made_from"].tolist() != made_from:
        texts, labels, classes = _labelled_texts(source, task_id)
        points, explained = project(_vectors(source, record, texts))
        plane = {
            "points": points.astype(np.float16),
            "labels": labels.astype(np.int8),
            "classes": np.array(classes),
            "explained": np.array(explained),
            "made_from": np.array(made_from),
        }
        write_bytes(path, pack(plane), "a projection")
    return plane


def _read(path: Path) -> dict[str, NDArray[Any]] | None:
    """A kept plane, None where there is none."""
    if not path.is_file():
        return None
    try:
        found = unpack(path.read_bytes(), str(path))
        return {name: found[name] for name in ("points", "labels", "classes", "explained", "made_from")}
    except (ValueError, OSError, KeyError) as error:
        raise RecordInvalid(f"{path} is damaged ({error}); delete it and draw again") from error


def project(vectors: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Project vectors, at unit length and centred, on their first two principal components.

    The sign of a component is that which makes the sum of the cubed coordinates positive, so that equal vectors give
    equal planes.

    Args:
        vectors: (n, d), n and d at least 2.

    Returns:
        Coordinates (n, 2), and the share of the variance along each.
    """
    found = PCA(2, svd_solver="full")
    points = found.fit_transform(normalize(vectors.astype("float64")))
    points[:, (points**3).sum(axis=0) < 0] *= -1
    first, second = found.explained_variance_ratio_
    return points, (float(first), float(second))


def _vectors(source: Source, record: Record, texts: tuple[str, ...]) -> NDArray[np.float32]:
    """Cached vectors under exactly the options of a record."""
    if source.cache_dir is None:
        raise NotDrawn("its vectors are not kept")
    model = record.model
    facts = {name: getattr(model, name) for name in ("fingerprint", "pooling", "max_length", "dtype", "backend")}
    device = record.environment.get("device", "cpu").partition(":")[0]
    space = EmbeddingStore(source.cache_dir).space({**facts, "device": device})
    if space.missing(texts):
        raise NotDrawn(f"its vectors are not in the cache: bench run --fresh --models {model.name} encodes them again")
    return space.gather(texts)


def _labelled_texts(source: Source, task_id: str) -> tuple[tuple[str, ...], NDArray[np.integer[Any]], tuple[str, ...]]:
    task: Any = tasks().get(task_id)
    if source.library is None:
        raise NotDrawn(_NOT_KEPT)
    if not hasattr(task, "reading"):
        raise NotDrawn(f"{task_id} has no emotions")
    try:
        rows = task.rows(source.library, task.split)
    except BenchError as error:
        # Not the error's own words: they name folders of this machine, and a page is for others.
        raise NotDrawn(_NOT_KEPT) from error
    return rows.texts, rows.labels, rows.classes


def pca(source: Source) -> Drawing:
    """Draw a panel for each model whose vectors, or their projection, are kept."""
    measured = source.main_tasks("geometry")
    if not measured:
        raise NotDrawn("no geometry of emotions was measured")
    task_id = measured[0]
    planes: dict[str, dict[str, NDArray[Any]]] = {}
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
        ax.set_title(source.panel(model, task_id))
    first = next(iter(planes.values()))
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(first["classes"]), frameon=False
    )
    corpus = corpus_title(task_id.split("/")[1])
    n = len(first["labels"])
    left_out = "".join(f" Not shown: {listed(names)} ({why})." for why, names in missing.items())
    return Drawing(
        key="pca",
        title=f"{corpus} on two principal components",
        caption=f"The {n:,} test texts of {task_title(task_id)} on the first two principal components of each model's "
        "vectors (at unit length, centred); large markers are the centroids of the emotions. Each panel has axes of "
        "its own, labelled with the share of the variance: distances cannot be compared across panels, nor do "
        f"these two directions show all. Up to 1 % of the texts lie outside each axis."
        f"{left_out}{MARKS}",
        alt=f"Scatter plots of {corpus} texts, one panel for each of {listed([source.title(m) for m in planes])}, "
        "coloured by emotion, with the centroid of each emotion.",
        figure=figure,
    )


def _panel(axes: Axes, plane: dict[str, NDArray[Any]]) -> None:
    points, labels = plane["points"].astype(np.float64), plane["labels"]
    order = np.random.default_rng(_SEED).permutation(len(labels))
    colours = np.array([COLOURS[i % len(COLOURS)] for i in range(len(plane["classes"]))])
    dots: dict[str, Any] = {"s": 3, "alpha": 0.35, "linewidths": 0, "c": colours[labels[order]]}
    # Thousands of vector dots would make a file of megabytes that opens in seconds.
    axes.scatter(*points[order].T, rasterized=True, **dots)
    centre: dict[str, Any] = {"s": 52, "edgecolors": "white", "linewidths": 1.0, "zorder": 3}
    for i, name in enumerate(plane["classes"]):
        if (labels == i).any():
            look = centre | {"marker": MARKERS[i % len(MARKERS)], "color": colours[i], "label": str(name)}
            axes.scatter(*points[labels == i].mean(axis=0), **look)
    low, high = np.quantile(points, [_OUTSIDE, 1 - _OUTSIDE], axis=0)
    margin = np.maximum((high - low) * 0.04, 1e-6)
    axes.set(xlim=(low[0] - margin[0], high[0] + margin[0]), ylim=(low[1] - margin[1], high[1] + margin[1]))
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel(f"{plane['explained'][0]:.0%} of variance", labelpad=2)
    axes.set_ylabel(f"{plane['explained'][1]:.0%}", labelpad=2)
