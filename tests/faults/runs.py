"""Runs of `bench` for tests that disturb them, and what must be left of a run however it was disturbed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.embeddings import EmbeddingStore
from harness.errors import RecordInvalid
from harness.files import PARTIAL
from harness.record import Record, ResultStore

#: Models without torch, tasks without data (`quick_tasks.py`): six units in half a second.
QUICK = ("--models", "lexicon,tfidf-svd", "--tasks", "quick")
#: The embedded sample: eight units in some ten seconds.
SAMPLE = ("--models", "lexicon,tfidf-svd", "--suite", "sample")

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

Key = tuple[str, str, int]


@dataclass(frozen=True)
class Ended:
    """How one run ended."""

    code: int
    seconds: float
    operations: int
    printed: str


@dataclass(frozen=True)
class Place:
    """What a run does, and its directories, all below one."""

    root: Path
    what: tuple[str, ...] = QUICK
    processes: int = 1

    @property
    def results(self) -> Path:
        return self.root / "results"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def arguments(self) -> list[str]:
        """Of `bench`."""
        directories = ["--results-dir", str(self.results), "--cache-dir", str(self.cache)]
        return ["run", *self.what, "--processes", str(self.processes), *directories]

    def records(self) -> dict[Key, tuple[Record, bytes | None]]:
        """What was measured, with the bytes of the predictions; without what differs from run to run."""
        store, found = ResultStore(self.results), {}
        for record in store:
            assert store.get(*record.key) == record
            predictions = store.path(*record.key).with_suffix(".npz")
            bare = replace(record, timings={}, environment={}, created="")
            found[record.key] = bare, predictions.read_bytes() if predictions.exists() else None
        return found

    def finished(self) -> dict[Path, tuple[int, int]]:
        """The files of measured units: writing one again would change its inode and date."""
        store, found = ResultStore(self.results), {}
        for record in store:
            with suppress(RecordInvalid):
                if record.status == "ok" and store.get(*record.key):
                    path = store.path(*record.key)
                    for file in filter(Path.exists, (path, path.with_suffix(".npz"))):
                        found[file] = file.stat().st_ino, file.stat().st_mtime_ns
        return found


class Bench:
    """Starts runs from one process that has imported what they need.

    Args:
        modules: their names.
        environment: of that process and the runs.
    """

    def __init__(self, modules: list[str], environment: Mapping[str, str]) -> None:
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            text=True,
        )
        self._send(modules)

    def close(self) -> None:
        """End the process."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    def _send(self, request: Any) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()

    def run(self, place: Place, *more: str, **disturbance: Any) -> Ended:
        """Run once; see `warm.py` for what can disturb it."""
        (ended,) = self.at_once(place, [disturbance], *more)
        return ended

    def at_once(self, place: Place, disturbances: list[Mapping[str, Any]], *more: str) -> list[Ended]:
        """Run several times at once on the same directories."""
        own = {"arguments": [*place.arguments, *more], "root": str(place.root)}
        self._send([{**own, **disturbance} for disturbance in disturbances])
        assert self._server.stdout is not None
        return [Ended(*answer) for answer in json.loads(self._server.stdout.readline())]


def cold_run(place: Place, environment: Mapping[str, str]) -> list[str]:
    """Run in a process of its own, undisturbed; gives the modules that it imported."""
    command = [sys.executable, "-c", _COLD, *place.arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(environment))
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(modules, list)
    return modules


def whole(place: Place) -> None:
    """Nothing but whole files: every record reads, with its predictions, and no shard is damaged."""
    place.records()
    store = EmbeddingStore(place.cache)
    for directory in {path.parent for path in place.cache.glob("embeddings/*/*/[!.]*.json")}:
        facts = json.loads((directory / "space.txt").read_text("utf-8"))
        del facts["normal_form"]
        space = store.space(facts)  # which would warn of damage, and that is an error
        assert space.directory == directory
        assert len(space)


def goes_on(bench: Bench, place: Place, undisturbed: Any, finished: Mapping[Path, Any] | None = None) -> int:
    """The next run ends in the records of an undisturbed one, and does no finished unit again.

    Args:
        bench: starts it.
        place: where a disturbed run was.
        undisturbed: what is to come out.
        finished: the files of finished units, if a moment ago they could be seen better.

    Returns:
        How many finished units there were.
    """
    finished = place.finished() if finished is None else finished
    ended = bench.run(place)
    assert ended.code == 0, ended.printed
    assert "damaged" not in ended.printed
    assert place.records() == undisturbed.records
    again = place.finished()
    assert {path: again[path] for path in finished} == finished
    locks = [path for path in place.root.rglob("*.lock") if not path.name.startswith(PARTIAL)]
    assert not locks
    return sum(path.suffix == ".json" for path in finished)
