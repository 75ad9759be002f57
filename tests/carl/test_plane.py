"""The figure of the valence-arousal plane: what is drawn, and that no label hides another."""

import itertools
import warnings

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")

from carl.plane import check_plot, draw_plane  # noqa: E402 (matplotlib is optional)
from harness.errors import ExtraMissing, UsageError  # noqa: E402

EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")


def cloud(n, seed=0, spread=0.1):
    """Points as predictions lie: dense in the middle, in a plane of which the corners stay empty."""
    generator = np.random.default_rng(seed)
    values = np.clip(generator.normal(scale=spread, size=(n, 2)), -1, 1)
    return [
        (f"made-up text {row} " + "and more " * (row % 7), float(v), float(a), EMOTIONS[row % 6])
        for row, (v, a) in enumerate(values)
    ]


@pytest.fixture
def figures(monkeypatch):
    """Figures as they are saved."""
    from matplotlib.figure import Figure

    saved = []
    before = Figure.savefig

    def keep(self, *arguments, **options):
        saved.append(self)
        return before(self, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return saved


def boxes(figure):
    from matplotlib.text import Text

    axes = figure.axes[0]
    figure.canvas.draw()
    return [Text.get_window_extent(label) for label in axes.texts], axes


@pytest.mark.parametrize(("n", "spread"), [(1, 0.1), (12, 0.1), (200, 0.05), (80, 0.6)])
def test_labels_overlap_neither_each_other_nor_a_point(tmp_path, figures, n, spread):
    points = cloud(n, spread=spread)
    labelled, total = draw_plane(tmp_path / "plane.png", points, emotions=EMOTIONS)
    (figure,) = figures
    found, axes = boxes(figure)
    assert (len(found), total) == (labelled, n)
    assert labelled >= min(n, 8)
    inside = axes.get_window_extent()
    for box in found:
        assert inside.x0 <= box.x0 < box.x1 <= inside.x1
        assert inside.y0 <= box.y0 < box.y1 <= inside.y1
    for one, other in itertools.combinations(found, 2):
        assert not one.overlaps(other)
    places = axes.transData.transform([(v, a) for _, v, a, _ in points])
    for (x, y), box in itertools.product(places, found):
        assert not (box.x0 < x < box.x1 and box.y0 < y < box.y1)
    if labelled < n:
        assert axes.get_title(loc="right") == f"{labelled} of {n} texts are labelled"
    drawn = sum(len(part.get_offsets()) for part in axes.collections)
    assert drawn == n


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_the_same_points_give_the_same_bytes(tmp_path, form):
    one, other = tmp_path / f"a.{form}", tmp_path / f"b.{form}"
    for path in (one, other):
        draw_plane(path, cloud(5), emotions=EMOTIONS)
    assert one.read_bytes() == other.read_bytes()
    start = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[form]
    assert one.read_bytes().startswith(start)


def test_texts_are_shown_as_they_are_and_short(tmp_path, figures):
    texts = ["costs $5 or $6_{more}^2", "日本 ok", "a\tb\nc\x1b", "   ", "x" * 100, "<script> & \\frac{1}{2}"]
    points = [(text, 0.15 * row - 0.4, 0.1 * row - 0.2, "joy") for row, text in enumerate(texts)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_plane(tmp_path / "plane.svg", points, emotions=EMOTIONS)
    shown = {label.get_text() for label in figures[0].axes[0].texts}
    assert shown == {
        *("costs $5 or $6_{more}^2", "□□ ok", "a b c", "<script> & \\frac{1}{2}"),
        f"{'x' * 31}…",
    }


def test_only_emotions_that_occur_are_explained(tmp_path, figures):
    draw_plane(tmp_path / "plane.png", [("glad", 0.5, 0.1, "joy"), ("cold", -0.5, 0.1, "fear")], emotions=EMOTIONS)
    (legend,) = figures[0].legends
    assert [text.get_text() for text in legend.get_texts()] == ["fear", "joy"]


def test_the_middle_of_the_scale_and_every_point_are_in_the_picture(tmp_path, figures):
    draw_plane(tmp_path / "plane.png", [("glad", 0.9, -0.7, "joy")], emotions=EMOTIONS)
    axes = figures[0].axes[0]
    assert axes.get_xlim()[0] < 0 < 0.9 < axes.get_xlim()[1]
    assert axes.get_ylim()[0] < -0.7 < 0 < axes.get_ylim()[1]


def test_what_cannot_be_drawn_is_told_before_anything_is_computed(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"must end in \.svg, \.png or \.pdf"):
        check_plot(tmp_path / "plane.gif")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match=r"pip install 'affectbench\[figures\]'"):
        check_plot(tmp_path / "plane.svg")
