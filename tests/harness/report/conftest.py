from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.results import read_recorded
from harness.report import build_report


@pytest.fixture(scope="session")
def page(small_results: Path) -> str:
    """The page of the small set, without corpora."""
    recorded = read_recorded(small_results, "paper")
    return build_report(recorded.store, recorded.records, recorded.tasks, suite="paper")
