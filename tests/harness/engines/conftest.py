"""Encoders that die or hang, as a user's own file, and a run of the cheapest task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_limits

from harness.cli.progress import SilentProgress
from harness.engines import Engine, LocalEngine
from harness.record import Record, ResultStore
from harness.runner import run
from harness.units import RunOptions

#: Words of a text to numbers; what else `encode` does is the test's.
_ENCODER = """
import os, signal, time
from pathlib import Path
import numpy as np
from harness import EncoderCard

HERE = Path(__file__).parent

class Made:
    card = EncoderCard(name="made", family="floor", training_data=(), parameters={parameters})
    fingerprint = "made-1"

    def encode(self, texts):
        {behaviour}
        return np.array([[len(t), t.count("e"), t.count("a"), 1] for t in texts], dtype=np.float32).reshape(-1, 4)
"""

#: What an encoder may do first.
BEHAVIOURS = {
    "calm": "pass",
    "dies once": "(HERE / 'died').exists() or ((HERE / 'died').touch(), os.kill(os.getpid(), signal.SIGKILL))",
    "dies": "os.kill(os.getpid(), signal.SIGKILL)",
    "hangs": "time.sleep(600)",
    "leaves a trace": "(HERE / f'trace-{os.getpid()}-{time.monotonic_ns()}').write_text('\\n'.join(texts))",
}


@pytest.fixture
def encoder(tmp_path: Path) -> Callable[..., str]:
    """Write an encoder of some behaviour, and give what names it on the command line."""

    def write(behaviour: str, parameters: int | None = None) -> str:
        path = tmp_path / "made.py"
        path.write_text(_ENCODER.format(behaviour=BEHAVIOURS[behaviour], parameters=parameters), "utf-8")
        return f"{path}:Made"

    return write


class Told(SilentProgress):
    """Remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.notices: list[str] = []
        self.shards: list[int] = []

    def notice(self, message: str) -> None:
        self.notices.append(message)

    def encoded(self, texts: int, seconds: float, characters: int) -> None:
        self.shards.append(texts)


@pytest.fixture
def told() -> Told:
    return Told()


class Runs:
    """Runs with directories of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, place: str, *models: str, engine: Engine | None = None, tasks: Any = ("geometry",), **options: Any):
        """The records of a run, and what it told.

        One thread, as workers have: with more, sums are taken in another order and end in other last digits.
        """
        told = Told()
        with threadpool_limits(1):
            report = run(
                list(models),
                RunOptions(results_dir=self.directory / place / "r", cache_dir=self.directory / place / "c", **options),
                engine=engine or LocalEngine(),
                watcher=told,
                suite="sample",
                tasks=list(tasks),
            )
        return report.records, told

    def store(self, place: str) -> ResultStore:
        """The records on the disk."""
        return ResultStore(self.directory / place / "r")

    def left(self, place: str) -> list[str]:
        """Files that nobody should leave behind."""
        return [path.name for path in (self.directory / place).rglob("*") if ".lock" in path.name]


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def plain(record: Record) -> Record:
    """A record without what two runs of the same may differ in."""
    kept = {key: value for key, value in record.environment.items() if key != "processes"}
    return replace(record, timings={}, created="", environment=kept)


@pytest.fixture
def same(runs: Runs) -> Callable[[str, str], None]:
    """Assert that two places hold the same records, predictions included, but for times."""

    def check(one: str, other: str) -> None:
        import numpy as np

        first, second = runs.store(one), runs.store(other)
        assert [plain(record) for record in first] == [plain(record) for record in second]
        for record in first:
            mine, theirs = first.predictions(record) or {}, second.predictions(record) or {}
            assert mine.keys() == theirs.keys()
            for name, values in mine.items():
                assert np.array_equal(values, theirs[name])

    return check
