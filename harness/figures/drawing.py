"""What a figure is, how figures look, and how they become bytes."""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from harness.printing import one_line

#: File formats, by the ending of a name.
FORMATS = ("svg", "pdf", "png")

#: Okabe and Ito's blue and vermilion, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00")

GREY = "#8c8c8c"
#: For numbers of models that may have seen the texts.
PALE = "#c4c4c4"
BLACK = "#222222"

#: Colours for quantities: from blue to yellow, evenly lighter, the same order in grey.
SEQUENTIAL = "cividis"

#: Width of a figure over the whole page, in inches; text is set for this size.
WIDTH = 7.2

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "grid.linewidth": 0.3,
    "grid.color": "#dddddd",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "affectbench",
    "pdf.fonttype": 42,
    # A dollar sign in a model's name is no formula.
    "text.parse_math": False,
    # Letters as wide in every format: what was laid out fits.
    "text.hinting": "no_hinting",
    "text.hinting_factor": 1,
}

#: Dots per inch of what is no vector graphic.
DOTS = 160

#: Characters of a name that fit beside an axis or over a panel.
_LONGEST = 30


class NotDrawn(Exception):
    """A figure's material is not there; the message says what is missing and how to get it."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure with its words."""

    key: str
    """Short name, unique: `geometry`, `plane-emobank`. Names the file."""
    title: str
    caption: str
    """What is shown, and what a reader must know to read it."""
    alt: str
    """The text alternative, for readers who cannot see the figure."""
    figure: Figure


@dataclass(frozen=True, kw_only=True)
class Absent:
    """A figure that could not be drawn."""

    key: str
    title: str
    reason: str


@contextmanager
def style() -> Iterator[None]:
    """The look of all figures; names with characters that the font lacks show boxes, without a warning."""
    with rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def settle(drawing: Drawing) -> Drawing:
    """Fix where everything stands, so that all files of a figure are the same, whenever it is drawn."""
    if (engine := drawing.figure.get_layout_engine()) is not None:
        for _ in range(2):  # panels of a fixed shape find their places in two passes
            engine.execute(drawing.figure)
        drawing.figure.set_layout_engine("none")
    for axes in drawing.figure.axes:  # the last digits of the solver's numbers are chance
        axes.set_position([round(end, 6) for end in axes.get_position().bounds])  # type: ignore[arg-type]
    return drawing


def to_bytes(drawing: Drawing, fmt: str, *, dots: int = DOTS) -> bytes:
    """Write a figure; without dates and random names, so that equal figures give equal bytes.

    Args:
        drawing: the figure.
        fmt: one of `FORMATS`.
        dots: per inch, of what is no vector graphic.
    """
    metadata = {
        "svg": {"Date": None, "Creator": None, "Title": drawing.title},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Title": drawing.title},
        "png": {"Software": None},
    }[fmt]
    buffer = io.BytesIO()
    with style():
        drawing.figure.savefig(buffer, format=fmt, dpi=dots, metadata=metadata)
    return buffer.getvalue()


def short(title: str) -> str:
    """A name that fits beside an axis."""
    title = one_line(title)
    return title if len(title) <= _LONGEST else title[: _LONGEST - 1] + "…"


def two_lines(title: str) -> str:
    """A name that fits over a panel or beside a point; what it says of the vector stands below."""
    return "\n".join(map(short, title.replace(", ", ",\n", 1).split("\n")))


def panels(count: int, columns: int, *, height: float, extra: float = 0.0) -> tuple[Figure, list[Axes]]:
    """A figure of equal panels in rows.

    Args:
        count: panels.
        columns: the most in a row.
        height: of a row, in inches.
        extra: more height, for a legend.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.05)
    figure = Figure(figsize=(WIDTH, rows * height + extra), layout=layout)
    return figure, [figure.add_subplot(rows, columns, place + 1) for place in range(count)]


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""
