"""From result records to tables: the long table for programs, the paper's tables for people.

    tables = build_tables(records, suite="paper")
    print(render(tables, "markdown"))
    print(long_csv(long_frame(records)))

Which tables there are stands in `tables.toml`. A table is a neutral `Table`; each output format is a function over it,
listed in `FORMATS`.
"""

from harness.leaderboard.evaluations import COLUMNS, long_csv, long_frame, with_limited
from harness.leaderboard.render import FORMATS, format_of, render
from harness.leaderboard.table import Cell, Column, Footnote, Row, Table
from harness.leaderboard.tables import TABLE_NAMES, Published, build_tables, load_published

__all__ = [
    "COLUMNS",
    "FORMATS",
    "TABLE_NAMES",
    "Cell",
    "Column",
    "Footnote",
    "Published",
    "Row",
    "Table",
    "build_tables",
    "format_of",
    "load_published",
    "long_csv",
    "long_frame",
    "render",
    "with_limited",
]
