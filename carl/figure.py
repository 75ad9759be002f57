"""The training curves as a figure: losses, attack, target network, collapse, schedule and development scores."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ExtraMissing, UsageError
from harness.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "png", "pdf")

#: Okabe and Ito's palette, which colour-blind readers can tell apart, with dashes for print without colour.
_STYLES: tuple[tuple[str, Any], ...] = (
    ("#0072B2", "-"),
    ("#D55E00", (0, (5, 1.5))),
    ("#009E73", (0, (1.5, 1.2))),
    ("#CC79A7", (0, (6, 1.5, 1.5, 1.5))),
    ("#E69F00", (0, (3, 1))),
    ("#56B4E9", (0, (8, 2))),
    ("#000000", "-"),
)


@dataclass(frozen=True)
class _Panel:
    title: str
    series: Mapping[str, str]
    """Measurement → its name in the legend."""
    scale: str = "linear"
    least: tuple[float, float] | None = None
    """What the axis shows in any case: without it a constant's rounding errors would fill the panel."""


_PANELS = (
    _Panel("Losses", {"loss": "CARL", "mccl": "MCCL", "ptd": "PTD", "teacher": "teacher"}, "log"),
    _Panel(
        "Detector: area under the ROC curve",
        {
            "auc_attacked": "training, attacked",
            "auc_clean": "training, clean",
            "held_out_auc_attacked": "held out, attacked",
            "held_out_auc_clean": "held out, clean",
        },
        least=(0.4, 1.0),
    ),
    _Panel(
        "Attack",
        {"share_changed": "share of selected values changed", "perturbation": "size, share of the norm"},
        least=(0.0, 1.05),
    ),
    _Panel(
        "Target network", {"momentum": "momentum m(k)", "target_moved": "share moved from its start"}, least=(0.0, 1.05)
    ),
    _Panel("Deviation per dimension (1: even, 0: collapsed)", {"spread": "deviation"}, least=(0.0, 1.0)),
    _Panel("Effective rank of a batch (0: collapsed)", {"effective_rank": "effective rank"}, least=(0.0, 1.0)),
    _Panel("Learning rate of the encoder", {"learning_rate": "learning rate"}),
    _Panel(
        "Development data",
        {
            "dev_valence_r": "valence r",
            "dev_arousal_r": "arousal r",
            "dev_emotion_f1": "emotions, macro F1",
            "dev_sst5_accuracy": "SST5 accuracy",
            "dev_rated_accuracy": "reviews, accuracy",
            "score": "mean, decides",
        },
    ),
)

_COLUMNS = 2


def check_figure(path: Path) -> None:
    """See that a figure can be drawn, before anything is computed for it.

    Raises:
        UsageError: no such format.
        ExtraMissing: matplotlib is not installed.
    """
    if path.suffix.removeprefix(".") not in FORMATS:
        raise UsageError(f"{path}: a figure's name must end in .svg, .png or .pdf")
    if not figures_possible():
        raise ExtraMissing("figures need matplotlib: pip install 'affectbench[figures]'")


def figures_possible() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def draw_curves(path: Path, lines: Sequence[Mapping[str, Any]], *, title: str) -> None:
    """Draw the curves of a run; panels without measurements are left out.

    Args:
        path: .svg, .png or .pdf.
        lines: from `curves.read_curves`.
        title: over the figure.

    Raises:
        UsageError: there is nothing to draw, or no such format.
        ExtraMissing: matplotlib is not installed.
        StorageFault: the file cannot be written.
    """
    check_figure(path)
    panels = [panel for panel in _PANELS if any(_points(lines, name)[0] for name in panel.series)]
    if not panels:
        raise UsageError(f"there are no curves to draw for {title}")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows = -(-len(panels) // _COLUMNS)
    # A fixed salt and no date: the same curves give the same file.
    with rc_context({"svg.hashsalt": "curves", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(5.2 * _COLUMNS, 2.5 * rows + 0.5), layout="constrained")
        figure.suptitle(title)
        for place, panel in enumerate(panels):
            _draw(figure.add_subplot(rows, _COLUMNS, place + 1), panel, lines, _best_step(lines))
        _label_bottom(figure, len(panels))
        kind = path.suffix.removeprefix(".")
        metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
        with atomic_write(path, "a figure") as file:
            figure.savefig(file, format=kind, dpi=110, metadata=metadata)


def _draw(axes: Axes, panel: _Panel, lines: Sequence[Mapping[str, Any]], best: int | None) -> None:
    drawn = []
    for (name, word), (colour, dashes) in zip(panel.series.items(), _STYLES, strict=False):
        steps, values = _points(lines, name)
        if steps:
            decides = name == "score"
            axes.plot(
                steps,
                values,
                color="#000000" if decides else colour,
                linestyle="-" if decides else dashes,
                linewidth=2.0 if decides else 1.2,
                marker="." if len(steps) < 30 else "",
                markersize=4,
                label=word,
            )
            drawn += values
    if panel.scale == "log" and min(drawn) > 0:
        axes.set_yscale("log")
    else:
        axes.ticklabel_format(axis="y", useOffset=False, scilimits=(-3, 5))
    if panel.least is not None:
        axes.set_ylim(min(panel.least[0], *drawn), max(panel.least[1], *(1.05 * value for value in drawn)))
    axes.set_xlim(0, max(line["step"] for line in lines) or 1)
    if best is not None and "score" in panel.series:
        axes.axvline(best, color="#777777", linewidth=0.8, linestyle=":")
        where = (best, 0.02)
        axes.annotate(
            f"step {best} ", where, xycoords=("data", "axes fraction"), fontsize=7, color="#555555", ha="right"
        )
    axes.set_title(panel.title, loc="left", fontsize=9)
    axes.grid(linewidth=0.3, color="#cccccc")
    axes.spines[["top", "right"]].set_visible(False)
    if len(panel.series) > 3:
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + 0.3 * (high - low))
        axes.legend(fontsize=7, frameon=False, ncols=3 if len(panel.series) > 4 else 2, loc="upper center")
    elif len(panel.series) > 1:
        axes.legend(fontsize=7, frameon=False)


def _label_bottom(figure: Figure, panels: int) -> None:
    for axes in figure.axes[max(panels - _COLUMNS, 0) :]:
        axes.set_xlabel("step")


def _points(lines: Sequence[Mapping[str, Any]], name: str) -> tuple[list[int], list[float]]:
    found = [(line["step"], line[name]) for line in lines if line.get(name) is not None]
    return [step for step, _ in found], [value for _, value in found]


def _best_step(lines: Sequence[Mapping[str, Any]]) -> int | None:
    """Step with the best mean on development data, the start left out: what is written as the checkpoint."""
    steps, scores = _points([line for line in lines if line["step"]], "score")
    return steps[scores.index(max(scores))] if scores else None
