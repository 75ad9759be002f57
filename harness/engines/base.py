"""What an engine gets and whom it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from harness.record import Record
    from harness.units import Unit, Workbench


@dataclass(frozen=True)
class Plan:
    """What is to be done: the units of each model, in the order of the tables."""

    units: Mapping[str, tuple[Unit, ...]]

    def __len__(self) -> int:
        return sum(len(units) for units in self.units.values())


class Watcher(Protocol):
    """Is told how a run gets on; a progress display, a log, or nothing."""

    def begin(self, plan: Plan) -> None:
        """The run starts."""
        ...

    def model(self, name: str, units: int, texts: int, characters: int) -> None:
        """Work on a model starts: `units` to score, `texts` of so many characters to encode first or in between."""
        ...

    def encoded(self, texts: int, seconds: float, characters: int) -> None:
        """So many more texts were encoded, in so many seconds; long texts come first, so characters tell the rest."""
        ...

    def unit(self, record: Record, *, fresh: bool) -> None:
        """A unit ended; `fresh` is False when its record was there already."""
        ...

    def notice(self, message: str) -> None:
        """Something the user should know."""
        ...

    def end(self) -> None:
        """The run is over, or was interrupted."""
        ...


class Engine(Protocol):
    """Executes plans."""

    def execute(self, plan: Plan, bench: Workbench, watcher: Watcher) -> list[Record]:
        """Do all units, each failure recorded and isolated, and return their records in the plan's order."""
        ...
