"""Growth of time as four small log-log plots."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from harness.errors import ExtraMissing
from harness.files import atomic_write
from harness.perf.scaling import Series

_AXES = {"texts": "texts", "length": "tokens in a text", "folds": "folds", "dimensions": "dimensions"}
_INK, _LINE = "#1b6ca8", "#9aa5b1"


def draw_scaling(path: Path, series: Sequence[Series]) -> None:
    """Write an SVG: measured points, and the line of the fitted power.

    Args:
        path: the file.
        series: what was measured; up to four.

    Raises:
        ExtraMissing: matplotlib is not installed.
        StorageFault: the file cannot be written.
    """
    if find_spec("matplotlib") is None:
        raise ExtraMissing("scaling plots need matplotlib: pip install 'affectbench[figures]'")
    import matplotlib as mpl
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "affectbench", "font.family": "DejaVu Sans", "font.size": 9}):
        figure = Figure(figsize=(8, 6), layout="constrained")
        FigureCanvasAgg(figure)
        for place, one in enumerate(series):
            axes = figure.add_subplot(2, 2, place + 1)
            sizes = np.array(one.sizes, dtype=float)
            # The least-squares line of the logarithms goes through their mean.
            height = np.exp(np.log(one.seconds).mean() - one.exponent * np.log(sizes).mean())
            axes.plot(sizes, height * sizes**one.exponent, color=_LINE, lw=1.2, label=f"~ n^{one.exponent:.2f}")
            axes.plot(sizes, one.seconds, "o", color=_INK, ms=5)
            axes.set(xscale="log", yscale="log", xlabel=_AXES.get(one.name, one.name), ylabel="seconds")
            axes.set_title(one.of, fontsize=8)
            axes.set_xticks(sizes, [f"{size:,}" for size in one.sizes], fontsize=7)
            axes.minorticks_off()
            axes.grid(color="#e6e9ec", lw=0.6)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, loc="upper left")
        with atomic_write(path, "the scaling plots") as file:
            figure.savefig(file, format="svg", metadata={"Date": None})
