"""Let Ctrl-C and a polite kill end a run after its step."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

#: Seconds within which signals count as one.
_ONE_SIGNAL = 1.0


class Stoppable(Protocol):
    """A run that can be asked to stop."""

    stopping: bool

    def stop(self) -> None:
        """Save the state after the current step and return."""


@contextmanager
def stopping_politely(run: Stoppable, say: Callable[[str], None]) -> Iterator[None]:
    """Within the block a first Ctrl-C (or SIGTERM) asks the run to stop, a later second one ends it at once.

    What comes within a second counts as one: torchrun passes on a Ctrl-C that its processes get from the terminal too.

    Args:
        run: what to stop.
        say: gets a line for the user.
    """
    asked = 0.0

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if run.stopping:
            if time.monotonic() - asked < _ONE_SIGNAL:
                return
            raise KeyboardInterrupt
        asked = time.monotonic()
        say("saving the state after this step; again to stop at once")
        run.stop()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
