"""What `python -m build` makes: a wheel under 60 MB that holds all that the program reads."""

import subprocess
import sys
import zipfile

import pytest


@pytest.mark.slow
def test_the_wheel_is_small_and_whole(repository, tmp_path):
    listed = subprocess.run(["git", "ls-files"], cwd=repository, capture_output=True, text=True, check=True).stdout
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(repository), str(clone)], check=True)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(clone)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < 60e6
    packages = ("affectbench/", "baselines/", "carl/", "harness/")
    left_out = ("carl/checkpoints/carl-roberta/", "carl/checkpoints/roberta-small/", "carl/README.md")
    wanted = {name for name in listed.splitlines() if name.startswith(packages) and not name.startswith(left_out)}
    assert wanted <= set(zipfile.ZipFile(wheel).namelist())
