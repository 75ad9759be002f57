"""Freed memory serves the next array: counted in page faults, in processes of their own."""

import os
import platform
import subprocess
import sys

import pytest

from harness import allocator

MEASURE = """
import resource, sys
import numpy as np
from harness.allocator import keep_freed
kept = sys.argv[1] == "kept" and keep_freed(64 * 2**20, 256 * 2**20)
for _ in range(3): np.ones(5_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20): np.ones(5_000_000)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def run(kind, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in allocator._VARIABLES}
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, kind],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    kept, faults = done.stdout.split()
    return kept == "True", int(faults)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")
def test_arrays_of_forty_megabytes_are_not_mapped_again():
    kept, mapped_anew = run("as it is")
    assert not kept
    kept, reused = run("kept")
    assert kept
    # An array of 40 MB is 20 huge pages, or 10,000 small ones.
    assert reused < 20 < 20 * 20 <= mapped_anew


def test_what_the_environment_says_stands():
    assert run("kept", MALLOC_TRIM_THRESHOLD_="131072")[0] is False


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: object())
    assert allocator.keep_freed(2**26, 2**28) is False
