"""What tests of several rooms share: no network, a cache of their own."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(autouse=True)
def _own_places(tmp_path_factory, monkeypatch):
    """Tests never use the network and never touch the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "xdg-cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("AFFECTBENCH_OFFLINE", "1")
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)


@pytest.fixture
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY
