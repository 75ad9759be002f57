"""What killed runs leave behind: files half written, shards without index, locks without holder."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from harness.embeddings import LAYOUT
from harness.files import PARTIAL
from harness.locks import SUFFIX, Lock

#: Seconds after which nobody is still writing a file.
_OLD = 3600.0


def remove_leftovers(*directories: Path) -> int:
    """Remove what no run will finish: locks of processes that ended here, and unfinished files of an hour ago.

    Nothing that a running process needs is touched, and what cannot be removed stays.

    Args:
        directories: where runs write; one that does not exist holds nothing.

    Returns:
        How many files were removed.
    """
    removed = 0
    for directory in directories:
        unfinished = []
        for folder, _, names in os.walk(directory):
            for path in (Path(folder, name) for name in names):
                if path.name.startswith(PARTIAL) or _without_index(path):
                    unfinished.append(path)
                elif path.suffix == SUFFIX or path.stem.endswith(SUFFIX):
                    removed += _removed_lock(path)
        now = _clock(directory) if unfinished else 0.0
        for path in unfinished:
            with suppress(OSError):
                if now - path.stat().st_mtime >= _OLD:
                    path.unlink()
                    removed += 1
    return removed


def _without_index(path: Path) -> bool:
    """Whether a file is a shard of embeddings that was never finished."""
    in_space = path.parent.parent.name == LAYOUT and path.parent.parent.parent.name == "embeddings"
    return in_space and path.suffix == ".npy" and not path.with_suffix(".json").exists()


def _removed_lock(path: Path) -> bool:
    """Remove a lock file, if nobody holds the lock."""
    lock = Lock(path, "tidying up")
    if lock.acquire():
        lock.release()
    return not path.exists()


def _clock(directory: Path) -> float:
    """The time by the clock that dates the files of a directory, which may be another machine's."""
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix=PARTIAL) as file:
            return os.fstat(file.fileno()).st_mtime
    except OSError:  # nothing can be written here, hence nothing removed
        return 0.0
