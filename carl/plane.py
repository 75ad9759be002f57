"""Texts on the valence-arousal plane (Russell 1980, A circumplex model of affect), as a figure."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ExtraMissing, UsageError
from harness.files import atomic_write

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox
    from numpy.typing import NDArray

FORMATS = ("svg", "png", "pdf")

#: Okabe and Ito's palette, which colour-blind readers can tell apart, and markers for print without colour.
_STYLES = (
    ("#D55E00", "^"),
    ("#009E73", "v"),
    ("#CC79A7", "s"),
    ("#E69F00", "o"),
    ("#0072B2", "D"),
    ("#56B4E9", "P"),
    ("#000000", "X"),
)

#: Letters of a label.
_LETTERS = 32

#: How far the axes reach at least. Predictions lie near the middle: a plot of the whole plane would be mostly empty.
_LEAST_REACH = 0.1

#: Texts that get a label at most.
_LABELS = 40

#: Half the size of a point, and how far labels may lie from it, in typographic points; farther ones get a line.
_POINT = 4
_DISTANCES = (6, 15)

#: Where a label may lie, seen from its point: the best to read first.
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


def check_plot(path: Path) -> None:
    """See that a plot can be drawn, before anything is computed for it.

    Raises:
        UsageError: no such format.
        ExtraMissing: matplotlib is not installed.
    """
    if path.suffix.removeprefix(".") not in FORMATS:
        raise UsageError(f"--plot {path}: the name must end in .svg, .png or .pdf")
    if importlib.util.find_spec("matplotlib") is None:
        raise ExtraMissing("plots need matplotlib: pip install 'affectbench[figures]'")


def draw_plane(
    path: Path, points: Sequence[tuple[str, float, float, str]], *, emotions: Sequence[str]
) -> tuple[int, int]:
    """Draw texts where they lie.

    Labels never overlap each other or a point; a text that finds no room keeps its point alone, and the figure says
    how many are labelled. The same points give the same bytes.

    Args:
        path: .svg, .png or .pdf.
        points: text, valence and arousal in [−1, 1], and the likeliest emotion.
        emotions: all emotions, in the order of the legend.

    Returns:
        Labelled texts, and all of them.

    Raises:
        UsageError: no such format.
        ExtraMissing: matplotlib is not installed.
        StorageFault: the file cannot be written.
    """
    check_plot(path)
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "affectbench", "font.family": "DejaVu Sans", "font.size": 9}):
        figure = Figure(figsize=(10, 7), dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        _frame(axes, points)
        for emotion, (colour, marker) in zip(emotions, _cycled(len(emotions)), strict=True):
            own = [(v, a) for _, v, a, name in points if name == emotion]
            if own:
                x, y = zip(*own, strict=True)
                axes.scatter(x, y, c=colour, marker=marker, s=36, label=emotion, zorder=3, linewidths=0)
        figure.legend(title="likeliest emotion", loc="outside lower center", ncols=len(_STYLES), frameon=False)
        # A line of blanks keeps the room of the title, and after this nothing moves any more.
        axes.set_title(" ", fontsize=8, loc="right")
        figure.canvas.draw()
        figure.set_layout_engine("none")
        labelled = _label(axes, points)
        if labelled < len(points):
            axes.set_title(f"{labelled} of {len(points):,} texts are labelled", fontsize=8, loc="right")
        dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
        kind = path.suffix.removeprefix(".")
        with atomic_write(path, "the plot") as file:
            figure.savefig(file, format=kind, metadata=dated[kind])
    return labelled, len(points)


def _cycled(count: int) -> list[tuple[str, str]]:
    return [_STYLES[place % len(_STYLES)] for place in range(count)]


def _frame(axes: Axes, points: Sequence[tuple[str, float, float, str]]) -> None:
    """Axes that cross in the middle of the scale and reach no further than the points and their labels need."""
    for place, margin, limits in ((1, 0.3, axes.set_xlim), (2, 0.12, axes.set_ylim)):
        values = [float(point[place]) for point in points]
        low, high = min([-_LEAST_REACH, *values]), max([_LEAST_REACH, *values])
        room = margin * (high - low)
        limits(low - room, high + room)
    axes.set_xlabel("valence: unpleasant to pleasant (scale from -1 to 1)")
    axes.set_ylabel("arousal: calm to excited (scale from -1 to 1)")
    axes.axhline(0, color="#777777", linewidth=0.8, zorder=1)
    axes.axvline(0, color="#777777", linewidth=0.8, zorder=1)
    axes.grid(color="#eeeeee", zorder=0)
    axes.spines[["top", "right"]].set_visible(False)


def _label(axes: Axes, points: Sequence[tuple[str, float, float, str]]) -> int:
    """Put labels beside their points, the outermost first, where they touch nothing; the number put."""
    from matplotlib.transforms import Bbox

    inside = axes.get_window_extent()
    places: Any = axes.transData.transform([(v, a) for _, v, a, _ in points])
    near = _POINT * axes.figure.dpi / 72
    taken = [Bbox.from_extents(x - near, y - near, x + near, y + near) for x, y in places]
    order = sorted(range(len(points)), key=lambda row: -(points[row][1] ** 2 + points[row][2] ** 2))
    put = 0
    for row in order:
        if put == _LABELS:
            break
        text = _drawable(points[row][0])
        if text and _place(axes, text, points[row][1:3], places[row], taken, inside):
            put += 1
    return put


def _place(
    axes: Axes, text: str, at: tuple[float, float], pixel: NDArray[np.float64], taken: list[Bbox], inside: Bbox
) -> bool:
    """Put a label at the nearest free place around a point, and its box into `taken`; False where none is free."""
    from matplotlib.transforms import Bbox

    style: dict[str, Any] = {"fontsize": 8, "parse_math": False}
    measured = axes.text(*at, text, **style)
    size = measured.get_window_extent()
    measured.remove()
    for distance, (x, y) in product(_DISTANCES, _DIRECTIONS):
        shift = distance * axes.figure.dpi / 72
        # The label's corner, side or middle that faces the point lies at the shifted place.
        left = pixel[0] + x * shift + (x - 1) / 2 * size.width
        low = pixel[1] + y * shift + (y - 1) / 2 * size.height
        box = Bbox.from_extents(left, low, left + size.width, low + size.height)
        fits = inside.x0 <= box.x0 and inside.y0 <= box.y0 and box.x1 <= inside.x1 and box.y1 <= inside.y1
        if fits and not any(box.overlaps(other) for other in taken):
            taken.append(box)
            line = {
                **{"arrowstyle": "-", "color": "#888888", "linewidth": 0.7, "shrinkA": 0, "shrinkB": _POINT},
                "relpos": ((1 - x) / 2, (1 - y) / 2),
            }
            axes.annotate(
                text,
                at,
                xytext=(distance * x, distance * y),
                textcoords="offset points",
                ha={-1: "right", 0: "center", 1: "left"}[x],
                va={-1: "top", 0: "center", 1: "bottom"}[y],
                arrowprops=line if distance > _DISTANCES[0] else None,
                zorder=4,
                **style,
            )
            return True
    return False


def _drawable(text: str) -> str:
    """The beginning of a text on one line, in letters that the figure's font has."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    words = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    short = words if len(words) <= _LETTERS else f"{words[: _LETTERS - 1].rstrip()}…"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        font = get_font(findfont(FontProperties(family="DejaVu Sans")))
    return "".join(char if font.get_char_index(ord(char)) else "□" for char in short)
