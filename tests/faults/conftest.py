"""How much the fault tests try: a bounded part in `make test`, all of it in `make faults`.

One setting decides, the environment variable AFFECTBENCH_FAULTS: `long`, or anything else for the bounded part.
Property tests take it as `settings.get_profile("faults")`, others as the fixtures `thorough` and `cases`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

THOROUGH = os.environ.get("AFFECTBENCH_FAULTS") == "long"

# Cases of which each is a whole run have a profile of their own.
for name, bounded in (("faults", 200), ("costly faults", 40)):
    settings.register_profile(
        name,
        max_examples=10_000 if THOROUGH else bounded,
        # The bounded part tries the same cases every time, so that it fails when the program changes and not by chance.
        derandomize=not THOROUGH,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )


@pytest.fixture(scope="session")
def thorough() -> bool:
    """Whether this is `make faults`."""
    return THOROUGH


@pytest.fixture
def cases() -> int:
    """How many cases a fuzzed parser is given."""
    return 10_000 if THOROUGH else 300


@pytest.fixture(scope="session")
def _memory() -> Iterator[Path]:
    """A folder in memory, where the system has such folders; else one on the disk."""
    shared = "/dev/shm"
    in_memory = os.path.ismount(shared) and os.access(shared, os.W_OK)
    with tempfile.TemporaryDirectory(prefix="affectbench-faults-", dir=shared if in_memory else None) as folder:
        yield Path(folder)


@pytest.fixture
def quick_path(_memory: Path) -> Iterator[Path]:
    """An empty folder for tests that write ten thousand times and do not ask what reaches a disk."""
    yield (folder := Path(tempfile.mkdtemp(dir=_memory)))
    shutil.rmtree(folder)


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def runs() -> ModuleType:
    """The module `runs.py`."""
    return _load("runs")


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing disturbed: its directories, what it recorded, and how it ended."""

    place: Any
    records: Any
    ended: Any


@pytest.fixture(scope="session")
def _environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    plugins = tmp_path_factory.mktemp("plugins")
    _load("quick_tasks").install(plugins)
    return {
        **os.environ,
        "PYTHONPATH": str(plugins),
        "XDG_CACHE_HOME": str(tmp_path_factory.getbasetemp() / "xdg-cache"),
        "AFFECTBENCH_OFFLINE": "1",
        # Threads do not survive a fork.
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture(scope="session")
def _cold(runs: ModuleType, _environment: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, list[str]]:
    place = runs.Place(tmp_path_factory.mktemp("cold"))
    return place, runs.cold_run(place, _environment)


@pytest.fixture(scope="session")
def bench(runs: ModuleType, _environment: Any, _cold: Any) -> Iterator[Any]:
    """Starts runs quickly; see `runs.Bench`."""
    starter = runs.Bench(_cold[1], _environment)
    yield starter
    starter.close()


@pytest.fixture(scope="session")
def undisturbed(runs: ModuleType, bench: Any, _cold: Any, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """A run that nothing disturbed, equal to one in a process of its own."""
    place = runs.Place(tmp_path_factory.mktemp("undisturbed"))
    ended = bench.run(place)
    assert ended.code == 0, ended.printed
    records = place.records()
    assert records == _cold[0].records()
    assert all(record.status == "ok" for record, _ in records.values())
    return Undisturbed(place, records, ended)


@pytest.fixture
def place(runs: ModuleType, tmp_path: Path) -> Any:
    """Empty directories for a run."""
    return runs.Place(tmp_path)


@pytest.fixture
def measured(place: Any, undisturbed: Undisturbed) -> Any:
    """Directories that hold all that an undisturbed run left."""
    shutil.copytree(undisturbed.place.root, place.root, dirs_exist_ok=True)
    return place
