"""Runs of `bench` that are disturbed, and what must be left of a run however it was disturbed.

All of it is marked `slow`. AFFECTBENCH_FAULTS=long (`make faults`) tries ten times as much.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from affectbench_sample import LETTERS

from harness.errors import RecordInvalid
from harness.record import Record, ResultStore

#: Models without torch, tasks without data (`quick_tasks.py`): six evaluations in half a second.
QUICK = ("--models", f"lexicon,{LETTERS}", "--tasks", "quick")

#: Runs `bench`, and prints what it imported.
_COLD = """
import json, sys
from harness.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps([name for name in sys.modules if name.partition(".")[0] not in ("__main__", "encodings")]))
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def times() -> int:
    """How often to try: ten times as often in `make faults`."""
    return 10 if os.environ.get("AFFECTBENCH_FAULTS") == "long" else 1


def load(name: str) -> ModuleType:
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Ended:
    """How one run ended."""

    code: int
    seconds: float
    operations: int
    printed: str


@dataclass(frozen=True)
class Place:
    """The directories of a run, below one."""

    root: Path

    @property
    def arguments(self) -> list[str]:
        """Of `bench`."""
        places = ["--results-dir", str(self.root / "results"), "--cache-dir", str(self.root / "cache")]
        return ["run", *QUICK, *places]

    @property
    def store(self) -> ResultStore:
        """Its records."""
        return ResultStore(self.root / "results")

    def records(self) -> dict[Any, tuple[Record, bytes | None]]:
        """What was measured, with the bytes of the predictions; without what differs from run to run."""
        found = {}
        for record in self.store:
            assert self.store.get(*record.key) == record
            predictions = self.store.path(*record.key).with_suffix(".npz")
            bare = replace(record, timings={}, environment={}, created="", predictions="")
            found[record.key] = bare, predictions.read_bytes() if predictions.exists() else None
        return found

    def finished(self) -> dict[Path, tuple[int, int]]:
        """The files of measured evaluations: writing one again would change its inode and date."""
        found = {}
        for record in self.store:
            with suppress(RecordInvalid):
                if record.status == "ok" and self.store.get(*record.key):
                    path = self.store.path(*record.key)
                    for file in filter(Path.exists, (path, path.with_suffix(".npz"))):
                        found[file] = file.stat().st_ino, file.stat().st_mtime_ns
        return found


class Bench:
    """Starts runs from one process (`warm.py`) that has imported what they need."""

    def __init__(self, modules: list[str], environment: Mapping[str, str]) -> None:
        command = [sys.executable, str(Path(__file__).with_name("warm.py"))]
        self._server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(environment), text=True
        )
        self._send(modules)

    def close(self) -> None:
        """End the process."""
        self._server.communicate()

    def _send(self, request: Any) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()

    def run(self, place: Place, *more: str, **disturbance: Any) -> Ended:
        """Run once; see `warm.py` for what can disturb it."""
        return self.at_once(place, [disturbance], *more)[0]

    def at_once(self, place: Place, disturbances: list[Mapping[str, Any]], *more: str) -> list[Ended]:
        """Run several times at once on the same directories."""
        own = {"arguments": [*place.arguments, *more], "root": str(place.root)}
        self._send([{**own, **disturbance} for disturbance in disturbances])
        assert self._server.stdout is not None
        return [Ended(*answer) for answer in json.loads(self._server.stdout.readline())]

    def goes_on(self, place: Place, undisturbed: "Undisturbed") -> int:
        """The next run ends in the records of an undisturbed one, and measures no finished evaluation again."""
        finished = place.finished()
        ended = self.run(place)
        assert ended.code == 0, ended.printed
        assert place.records() == undisturbed.records
        again = place.finished()
        assert {path: again[path] for path in finished} == finished
        return len(finished)


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing disturbed: its directories, what it recorded, and how it ended."""

    place: Place
    records: Any
    ended: Ended


@pytest.fixture(scope="session")
def _environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    plugins = tmp_path_factory.mktemp("plugins")
    load("quick_tasks").install(plugins)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(plugins), os.environ["PYTHONPATH"]]),
        "XDG_CACHE_HOME": str(tmp_path_factory.getbasetemp() / "xdg-cache"),
        "AFFECTBENCH_OFFLINE": "1",
        # Threads do not survive a fork.
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture(scope="session")
def _cold(_environment: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, list[str]]:
    """A run in a process of its own, and the modules that it imported."""
    place = Place(tmp_path_factory.mktemp("cold"))
    command = [sys.executable, "-c", _COLD, *place.arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment)
    assert done.returncode == 0, done.stderr
    return place, json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def bench(_environment: Any, _cold: Any) -> Iterator[Bench]:
    """Starts runs quickly."""
    starter = Bench(_cold[1], _environment)
    yield starter
    starter.close()


@pytest.fixture(scope="session")
def undisturbed(bench: Bench, _cold: Any, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """A run that nothing disturbed, equal to one in a process of its own."""
    place = Place(tmp_path_factory.mktemp("undisturbed"))
    ended = bench.run(place)
    assert ended.code == 0, ended.printed
    records = place.records()
    assert records == _cold[0].records()
    assert all(record.status == "ok" for record, _ in records.values())
    return Undisturbed(place, records, ended)


@pytest.fixture(scope="session")
def mutations() -> ModuleType:
    """Damage to files; see `mutations.py`."""
    return load("mutations")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Empty directories for a run."""
    yield Place(tmp_path)
    shutil.rmtree(tmp_path, ignore_errors=True)
