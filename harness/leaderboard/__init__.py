"""From result records to tables: the long table for programs, the paper's tables for people.

    tables = build_tables(records, suite="paper")
    print(render(tables, "markdown"))
    print(long_csv(long_rows(records)))

A table is a neutral `Table`; each output format is a function over it, listed in `FORMATS`. Importing this
package imports neither pandas nor tabulate.
"""

from harness.leaderboard.ablation import read_ablations
from harness.leaderboard.frame import COLUMNS, LongRow, long_csv, long_frame, long_rows
from harness.leaderboard.published import CITATION, Published, load_published
from harness.leaderboard.render import FORMATS, render
from harness.leaderboard.table import Block, Cell, Column, Footnote, Row, Table
from harness.leaderboard.tables import TABLE_NAMES, build_tables

__all__ = [
    "CITATION",
    "COLUMNS",
    "FORMATS",
    "TABLE_NAMES",
    "Block",
    "Cell",
    "Column",
    "Footnote",
    "LongRow",
    "Published",
    "Row",
    "Table",
    "build_tables",
    "load_published",
    "long_csv",
    "long_frame",
    "long_rows",
    "read_ablations",
    "render",
]
