"""The real corpora, where they are."""

import os
from pathlib import Path

import pytest

from harness.corpora import CorpusRegistry


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> CorpusRegistry:
    """A registry over the real files; skips where they are not."""
    root = Path(os.environ.get("AFFECTBENCH_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not (root / "emobank" / "emobank.csv").is_file():
        pytest.skip(f"the published data sets are not at {root}; set AFFECTBENCH_DATA to their folder")
    return CorpusRegistry(root, tmp_path_factory.mktemp("cache"), offline=True)
