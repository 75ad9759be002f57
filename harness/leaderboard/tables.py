"""The tables that `bench table` shows, built from result records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.errors import UsageError
from harness.leaderboard.assemble import Plan, assemble
from harness.leaderboard.combine import combine
from harness.leaderboard.conversation import conversation_tables
from harness.leaderboard.frame import ordered_units
from harness.leaderboard.grid import Grid, Measured
from harness.leaderboard.names import unknown_name
from harness.leaderboard.overview import overview
from harness.leaderboard.paper import table_five, table_four, table_one, table_three, table_two
from harness.leaderboard.recipes import of_recipes
from harness.leaderboard.table import Table
from harness.record import Record

_PLANS = {
    **{"I": table_one, "II": table_two, "III": table_three, "IV": table_four, "V": table_five},
    "conversation": conversation_tables,
}

#: What can be asked for by name, in the order in which it is shown.
TABLE_NAMES = ("overview", *_PLANS)

_DIGITS = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V"}


def build_tables(
    records: Iterable[Record],
    *,
    suite: str = "paper",
    which: Sequence[str] | None = None,
    published: bool = True,
    intervals: bool = False,
    brackets: bool = False,
    tasks: Mapping[str, Sequence[str]] | None = None,
    models: Sequence[str] | None = None,
    ablations: Iterable[Record] = (),
) -> list[Table]:
    """Build tables from result records. Equal records give equal tables, in whatever order they come.

    Args:
        records: results and failures, any number of seeds.
        suite: the suite's name, for the overview's title and caption.
        which: names of `TABLE_NAMES`, in any case, `1` to `5` too; None for the overview and those of the other
            tables that any record belongs to. A table that is asked for by name is there with the published
            numbers alone when no record belongs to it.
        published: whether the paper's numbers stand beside ours.
        intervals: whether cells show their 95 % interval.
        brackets: by its ends in place of half its width.
        tasks: task id → its metrics, the main one first: the tasks of the suite in their order. Records of other
            tasks are left out. None takes all records.
        models: order of the models within a family, by name.
        ablations: more results that Table V alone shows (`read_ablations`).

    Raises:
        UsageError: a table that does not exist.
        RecordInvalid: seeds of one unit do not fit together.
    """
    names = _names(which)
    kept = [record for record in records if tasks is None or record.task_id in tasks]
    units = ordered_units(kept, tasks, models)
    grid = Grid(units, models or ())
    arms = Grid((*units, *combine(ablations)), models or ())
    tables = []
    for name in TABLE_NAMES if names is None else names:
        source = arms if name == "V" else grid
        plans = overview(units, suite, tasks) if name == "overview" else _PLANS[name](source)
        if name == "overview" and suite == "recipes":
            plans = [of_recipes(plan, units) for plan in plans]
        for plan in plans:
            empty = not any(isinstance(w, Measured) and _shown(plan, source, w) for w in plan.columns)
            if empty and (names is None or not published or plan.printed_table is None):
                continue
            table = assemble(plan, source, with_published=published, intervals=intervals or brackets)
            tables.append(replace(table, brackets=brackets))
    return tables


def _shown(plan: Plan, grid: Grid, wanted: Measured) -> bool:
    """Whether a column has a result of a model that the table shows."""
    return any(plan.only is None or plan.only(unit.model.name) for unit in grid.units(wanted))


def _names(which: Sequence[str] | None) -> list[str] | None:
    if which is None:
        return None
    legal = {name.casefold(): name for name in TABLE_NAMES} | _DIGITS
    chosen: dict[str, None] = {}
    for asked in which:
        name = legal.get(asked.strip().casefold().removeprefix("table ").strip())
        if name is None:
            raise UsageError(unknown_name("table", asked, TABLE_NAMES))
        chosen[name] = None
    return [name for name in TABLE_NAMES if name in chosen]
