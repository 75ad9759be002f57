"""The default engine: this machine alone.

As a rule the first process does everything, with the encoding processes that a `Workbench` starts where they pay. On a
machine of several cores, processes of one thread score while it goes on encoding. Under `--unit-timeout` all work is
done by processes that can be stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.engines.base import Plan, Watcher
from harness.engines.crew import Crew, Here
from harness.engines.jobs import Event, Job, Score
from harness.engines.processes import Processes
from harness.engines.recipe import Recipe
from harness.engines.schedule import Schedule
from harness.errors import UsageError
from harness.planning import Estimator
from harness.workers import cores, most_processes

if TYPE_CHECKING:
    from harness.record import Record
    from harness.units import Workbench

#: Cores and estimated seconds of scoring from which on it is left to processes.
_CORES = 4
_SCORING = 60.0

#: Encoders that do not say how large they are count as this many parameters.
_UNKNOWN_SIZE = 20_000_000


class LocalEngine:
    """Does a plan on this machine."""

    def execute(self, plan: Plan, bench: Workbench, watcher: Watcher) -> list[Record]:
        """Do all units of a plan; see `Engine.execute`."""
        crew = self._crew(plan, bench)
        try:
            return Schedule(plan, bench, watcher, crew).run()
        finally:
            crew.close()

    @staticmethod
    def _crew(plan: Plan, bench: Workbench) -> Crew:
        options = bench.options
        size = max((plugin.card.parameters or _UNKNOWN_SIZE for plugin in bench.plugins.values()), default=0)
        if options.unit_timeout is not None:
            return Processes(Recipe.of(bench), options.processes or most_processes(size))
        here = Here(bench)
        if options.processes is not None or cores() < _CORES or _scoring(plan, bench) < _SCORING:
            return here
        try:
            return Helped(here, Processes(Recipe.of(bench), most_processes(size)))
        except UsageError:  # something that no other process can make
            return here


def _scoring(plan: Plan, bench: Workbench) -> float:
    """Estimated seconds of one core to score a plan."""
    estimator = Estimator({name: plugin.card for name, plugin in bench.plugins.items()}, bench.tasks, bench.corpora)
    return sum(estimator.scoring(unit.model, unit.task).seconds for units in plan.units.values() for unit in units)


class Helped:
    """The first process, and others that score while it encodes.

    Args:
        here: looks and encodes.
        helpers: score.
    """

    encoders = 1
    in_order = True
    separate = True

    def __init__(self, here: Here, helpers: Processes) -> None:
        self._here = here
        self._helpers = helpers

    def room(self, job: Job) -> bool:
        """See `Crew.room`."""
        return self._of(job).room(job)

    def holds(self, model: str) -> bool:
        """See `Crew.holds`: the plan's order keeps models together."""
        return False

    def start(self, job: Job) -> None:
        """See `Crew.start`."""
        self._of(job).start(job)

    def wait(self, seconds: float) -> list[tuple[Job, Event]]:
        """See `Crew.wait`."""
        said = self._here.wait(seconds)
        return said + self._helpers.wait(0.0 if said else seconds)

    def stop(self, job: Job) -> None:
        """See `Crew.stop`."""
        self._of(job).stop(job)

    def close(self) -> None:
        """See `Crew.close`."""
        self._helpers.close()
        self._here.close()

    def _of(self, job: Job) -> Here | Processes:
        return self._helpers if isinstance(job, Score) else self._here
