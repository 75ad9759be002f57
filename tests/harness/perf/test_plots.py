"""Growth is fitted and drawn; the same numbers give the same bytes."""

import numpy as np
import pytest

from harness.errors import ExtraMissing
from harness.perf import plots
from harness.perf.plots import draw_scaling
from harness.perf.scaling import Series

SERIES = [Series("texts", "toy", (10, 100, 1000), (0.1, 1.2, 11.0)), Series("length", "toy", (8, 64), (1.0, 9.0))]


def test_the_exponent_is_a_least_squares_line_of_the_logarithms():
    logs = np.log(SERIES[0].sizes), np.log(SERIES[0].seconds)
    slope = np.linalg.lstsq(np.stack([logs[0], np.ones(3)], axis=1), logs[1], rcond=None)[0][0]
    assert SERIES[0].exponent == pytest.approx(slope)


def test_the_drawing_is_an_svg_of_the_same_bytes_each_time(tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("a.svg", "b.svg"):
        draw_scaling(tmp_path / name, SERIES)
    content = (tmp_path / "a.svg").read_bytes()
    assert content.startswith(b"<?xml") and b"</svg>" in content
    assert content == (tmp_path / "b.svg").read_bytes()


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match=r"affectbench\[figures\]"):
        draw_scaling(tmp_path / "a.svg", SERIES)
