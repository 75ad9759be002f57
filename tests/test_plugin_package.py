"""A distribution of its own adds an encoder: installed for real, found, measured, and its broken part tolerated."""

import os
import shutil
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The example distribution, built and installed into a folder of its own."""
    from pathlib import Path

    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(Path(__file__).parent / "plugin_package", source)
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*pip, "--target", str(target), str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def bench(site, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ["PYTHONPATH"]])}
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", *arguments], capture_output=True, text=True, env=environment, check=False
    )


def test_it_is_listed_and_its_broken_part_is_one_warning(installed):
    done = bench(installed, "models")
    assert done.returncode == 0, done.stderr
    assert "vowels" in done.stdout
    (warning,) = [line for line in done.stderr.splitlines() if "warning" in line]
    assert "affectbench-plugin-example 1.2.3" in warning
    assert "the accelerator library is too old" in warning


def test_it_conforms_and_is_measured(installed, tmp_path):
    assert bench(installed, "check", "vowels").returncode == 0
    places = ["--results-dir", str(tmp_path / "results"), "--cache-dir", str(tmp_path / "cache")]
    done = bench(installed, "run", "-m", "vowels", "--suite", "sample", "-t", "geometry", *places)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "results" / "records" / "vowels").glob("*.json"))) == 1


def test_naming_the_broken_one_says_why(installed):
    done = bench(installed, "check", "broken")
    assert done.returncode == 2
    assert "the accelerator library is too old" in done.stderr
