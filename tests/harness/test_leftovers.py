"""A later run removes what a killed one left, and nothing else."""

import os
import subprocess
import sys

import numpy as np
import pytest

from harness.embeddings import EmbeddingStore
from harness.files import PARTIAL
from harness.leftovers import remove_leftovers
from harness.locks import SUFFIX, Lock
from harness.outcome import Metric
from harness.record import ModelFacts, Record, ResultStore


@pytest.fixture
def cache(tmp_path):
    EmbeddingStore(tmp_path).space({"fingerprint": "abc"}).add(["a"], np.ones((1, 2), dtype=np.float32))
    return tmp_path


def files(directory):
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


def test_unfinished_files_are_removed_when_they_are_old(cache):
    whole = files(cache)
    (space,) = cache.glob("embeddings/*/*")
    left = [space / f"{PARTIAL}12-ab.npy", cache / f"{PARTIAL}34-cd.json", space / "0123.npy"]
    for path in left:
        path.write_bytes(b"half")
    assert remove_leftovers(cache, cache / "nothing here") == 0
    assert files(cache) == whole | {path.relative_to(cache).as_posix() for path in left}
    for path in cache.rglob("*"):
        os.utime(path, (1, 1))
    assert remove_leftovers(cache) == 3
    assert files(cache) == whole


def test_records_with_predictions_stay(tmp_path):
    facts = {"task": "t", "corpus": "c", "protocol": "p/1", "split": "test", "seed": 0, "status": "ok"}
    record = Record(model=ModelFacts(name="m"), metrics={"accuracy": Metric(1.0)}, **facts)
    path = ResultStore(tmp_path).save(record, {"gold": np.arange(3)})
    (path.parent / "own.npy").write_bytes(b"a user's")
    before = files(tmp_path)
    for file in tmp_path.rglob("*"):
        os.utime(file, (1, 1))
    assert remove_leftovers(tmp_path) == 0
    assert files(tmp_path) == before


def test_locks_of_ended_processes_are_removed_and_held_ones_stay(tmp_path):
    held, left = tmp_path / "sub" / f"held{SUFFIX}", tmp_path / "sub" / f"left{SUFFIX}"
    code = "import os, sys, pathlib; from harness.locks import Lock; Lock(pathlib.Path(sys.argv[1]), 'x').acquire(); "
    subprocess.run([sys.executable, "-c", code + "os._exit(0)", str(left)], check=True)
    assert left.exists()
    with Lock(held, "test"):
        assert remove_leftovers(tmp_path) == 1
        assert files(tmp_path) == {f"sub/{held.name}"}
