"""`bench run` beside other runs, in shares, and not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from harness.locks import Lock
from harness.record import ResultStore

_PROBE = """
import sys
sys.argv = ["bench", *{arguments!r}]
from harness.cli import main
try:
    main()
finally:
    print("HEAVY", [name for name in ("torch", "pandas", "sklearn") if name in sys.modules], file=sys.stderr)
"""

SAMPLE = ("run", "--models", "lexicon,tfidf-svd", "--suite", "sample", "--tasks", "geometry,valence-arousal")


def places(directory):
    return ["--results-dir", str(directory / "r"), "--cache-dir", str(directory / "c")]


def bench(*arguments):
    command = [sys.executable, "-m", "harness.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def shares(tmp_path_factory):
    """Where three machines did a third each."""
    directory = tmp_path_factory.mktemp("shares")
    for number in (1, 2, 3):
        done = bench(*SAMPLE, *places(directory), "--shard", f"{number}/3")
        assert done.returncode == 0, done.stderr
    return directory


def test_shards_together_are_the_whole_plan(shares):
    assert len(list(ResultStore(shares / "r"))) == 4
    done = bench(*SAMPLE, *places(shares))
    assert "4 of 4 units ended (4 were recorded before)" in done.stderr


def test_a_dry_run_says_what_is_left_and_leaves_nothing(tmp_path):
    done = bench("run", "--models", "minilm,bert", "--suite", "paper", "--dry-run", *places(tmp_path))
    assert done.returncode == 0, done.stderr
    for words in (
        "encode mr ",
        "encode imdb, 128 tokens",
        "score polarity/mr/senteval-lr/1 seed 0",
        "22 units to score",
    ):
        assert words in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_knows_what_is_recorded(shares):
    done = bench(*SAMPLE, *places(shares), "--dry-run")
    assert "0 units to score, 4 recorded before" in done.stdout
    assert "encode sample" not in done.stdout
    done = bench(*SAMPLE, *places(shares), "--dry-run", "--fresh")
    assert "4 units to score, 0 recorded before" in done.stdout
    done = bench(*SAMPLE, *places(shares), "--dry-run", "--fresh", "--device", "cuda")
    assert "one GPU" in done.stdout


def test_a_dry_run_imports_nothing_heavy(tmp_path):
    code = _PROBE.format(arguments=["run", "--models", "minilm,lexicon", "--dry-run", *places(tmp_path)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.endswith("HEAVY []\n"), done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waiting_for_another_run_ends_when_it_is_told_to(tmp_path, number):
    unit = ResultStore(tmp_path / "r").path("lexicon", "geometry/sample/ekman6-single/1", 0)
    with Lock(unit.with_suffix(".lock"), "a test"):
        arguments = ["run", "--models", "lexicon", "--suite", "sample", "--tasks", "geometry", *places(tmp_path)]
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.cli", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "waiting for it" in line:
                break
        assert f"process {os.getpid()}" in line
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted after 0 of 1 units" in stderr
    assert not unit.exists()
