"""Names beside points do not cover each other while there is room."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from harness.figures.label_places import name_points


@pytest.mark.parametrize("seed", range(4))
def test_a_dozen_names_do_not_overlap(seed: int) -> None:
    points = [(float(x), float(y)) for x, y in np.random.default_rng(seed).random((12, 2))]
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.scatter(*zip(*points, strict=True))
    axes.margins(0.2)
    names = [f"model {i}" for i in range(12)]
    name_points(axes, points, names, size=6)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    assert sorted(text.get_text() for text in axes.texts) == sorted(names)
    # The letters' own boxes, without the lines that lead to the points.
    boxes = [super(type(text), text).get_window_extent(renderer) for text in axes.texts]
    frame = axes.get_window_extent(renderer)
    for i, box in enumerate(boxes):
        assert frame.x0 - 1 <= box.x0
        assert box.x1 <= frame.x1 + 1
        for other in boxes[i + 1 :]:
            wide = min(box.x1, other.x1) - max(box.x0, other.x0)
            high = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert min(wide, high) < 1.5


def test_equal_points_get_different_places() -> None:
    figure = Figure(figsize=(4, 3))
    axes = figure.add_subplot()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    name_points(axes, [(0.5, 0.5), (0.5, 0.5)], ["one", "two"])
    assert len({text.get_position() for text in axes.texts}) == 2
