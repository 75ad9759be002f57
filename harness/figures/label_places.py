"""Where to write names beside points so that they cover neither each other nor a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

#: Directions in which a name may stand, and distances from the point in units of the font size.
_DIRECTIONS = 16
_DISTANCES = (0.75, 1.5, 2.5, 3.7, 5.2, 7.0)

#: What it costs to cover a point, a line or the frame, beside covering another name.
_ON_POINT, _ON_LINE, _OUTSIDE = 3.0, 0.6, 4.0
_PER_DISTANCE = 0.04


def name_points(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    *,
    size: float = 7.0,
    colours: Sequence[str] | None = None,
) -> None:
    """Write each name beside its point, with a line to it where it had to move away.

    Names are placed one after another, the most crowded point first, each where it covers least. Call it last: it
    needs the final limits of the axes.

    Args:
        axes: the panel.
        points: in data coordinates.
        names: one a point.
        size: of the letters, in points.
        colours: of the names; black by default.
    """
    import numpy as np

    figure = axes.figure.get_figure(root=True)
    assert figure is not None
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    frame = axes.get_window_extent()
    unit = size * figure.dpi / 72
    centres = axes.transData.transform(np.asarray(points, dtype=np.float64).reshape(-1, 2))
    dots = [_around(x, y, 0.5 * unit) for x, y in centres]
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    crowd = np.exp(-apart / (4 * unit)).sum(axis=1)
    taken: list[Bbox] = []
    lines: list[Bbox] = []
    for i in sorted(range(len(points)), key=lambda i: (-crowd[i], i)):
        text = axes.annotate(names[i], points[i], fontsize=size)
        extent = text.get_window_extent()
        text.remove()
        others = [dot for j, dot in enumerate(dots) if j != i]
        _, box, distance = _best(centres[i], (extent.width, extent.height), unit, frame, taken, others, lines)
        taken.append(box)
        towards = np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2]) - centres[i]
        if distance > _DISTANCES[0]:
            lines += [_around(x, y, 0.15 * unit) for x, y in (centres[i] + share * towards for share in _ALONG)]
        offset = towards * 72 / figure.dpi
        label = axes.annotate(
            names[i],
            points[i],
            xytext=(float(offset[0]), float(offset[1])),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            color="black" if colours is None else colours[i],
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkA": 1, "shrinkB": 3}
            if distance > _DISTANCES[0]
            else None,
        )
        label.set_in_layout(False)


#: Where along a line from a point to its name later names are kept away.
_ALONG = (0.2, 0.4, 0.6)


def _best(
    centre: Floats,
    extent: tuple[float, float],
    unit: float,
    frame: Bbox,
    taken: Sequence[Bbox],
    dots: Sequence[Bbox],
    lines: Sequence[Bbox],
) -> tuple[float, Bbox, float]:
    """Cost, box and distance of the best place for a name."""
    from math import cos, pi, sin

    width, height = extent
    found: list[tuple[float, Bbox, float]] = []
    for distance in _DISTANCES:
        for step in range(_DIRECTIONS):
            angle = 2 * pi * step / _DIRECTIONS
            x = centre[0] + cos(angle) * (distance * unit + width / 2)
            y = centre[1] + sin(angle) * (distance * unit + height / 2)
            box = _around(x, y, width / 2, height / 2)
            cost = sum(_shared(box, other) for other in taken)
            cost += _ON_POINT * sum(_shared(box, dot) for dot in dots) + _ON_LINE * sum(_shared(box, o) for o in lines)
            cost += _OUTSIDE * (width * height - _shared(box, frame))
            # Rounded: noise in the last bits must not decide between equal places.
            found.append((round(cost / (width * height) + _PER_DISTANCE * distance, 6), box, distance))
    return min(found, key=lambda place: place[0])


def _around(x: float, y: float, across: float, along: float | None = None) -> Bbox:
    from matplotlib.transforms import Bbox

    along = across if along is None else along
    return Bbox.from_extents(x - across, y - along, x + across, y + along)


def _shared(one: Bbox, two: Bbox) -> float:
    """Area that two boxes share."""
    wide = min(one.x1, two.x1) - max(one.x0, two.x0)
    high = min(one.y1, two.y1) - max(one.y0, two.y0)
    return float(max(wide, 0) * max(high, 0))
