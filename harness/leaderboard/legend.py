"""What every written form of a table says under it, and how a caller wants text to look."""

from __future__ import annotations

from dataclasses import dataclass

from harness.leaderboard.table import Footnote, Table

#: Among what best and second best are named.
RANKING = "among our clean numbers of a column; the published ones among themselves."

_INTERVALS = "± half the width of the 95 % interval."
_BRACKETS = "[low, high]: 95 % interval."
_PLACES = (
    "(a–b): places that the model can hold among the clean ones of the column. Models that cannot be told apart share "
    "places; all pairs are tested, 5 % after Holm's correction."
)


@dataclass(frozen=True, kw_only=True)
class Look:
    """How text for a terminal looks."""

    colour: bool = False
    """Bold and underlined numbers in place of signs around them."""
    width: int = 140
    """Columns of the screen; wider tables are split between groups of columns."""


def foot(table: Table, marks: str = "") -> list[Footnote]:
    """What stands under a table: its legend, then its own remarks.

    Args:
        table: the table.
        marks: how best and second best are shown, `=x= best, _x_ second best`; empty leaves that line out.
    """
    notes = [Footnote(text=f"{marks}, {RANKING}")] if marks and table.ranked else []
    if table.intervals:
        notes.append(Footnote(text=_BRACKETS if table.brackets else _INTERVALS))
    if table.placed:
        notes.append(Footnote(text=_PLACES))
    return [*notes, *table.footnotes]
