"""What a user sees of a run: one live display in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from harness.engines.base import Plan
    from harness.record import Record

_WORDS = {
    "weights-missing": "weights not on this machine",
    "extra-missing": "an optional package is missing",
    "data-missing": "corpus not found",
    "failed": "FAILED",
}


def shown_result(record: Record) -> str:
    """A unit's end in a few words: its first number, or its status."""
    if record.status != "ok":
        return _WORDS.get(record.status, record.status)
    name, metric = next(iter(record.metrics.items()))
    interval = "" if metric.low is None or metric.high is None else f" [{metric.low:.3f}, {metric.high:.3f}]"
    return f"{name} {metric.value:.3f}{interval}"


def shown_time(seconds: float) -> str:
    """A time left, no finer than can be known.

    >>> [shown_time(s) for s in (7.4, 90, 4000, 100_000)]
    ['7 s', '2 min', '1 h 07 min', '27 h 47 min']
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


class Pace:
    """How fast a model's texts are encoded, and how long the rest will take.

    The rest is judged by characters: long texts come first, so that texts per second would promise too late an end.

    Args:
        texts: to encode.
        characters: of them.
    """

    def __init__(self, texts: int = 0, characters: int = 0) -> None:
        self.texts, self.waiting = 0, texts
        self._characters, self._of = 0, characters
        self._seconds = 0.0

    def expect(self, texts: int, characters: int) -> None:
        """Have more to encode: another model's texts, at the same time."""
        self.waiting += texts
        self._of += characters

    def count(self, texts: int, seconds: float, characters: int) -> None:
        """Take a shard into account."""
        self.texts += texts
        self._characters += characters
        self._seconds += seconds

    @property
    def rate(self) -> float:
        """Texts a second so far."""
        return self.texts / max(self._seconds, 1e-9)

    @property
    def left(self) -> float:
        """Seconds that the rest will take at the pace so far."""
        return max(self._of - self._characters, 0) * self._seconds / max(self._characters, 1)


class Tally:
    """Counts what both displays say at the end."""

    def __init__(self) -> None:
        self.total = 0
        self.done = 0
        self.skipped = 0
        self.models: set[str] = set()
        self._open: dict[str, int] = {}
        self._pace = Pace()

    def open(self, name: str, units: int, texts: int, characters: int) -> None:
        """Take a model into account, beside those that have units left."""
        if not self._open:
            self._pace = Pace()
        self._pace.expect(texts, characters)
        self._open[name] = units

    @property
    def several(self) -> bool:
        """Whether more than one model is under way."""
        return len(self._open) > 1

    def count(self, record: Record, fresh: bool) -> None:
        """Take one unit into account."""
        self.done += 1
        self.skipped += not fresh
        name = record.model.name
        self.models.add(name)
        if name in self._open:
            self._open[name] -= 1
            if not self._open[name]:
                del self._open[name]


class SilentProgress(Tally):
    """Counts, and prints nothing but notices."""

    def begin(self, plan: Plan) -> None:
        """Take note of how much there is to do."""
        self.total = len(plan)

    def model(self, name: str, units: int, texts: int, characters: int) -> None:
        """Say nothing."""

    def encoded(self, texts: int, seconds: float, characters: int) -> None:
        """Say nothing."""

    def unit(self, record: Record, *, fresh: bool) -> None:
        """Count the unit."""
        self.count(record, fresh)

    def notice(self, message: str) -> None:
        """Print a notice: what went wrong is said even so."""
        click.echo(f"note: {message}", err=True)

    def end(self) -> None:
        """Nothing to close."""


#: Seconds between two lines about encoding in a log.
_QUIET_SECONDS = 10.0


class PlainProgress(SilentProgress):
    """One line a unit, and one every few seconds of encoding; for logs and pipes."""

    _spoken = 0.0

    def begin(self, plan: Plan) -> None:
        """Say how much there is to do."""
        super().begin(plan)
        click.echo(f"{len(plan.units)} models, {self.total} units", err=True)

    def model(self, name: str, units: int, texts: int, characters: int) -> None:
        """Say which model comes next."""
        self.open(name, units, texts, characters)
        self._spoken = time.monotonic()
        click.echo(f"{name}: {units} units, {texts:,} texts to encode", err=True)

    def encoded(self, texts: int, seconds: float, characters: int) -> None:
        """Say how fast encoding goes and how long it will take."""
        pace = self._pace
        pace.count(texts, seconds, characters)
        if time.monotonic() - self._spoken < _QUIET_SECONDS:
            return
        self._spoken = time.monotonic()
        left = shown_time(pace.left)
        click.echo(f"  {pace.texts:,} of {pace.waiting:,} texts, {pace.rate:,.0f} texts/s, {left} left", err=True)

    def unit(self, record: Record, *, fresh: bool) -> None:
        """Say how a unit ended."""
        model = f"{record.model.name}, " if self.several else ""
        self.count(record, fresh)
        known = "" if fresh else " (recorded before)"
        click.echo(f"  {model}{record.task_id} seed {record.seed}: {shown_result(record)}{known}", err=True)


class LiveProgress(Tally):
    """Bars for models × tasks and for texts, with rate and time left."""

    _bars: Progress
    _units: TaskID
    _texts: TaskID

    def begin(self, plan: Plan) -> None:
        """Open the display."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self.total = len(plan)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._units = self._bars.add_task("units", total=self.total, rate="")
        self._texts = self._bars.add_task("texts", total=0, rate="", visible=False)
        self._bars.start()

    def model(self, name: str, units: int, texts: int, characters: int) -> None:
        """Point the text bar at the next model."""
        self.open(name, units, texts, characters)
        if self.several:
            self._bars.update(
                self._texts, total=self._pace.waiting, visible=self._pace.waiting > 0, description="texts"
            )
        else:
            self._bars.reset(self._texts, total=texts, visible=texts > 0, description=f"{name}: texts", rate="")
        self._bars.update(self._units, description=name)

    def encoded(self, texts: int, seconds: float, characters: int) -> None:
        """Move the text bar."""
        self._pace.count(texts, seconds, characters)
        rate = f"{self._pace.rate:,.0f} texts/s, {shown_time(self._pace.left)} left"
        self._bars.update(self._texts, advance=texts, rate=rate)

    def unit(self, record: Record, *, fresh: bool) -> None:
        """Move the unit bar and print the unit's line above it."""
        self.count(record, fresh)
        self._bars.update(self._units, advance=1)
        if fresh or record.status != "ok":
            self._print(f"{record.model.name}  {record.task_id}: {shown_result(record)}")

    def notice(self, message: str) -> None:
        """Print a notice above the bars."""
        self._print(f"note: {message}")

    def _print(self, line: str) -> None:
        from rich.text import Text

        self._bars.console.print(Text(line))

    def end(self) -> None:
        """Close the display."""
        self._bars.stop()
