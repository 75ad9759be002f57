"""What a user sees of a run: bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from harness.printing import echo, visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from harness.record import Record

_WORDS = {
    "weights-missing": "weights not on this machine",
    "extra-missing": "an optional package is missing",
    "data-missing": "corpus not found",
    "failed": "FAILED",
}

#: Seconds between two lines about encoding in a log.
_SECONDS = 10.0


def shown_result(record: Record) -> str:
    """How an evaluation ended, in a few words: its main number, or its status."""
    if record.status != "ok":
        return _WORDS.get(record.status, record.status)
    name, metric = next(iter(record.metrics.items()))
    interval = "" if metric.low is None or metric.high is None else f" [{metric.low:.3f}, {metric.high:.3f}]"
    return f"{name} {metric.value:.3f}{interval}"


class Progress:
    """Counts evaluations and prints notices only; the base of what shows more."""

    def __init__(self) -> None:
        self.total = self.done = self.known = 0
        """Evaluations planned, ended, and found already recorded."""

    def begin(self, total: int) -> None:
        """The run starts with so many evaluations."""
        self.total = total

    def model(self, name: str, evaluations: int) -> None:
        """Work on a model starts."""

    def encoding(self, task: str, done: int, total: int, seconds: float) -> None:
        """So many of a task's missing texts were encoded in so many seconds."""

    def ended(self, record: Record, *, fresh: bool) -> None:
        """An evaluation ended; `fresh` is False when its record was there already."""
        self.done += 1
        self.known += not fresh

    def notice(self, message: str) -> None:
        """Print something that the user should know."""
        self.line(f"note: {message}")

    def line(self, text: str) -> None:
        """Print a line, with control characters escaped; a closed standard error is no reason to stop."""
        with suppress(OSError, ValueError):
            echo(text, err=True)

    def end(self) -> None:
        """The run is over, or was interrupted."""


class PlainProgress(Progress):
    """One line an evaluation, and one every ten seconds of encoding; for logs and pipes."""

    _spoken = 0.0

    def model(self, name: str, evaluations: int) -> None:
        """Say which model comes next."""
        self._spoken = time.monotonic()
        self.line(f"{name}: {evaluations} evaluation{'s' * (evaluations != 1)}")

    def encoding(self, task: str, done: int, total: int, seconds: float) -> None:
        """Say how fast encoding goes."""
        if time.monotonic() - self._spoken >= _SECONDS:
            self._spoken = time.monotonic()
            self.line(f"  {task}: {done:,} of {total:,} texts encoded, {done / max(seconds, 1e-9):,.0f} texts/s")

    def ended(self, record: Record, *, fresh: bool) -> None:
        """Say how an evaluation ended."""
        super().ended(record, fresh=fresh)
        known = "" if fresh else " (recorded before)"
        self.line(f"  {record.task_id} seed {record.seed}: {shown_result(record)}{known}")


class LiveProgress(Progress):
    """Bars for evaluations and for the texts of the current one."""

    _bars: Bars

    def begin(self, total: int) -> None:
        """Open the display."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        super().begin(total)
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=28), MofNCompleteColumn())
        self._bars = Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
        self._evaluations = self._bars.add_task("evaluations", total=total)
        self._texts = self._bars.add_task("texts", total=0, visible=False)
        self._bars.start()

    def model(self, name: str, evaluations: int) -> None:
        """Name the model beside the bar."""
        self._bars.update(self._evaluations, description=name)

    def encoding(self, task: str, done: int, total: int, seconds: float) -> None:
        """Move the text bar."""
        self._bars.update(self._texts, description=f"{task}: texts", completed=done, total=total, visible=done < total)

    def ended(self, record: Record, *, fresh: bool) -> None:
        """Move the bar and print the evaluation's line above it."""
        super().ended(record, fresh=fresh)
        self._bars.update(self._evaluations, advance=1)
        if fresh or record.status != "ok":
            self.line(f"{record.model.name}  {record.task_id}: {shown_result(record)}")

    def line(self, text: str) -> None:
        """Print a line above the bars."""
        from rich.text import Text

        self._bars.console.print(Text(visible(text)))

    def end(self) -> None:
        """Close the display."""
        self._bars.stop()


def progress_for(*, quiet: bool = False) -> Progress:
    """The display that fits standard error."""
    return Progress() if quiet else LiveProgress() if sys.stderr.isatty() else PlainProgress()
