"""The captions of a folder of figures, as Markdown that shows the figures."""

from __future__ import annotations

from collections.abc import Iterable

from harness.figures.drawing import Absent, Drawing
from harness.leaderboard.render import escape_markdown


def captions(figures: Iterable[Drawing | Absent], fmt: str) -> str:
    """Write the page.

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
