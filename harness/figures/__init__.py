"""Figures from result records: vector graphics for papers and pages, readable without colour.

    source = Source(ResultStore(Path("results")), records, tasks)
    for figure in draw_all(source):
        print(figure.key, figure.caption if isinstance(figure, Drawing) else figure.reason)

Each figure is a function `Source -> Drawing`; `FIGURES` lists them. A figure whose material is not there is an `Absent`
with the reason. Equal material gives equal bytes.

Raises:
    ExtraMissing: on import, where matplotlib or one of its companions is not installed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec

from harness.errors import ExtraMissing, unknown_name

if any(find_spec(name) is None for name in ("matplotlib", "adjustText")):
    raise ExtraMissing("figures need matplotlib and adjustText: pip install 'affectbench[figures]'")

from harness.figures.comparisons import forest, trade_off
from harness.figures.drawing import FORMATS, Absent, Drawing, NotDrawn, settle, style, to_bytes
from harness.figures.geometry import geometry
from harness.figures.predictions import confusion_figure, plane_figure
from harness.figures.source import Source
from harness.leaderboard.render import escape_markdown

#: Key → (title where it cannot be drawn, the function that draws it).
FIGURES: Mapping[str, tuple[str, Callable[[Source], Drawing]]] = {
    "forest": ("Differences to a baseline", forest),
    "geometry": ("Alignment, uniformity and separation", geometry),
    "plane-emobank": ("Valence and arousal: EmoBank", partial(plane_figure, corpus="emobank")),
    "plane-facebook": ("Valence and arousal: Facebook", partial(plane_figure, corpus="facebook")),
    "plane-emotales": ("Valence and arousal: EmoTales", partial(plane_figure, corpus="emotales")),
    "confusion-goemotions": ("Confusion: GoEmotions", partial(confusion_figure, family="emotion", corpus="goemotions")),
    "confusion-sst5": ("Confusion: SST5", partial(confusion_figure, family="polarity", corpus="sst5")),
    "trade-off": ("Quality against bytes, weights and speed", trade_off),
}


def draw_all(source: Source, which: Iterable[str] = ()) -> Iterator[Drawing | Absent]:
    """Draw figures, one after another, in their order.

    Args:
        source: what there is to draw.
        which: keys of `FIGURES`; none for all.

    Raises:
        UsageError: a figure that does not exist.
    """
    wanted = set(which)
    for name in wanted - FIGURES.keys():
        raise unknown_name("figure", name, list(FIGURES))
    for key, (title, draw) in FIGURES.items():
        if not wanted or key in wanted:
            try:
                with style():
                    drawing = settle(draw(source))
            except NotDrawn as error:
                yield Absent(key=key, title=title, reason=str(error))
            else:
                yield drawing


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


__all__ = ["FIGURES", "FORMATS", "Absent", "Drawing", "NotDrawn", "Source", "captions", "draw_all", "to_bytes"]
