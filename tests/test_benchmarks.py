"""The benchmarks run."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_speed_writes_its_table_between_the_marks(repository, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- speed -->\nold\n<!-- end -->\nafter\n", "utf-8")
    command = ["-m", "benchmarks.speed", "--rows", "start-up", "--rounds", "1", "--output", str(page)]
    subprocess.run([sys.executable, *command], cwd=repository, check=True, capture_output=True)
    text = page.read_text("utf-8")
    assert "bench --help" in text
    assert "old" not in text
    assert text.endswith("<!-- end -->\nafter\n")


def test_size_prints_every_budget(repository):
    done = subprocess.run([sys.executable, "benchmarks/size.py"], cwd=repository, capture_output=True, text=True)
    assert done.stdout.count("\n") == 9
