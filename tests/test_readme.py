"""The README's example runs."""

import re
import subprocess
import sys

import pytest


@pytest.fixture
def readme(repository):
    return (repository / "README.md").read_text("utf-8")


def test_the_plugin_example_runs_as_printed(readme, tmp_path):
    (code,) = re.findall(r"```python\n# vowels\.py\n(.*?)```", readme, flags=re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    (tmp_path / "vowels.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "check", "vowels.py:Vowels"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
