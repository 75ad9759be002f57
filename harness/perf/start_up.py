"""How long the command line takes to answer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from harness.perf.rows import Row, measured
from harness.perf.settings import Settings
from harness.perf.timing import Spread, interleave, spread

_ROUNDS = 11


def start_up_rows(settings: Settings) -> list[Row]:
    """Measure the row `help`: a fresh process each time."""
    rounds = 3 if settings.quick else _ROUNDS
    samples = interleave(
        {"help": _run("-m", "harness.cli", "--help"), "python": _run("-c", "pass")},
        rounds,
    )
    ours, bare = (spread([1000 * s for s in samples[name].times(settings.clock)]) for name in ("help", "python"))
    return [
        measured(
            "help",
            Spread(ours.value, ours.low, ours.high),
            rounds,
            detail=f"of which {bare.value:.0f} ms are Python's own",
            facts={"seconds": {name: sample.times(settings.clock) for name, sample in samples.items()}},
        )
    ]


def _run(*arguments: str) -> Callable[[], None]:
    def run() -> None:
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)

    return run
