"""Whole suites, in processes of their own: from nothing to a table, a second time, and written plainly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.perf.encoding import MODEL
from harness.perf.plain_suite import TASKS
from harness.perf.rows import Row, measured
from harness.perf.settings import Settings
from harness.perf.timing import Samples, Spread, interleave, ratio, spread
from harness.record import ResultStore
from harness.registry import load_encoder

_WARM_ROUNDS = 5


def suite_rows(wanted: Sequence[str], settings: Settings) -> list[Row]:
    """Measure the rows of the group `suites` that are wanted.

    Raises:
        BenchError: a run failed; its last lines are in the message.
    """
    with tempfile.TemporaryDirectory() as directory:
        return _Runs(Path(directory), settings).rows(wanted)


class _Runs:
    """The runs below one directory that is thrown away."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self.directory = directory
        self.settings = settings
        self.suite = "sample" if settings.quick or settings.data_dir is None else "paper"

    def rows(self, wanted: Sequence[str]) -> list[Row]:
        contestants = {"ours": self._ours("float32")}
        # The peer's loops take long even on the sample.
        beside = not self.settings.quick and find_spec("sentence_transformers") is not None
        peer = beside and bool({"suite", "suite-bf16", "scoring"} & set(wanted))
        if peer and "suite-bf16" in wanted:
            contestants["ours-bf16"] = self._ours("bfloat16")
        if peer:
            contestants["plain"] = self._plain
        samples = interleave(contestants, self.settings.suite_rounds, warm=False)
        warm = interleave({"warm": self._again}, _WARM_ROUNDS, warm=False)["warm"]
        found = {
            "suite": self._against("suite", "ours", samples),
            "suite-bf16": self._against("suite-bf16", "ours-bf16", samples),
            "scoring": self._scoring(peer),
            "warm": self._warm(warm),
        }
        return [row for key, row in found.items() if key in wanted]

    @property
    def name(self) -> str:
        return "paper's suite without IMDB" if self.suite == "paper" else "sample suite"

    def _lacking(self) -> str:
        if self.settings.quick:
            return "takes minutes: not part of --quick"
        return "sentence-transformers is not installed: pip install 'affectbench[sentence-transformers]'"

    def _against(self, key: str, ours: str, samples: dict[str, Samples]) -> Row:
        if "plain" not in samples or ours not in samples:
            return Row(key=key, reason=self._lacking())
        times = {name: sample.times(self.settings.clock) for name, sample in samples.items()}
        return measured(
            key,
            ratio(times["plain"], times[ours]),
            self.settings.suite_rounds,
            detail=f"{self.name}: {spread(times[ours]).value:,.0f} s against {spread(times['plain']).value:,.0f} s",
            facts={"suite": self.suite, "tasks": TASKS[self.suite], "seconds": times},
        )

    def _scoring(self, peer: bool) -> Row:
        if not peer:
            return Row(key="scoring", reason=self._lacking())
        records = list(ResultStore(self.directory / "float32"))
        ours = sum(record.timings["score"] for record in records)
        plain = json.loads((self.directory / "plain.json").read_text())
        numbers = {
            record.task_id: (next(iter(record.metrics.values())).value, plain["numbers"][record.task_id])
            for record in records
        }
        apart = max(abs(a - b) for a, b in numbers.values())
        value = plain["scoring"] / ours
        return measured(
            "scoring",
            Spread(value, value, value),
            1,
            detail=f"{self.name}: {ours:.1f} s against {plain['scoring']:,.0f} s; their first numbers are at most "
            f"{apart:.4f} apart",
            facts={"suite": self.suite, "ours": ours, "plain": plain["scoring"], "numbers": numbers},
        )

    def _warm(self, samples: Samples) -> Row:
        times = samples.times(self.settings.clock)
        return measured(
            "warm",
            spread(times),
            _WARM_ROUNDS,
            detail=f"{self.name}: `bench run`, everything recorded",
            facts={"suite": self.suite, "seconds": times},
        )

    def _ours(self, dtype: str) -> Callable[[], None]:
        def run() -> None:
            with _emptied(self.directory / dtype) as place:
                self._bench(place, dtype)
                table = ["table", "--suite", self.suite, "--results-dir", str(place), "-o", str(place / "table.md")]
                _call([*_BENCH, *table, "--format", "markdown"], self.settings.threads)

        return run

    def _again(self) -> None:
        self._bench(self.directory / "float32", "float32")

    def _bench(self, place: Path, dtype: str) -> None:
        tasks = [part for task in TASKS[self.suite] for part in ("--tasks", task)]
        data = ["--data-dir", str(self.settings.data_dir)] if self.suite == "paper" else []
        options = ["--results-dir", str(place), "--cache-dir", str(place / "cache"), "--dtype", dtype, "--quiet"]
        if self.settings.threads == 1:
            options += ["--processes", "1"]
        command = [*_BENCH, "run", "--models", MODEL, "--device", "cpu", *tasks, *data, *options]
        _call(command, self.settings.threads)

    def _plain(self) -> None:
        encoder: Any = load_encoder(MODEL, device="cpu")
        data = ["--data-dir", str(self.settings.data_dir)] if self.suite == "paper" else []
        command = [sys.executable, "-m", "harness.perf.plain_suite", "--suite", self.suite, *data]
        output = ["--cache-dir", str(self.settings.cache_dir), "--output", str(self.directory / "plain.json")]
        _call([*command, "--model", str(encoder.directory()), *output], self.settings.threads)


_BENCH = [sys.executable, "-m", "harness.cli"]


@contextmanager
def _emptied(place: Path) -> Iterator[Path]:
    """A directory with nothing in it, whatever a round before left."""
    import shutil

    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    yield place


def _call(command: Sequence[str], threads: int) -> None:
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    done = subprocess.run(command, env={**os.environ, **limits}, capture_output=True, text=True, check=False)
    if done.returncode:
        last = " | ".join(done.stderr.strip().splitlines()[-3:])
        raise BenchError(f"a run that was to be timed ended with code {done.returncode}: {last}")
