"""Arrays that do not fit lie in files without a name, and a full disk is found before it is written to."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from harness import memory


@pytest.fixture(autouse=True)
def _usual_limit():
    yield
    memory.limit_to(None)


def anonymous() -> int:
    """Anonymous memory of this process, in bytes."""
    status = Path("/proc/self/status")
    if not status.is_file():
        pytest.skip("this system does not tell anonymous memory apart")
    (line,) = [line for line in status.read_text("ascii").splitlines() if line.startswith("RssAnon:")]
    return int(line.split()[1]) * 1024


def test_small_arrays_are_in_memory(tmp_path):
    memory.limit_to(memory.LEAST, tmp_path / "scratch")
    array = memory.array((10, 3), np.float32)
    assert (array.shape, array.dtype) == ((10, 3), np.float32)
    assert not (tmp_path / "scratch").exists()


def test_large_ones_are_in_files_that_leave_nothing(tmp_path):
    memory.limit_to(memory.LEAST, tmp_path / "scratch")
    rows = memory.LEAST // 4 // 8
    before = anonymous()
    array = memory.array((rows, 8), np.float32)
    array[:] = 1
    assert anonymous() - before < array.nbytes / 4
    assert array.sum(dtype=np.int64) == array.size
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_limit_is_at_least_what_the_libraries_take():
    memory.limit_to(1)
    assert memory.share(1) == memory.LEAST
    memory.limit_to(None)
    assert memory.share(1) == memory.DEFAULT


def test_without_room_on_the_disk_memory_is_taken_with_a_warning(tmp_path, monkeypatch):
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    memory.limit_to(memory.LEAST, tmp_path)
    monkeypatch.setattr(memory, "_reserve", full)
    with pytest.warns(UserWarning, match=r"no room for 67,108,864 bytes .*No space left on device.*held in memory"):
        array = memory.array((memory.LEAST // 4,), np.uint8)
    assert len(array) == memory.LEAST // 4


def test_room_is_taken_where_the_system_cannot_reserve_it(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate")
    with (tmp_path / "file").open("w+b") as file:
        memory._reserve(file, 3 * 2**20 + 5)
    assert (tmp_path / "file").stat().st_size == 3 * 2**20 + 5
    assert (tmp_path / "file").stat().st_blocks * 512 >= 3 * 2**20
