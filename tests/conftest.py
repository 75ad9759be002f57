"""What tests of several rooms share: no network, a cache of their own."""

import importlib.util
import os
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).parent.parent

# The made-up corpus with its tasks is found as an installed distribution is, here and in programs that tests start.
SAMPLE = str(Path(__file__).with_name("sample"))
sys.path.insert(0, SAMPLE)
os.environ["PYTHONPATH"] = os.pathsep.join([SAMPLE, *filter(None, [os.environ.get("PYTHONPATH")])])

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Networks of a few thousand weights lose more by handing work to a second thread than it does, by much where the other
# core is busy. Tests of threads set their number.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell starts what it puts into the background deaf to Ctrl-C, and so would be the programs that tests interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """The module `tests/tiny_checkpoints.py`, which imports torch."""
    path = Path(__file__).with_name("tiny_checkpoints.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # its dataclasses look there
    spec.loader.exec_module(module)
    return module
