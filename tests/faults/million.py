"""Measure the peak of anonymous memory of `bench run` over a million made-up texts.

python tests/faults/million.py [TEXTS] [further arguments of bench run]

`--tasks` chooses among those of `many_texts`: without it least squares and logistic regression; `ridge/many-texts` and
`shape/many-texts` take about as long; `geometry`, `clustering`, `retrieval` and `nearest-neighbours` are over four
fifths of the texts, and all but clustering take a time that grows with their square.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import many_texts

#: What is run where no tasks are named.
FITTED = "valence-arousal/many-texts,polarity/many-texts,emotion/many-texts"


@dataclass(frozen=True)
class Measured:
    """How a run went."""

    code: int
    peak: int
    """Largest anonymous memory of the process, in bytes; memory maps of files are not in it."""
    seconds: float
    processor: float
    """Seconds of processor time."""
    output: str
    records: int


def anonymous(process: int) -> int:
    """Anonymous memory of a process and of all that it started, in bytes."""
    total = 0
    try:
        for line in Path(f"/proc/{process}/status").read_text("ascii").splitlines():
            if line.startswith("RssAnon:"):
                total += int(line.split()[1]) * 1024
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            total += sum(anonymous(int(child)) for child in children.read_text("ascii").split())
    except OSError:  # it has ended meanwhile
        pass
    return total


def measure(folder: Path, texts: int, *arguments: str) -> Measured:
    """Run `bench run` over made-up texts in a folder of its own.

    Args:
        folder: for plugin, cache and results.
        texts: how many.
        arguments: of `bench run`, beside models and directories.
    """
    site = folder / "site"
    site.mkdir()
    many_texts.install(site)
    command = [sys.executable, "-m", "harness.cli", "run", "--models", "lexicon"]
    places = ["--results-dir", str(folder / "results"), "--cache-dir", str(folder / "cache")]
    environment = {**os.environ, "PYTHONPATH": str(site), "MANY_TEXTS": str(texts)}
    peak, started, before = 0, time.perf_counter(), os.times()
    with (folder / "output").open("w+") as output:
        process = subprocess.Popen(
            [*command, *places, *(() if "--tasks" in arguments else ("--tasks", FITTED)), *arguments],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        while process.poll() is None:
            peak = max(peak, anonymous(process.pid))
            time.sleep(0.02)
    text = (folder / "output").read_text()
    found = len(list((folder / "results" / "records" / "lexicon").glob("*.json")))
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return Measured(process.returncode, peak, time.perf_counter() - started, processor, text, found)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as directory:
        result = measure(Path(directory), wanted, *sys.argv[2:])
        print(result.output)
        print(f"{wanted:,} texts: exit code {result.code}, {result.records} records")
        print(f"{result.seconds:.0f} s, of which {result.processor:.0f} s on a processor")
        print(f"peak of anonymous memory: {result.peak / 1e9:.2f} GB")
