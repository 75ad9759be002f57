"""All figures, in the order in which they are shown, and the page of their captions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from harness.errors import UsageError, unknown_name
from harness.figures.comparisons import cost, critical_difference, forest
from harness.figures.drawing import Absent, Drawing, NotDrawn, settle, style
from harness.figures.geometry import geometry
from harness.figures.planes import pca
from harness.figures.predictions import confusion_figure, plane_figure
from harness.figures.source import Source
from harness.leaderboard.render import escape_markdown

#: Key → (title where it cannot be drawn, the function that draws it).
FIGURES: Mapping[str, tuple[str, Callable[[Source], Drawing]]] = {
    "forest": ("Differences to a baseline", forest),
    "geometry": ("Alignment, uniformity and separation", geometry),
    "pca": ("GoEmotions on two principal components", pca),
    "plane-emobank": ("Valence and arousal: EmoBank", partial(plane_figure, corpus="emobank")),
    "plane-facebook": ("Valence and arousal: Facebook", partial(plane_figure, corpus="facebook")),
    "plane-emotales": ("Valence and arousal: EmoTales", partial(plane_figure, corpus="emotales")),
    "confusion-goemotions": ("Confusion: GoEmotions", partial(confusion_figure, family="emotion", corpus="goemotions")),
    "confusion-sst5": ("Confusion: SST5", partial(confusion_figure, family="polarity", corpus="sst5")),
    "cost": ("Cost against quality", cost),
    "critical-difference": ("Mean ranks and the critical difference", critical_difference),
}

FIGURE_NAMES = tuple(FIGURES)


def draw_all(source: Source, which: Iterable[str] | None = None) -> Iterator[Drawing | Absent]:
    """Draw figures, one after another, in their order.

    Args:
        source: what there is to draw.
        which: keys of `FIGURES`; None for all.

    Raises:
        UsageError: a figure that does not exist.
        ExtraMissing: matplotlib is not installed.
    """
    wanted = None if which is None else _known(which)
    for key, (title, draw) in FIGURES.items():
        if wanted is None or key in wanted:
            try:
                with style():
                    drawing = settle(draw(source))
            except NotDrawn as error:
                yield Absent(key=key, title=title, reason=str(error))
            else:
                yield drawing


def _known(which: Iterable[str]) -> set[str]:
    asked = list(which)
    for name in asked:
        if name not in FIGURES:
            raise unknown_name("figure", name, FIGURE_NAMES)
    if not asked:
        raise UsageError(f"name figures: {', '.join(FIGURE_NAMES)}")
    return set(asked)


def captions(figures: Iterable[Drawing | Absent], fmt: str) -> str:
    """The captions of a folder of figures, as Markdown that shows the figures.

    Args:
        figures: what was drawn and what was not.
        fmt: format of the files that it shows.
    """
    lines = ["# Figures", ""]
    for figure in figures:
        lines += [f"## {escape_markdown(figure.title)}", ""]
        if isinstance(figure, Drawing):
            lines += [f"![{escape_markdown(figure.alt)}]({figure.key}.{fmt})", "", escape_markdown(figure.caption), ""]
        else:
            lines += [f"Not drawn: {escape_markdown(figure.reason)}", ""]
    return "\n".join(lines).rstrip() + "\n"
