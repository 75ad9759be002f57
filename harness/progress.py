"""What a user sees of a run: bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from harness.printing import echo, visible

if TYPE_CHECKING:
    from harness.record import Record


#: How a new record ended, in words; other statuses name what is missing on this machine.
_KINDS = {"ok": "measured", "skipped": "not applicable", "failed": "failed"}


class Progress:
    """One bar a model in a terminal; elsewhere a line an evaluation, and one every ten seconds of encoding.

    Args:
        quiet: print notices and the summary alone.
    """

    def __init__(self, *, quiet: bool = True) -> None:
        self.quiet = quiet
        self.total = 0
        self.stopped = False
        """Whether a signal asked the run to stop."""
        self.found: list[tuple[Record, bool]] = []
        """What ended: the record, and whether it is new."""
        columns = (TextColumn("{task.description}", markup=False), BarColumn(28), MofNCompleteColumn())
        left = TextColumn("{task.fields[left]}")
        self._bars = Bars(*columns, left, console=Console(stderr=True), transient=True)
        self._bar: dict[str, TaskID] = {}
        self.notices: dict[str, None] = {}
        """What was said once, in order."""
        self._began = self._spoken = 0.0

    @property
    def known(self) -> int:
        """How many evaluations were recorded before."""
        return sum(not fresh for _, fresh in self.found)

    @property
    def counted(self) -> str:
        """How far the run is, in words: `30 evaluations: 10 measured, 5 recorded before, 15 unavailable here`."""
        kinds = Counter(_KINDS.get(one.status, "unavailable here") for one, fresh in self.found if fresh)
        kinds |= Counter({"recorded before": self.known, "not reached": self.total - len(self.found)})
        order = ("measured", "recorded before", "not applicable", "unavailable here", "failed", "not reached")
        counts = ", ".join(f"{kinds[kind]} {kind}" for kind in order if kinds[kind])
        return f"{self.total} evaluation{'s' * (self.total != 1)}: {counts}"

    def begin(self, planned: Mapping[str, int]) -> None:
        """The run starts with so many evaluations of each model."""
        self.total, self._began = sum(planned.values()), time.monotonic()
        self._spoken = self._began
        if not self.quiet and sys.stderr.isatty():
            self._bar = {
                name: self._bars.add_task(visible(name), total=count, left="") for name, count in planned.items()
            }
            self._bar[""] = self._bars.add_task("all evaluations", total=self.total, left="loading")
            self._bars.start()

    def encoding(self, model: str, task: str, done: int, total: int, seconds: float) -> None:
        """Report how many of a task's missing texts are encoded, and in how many seconds."""
        line = f"{model}  {task}: {done:,} of {total:,} texts encoded, {done / max(seconds, 1e-9):,.0f} texts/s"
        if self._bar:
            self._bars.update(self._bar[model], description=visible(line if done < total else model))
        elif not self.quiet and time.monotonic() - self._spoken >= 10:
            self._spoken = time.monotonic()
            self.line(line)

    def ended(self, record: Record, *, fresh: bool) -> None:
        """An evaluation ended; `fresh` is False when its record was there already."""
        self.found.append((record, fresh))
        if self._bar:
            each = (time.monotonic() - self._began) / max(len(self.found) - self.known, 1)  # with the time to load
            left = timedelta(seconds=round(each * (self.total - len(self.found))))
            self._bars.update(self._bar[""], advance=1, left=f"about {left} left")
            self._bars.update(self._bar[record.model.name], advance=1)
        # A notice has said what is missing, once for all evaluations.
        if self.quiet or (self._bar and not fresh) or record.status.endswith("-missing"):
            return
        result = record.status.upper()
        if record.status == "ok":
            name, metric = next(iter(record.metrics.items()))
            interval = "" if metric.low is None or metric.high is None else f" [{metric.low:.3f}, {metric.high:.3f}]"
            result = f"{name} {metric.value:.3f}{interval}"
        seed = f" seed {record.seed}" if record.seed else ""
        self.line(f"{record.model.name}  {record.task_id}{seed}: {result}{'' if fresh else ' (recorded before)'}")

    def notice(self, message: str) -> None:
        """Print something that the user should know, once."""
        if message not in self.notices:
            self.notices[message] = None
            self.line(f"note: {message}")

    def line(self, text: str) -> None:
        """Print a line, with control characters escaped; a closed standard error is no reason to stop."""
        with suppress(OSError, ValueError):
            if self._bar:
                self._bars.console.print(Text(visible(text)), soft_wrap=True)  # commands stay whole
            else:
                echo(text, err=True)

    def close(self) -> None:
        """Close the display."""
        self._bars.stop()
        self._bar = {}

    def summary(self, results_dir: Path) -> None:
        """The run is complete: say what failed, what is missing, and where the records are."""
        self.line(f"{self.counted}; records in {results_dir}")
        for status, words in (("failed", "failed"), ("-missing", "unavailable here")):
            models = Counter(record.model.name for record, _ in self.found if record.status.endswith(status))
            if models:
                shown = ", ".join(f"{model} ({count} evaluation{'s' * (count > 1)})" for model, count in models.items())
                self.line(f"  {words}: {shown}; the notes above say why")
