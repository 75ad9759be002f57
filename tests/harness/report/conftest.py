from pathlib import Path

import pytest

from harness.api import Leaderboard
from harness.report import build_report


@pytest.fixture(scope="session")
def page(small_results: Path) -> str:
    """The page of the small set, without corpora."""
    board = Leaderboard.read(small_results, suite="paper")
    return build_report(board.store, board.records, board.declared, suite="paper")
