"""A run takes no more memory than it may, however large the corpus."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def measure():
    """`measure` of the module that also measures a million texts."""
    if not Path("/proc/self/status").is_file():
        pytest.skip("this system does not tell anonymous memory apart")
    spec = importlib.util.spec_from_file_location("million", Path(__file__).with_name("million.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules["million"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["million"])
    return sys.modules["million"].measure


def test_anonymous_memory_is_bounded(measure, thorough, tmp_path):
    """A million texts stay below 2 GB; a few thousand below what the libraries take and a little."""
    texts, most = (1_000_000, 2_000_000_000) if thorough else (6_000, 700_000_000)
    found = measure(tmp_path, texts, *(() if thorough else ("--tasks", "valence-arousal/many-texts/*")))
    assert found.code == 0, found.output
    assert found.records == (4 if thorough else 2)
    assert found.peak < most, f"{found.peak:,} bytes"
