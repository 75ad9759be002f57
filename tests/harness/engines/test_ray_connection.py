"""What is said where there is no Ray, or no cluster; needs neither."""

from __future__ import annotations

import signal
import sys
from types import ModuleType

import pytest

from harness.engines import RayEngine
from harness.errors import ExtraMissing, UsageError


class _Ray(ModuleType):
    """Ray, as far as connecting goes."""

    def __init__(self, *, reachable: bool) -> None:
        super().__init__("ray")
        self.reachable = reachable
        self.asked: dict[str, object] = {}

    def is_initialized(self) -> bool:
        return False

    def init(self, **options: object) -> None:
        self.asked = options
        if not self.reachable:
            raise ConnectionError("nobody answers\nand so on")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # Ray has handlers of its own
        self.shut = False

    def shutdown(self) -> None:
        self.shut = True

    def cluster_resources(self) -> dict[str, float]:
        raise KeyboardInterrupt


def test_without_ray_the_install_line_is_said(runs, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ExtraMissing, match=r"pip install 'affectbench\[ray\]'"):
        runs.run("ray", "lexicon", engine=RayEngine())


def test_a_cluster_that_is_not_there_is_named(runs, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", _Ray(reachable=False))
    with pytest.raises(UsageError, match=r"no Ray cluster at head:6379: nobody answers$"):
        runs.run("ray", "lexicon", engine=RayEngine("head:6379"))


def test_an_interrupt_leaves_the_cluster_and_the_signals_as_they_were(runs, monkeypatch):
    fake = _Ray(reachable=True)
    monkeypatch.setitem(sys.modules, "ray", fake)
    before = signal.getsignal(signal.SIGTERM)
    records, _ = runs.run("ray", "lexicon", engine=RayEngine(workers=3))
    assert records == ()
    assert fake.shut
    assert signal.getsignal(signal.SIGTERM) == before
    assert fake.asked["num_cpus"] == 3
    assert fake.asked["address"] == "local"


def test_what_a_cluster_has_is_not_stated_for_it(runs, monkeypatch):
    fake = _Ray(reachable=True)
    monkeypatch.setitem(sys.modules, "ray", fake)
    runs.run("ray", "lexicon", engine=RayEngine("auto"))
    assert fake.asked["address"] == "auto"
    assert not {"num_cpus", "object_store_memory"} & fake.asked.keys()
