"""Figures from result records: vector graphics for papers and pages, readable without colour.

    source = Source.of(ResultStore(Path("results")), records, tasks)
    for figure in draw_all(source):
        print(figure.key, figure.caption if isinstance(figure, Drawing) else figure.reason)

Each figure is a function `Source -> Drawing`; `FIGURES` lists them. A figure whose material is not there is an `Absent`
with the reason. Equal material gives equal bytes. Importing this package does not import matplotlib.
"""

from harness.figures.catalogue import FIGURE_NAMES, FIGURES, draw_all
from harness.figures.drawing import FORMATS, Absent, Drawing, NotDrawn, check_matplotlib, to_bytes
from harness.figures.source import Source

__all__ = [
    "FIGURES",
    "FIGURE_NAMES",
    "FORMATS",
    "Absent",
    "Drawing",
    "NotDrawn",
    "Source",
    "check_matplotlib",
    "draw_all",
    "to_bytes",
]
