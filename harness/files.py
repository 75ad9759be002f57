"""Whole files or none: atomic writes and checksums.

A file is written beside its destination and renamed over it, so that a killed process leaves the old file or
the new one and never half of either.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from harness.errors import StorageFault

#: Where results lie by default, in the working directory.
RESULTS_DIR = Path("bench-results")

#: Prefix of files being written; whoever lists a directory skips these.
PARTIAL = ".partial-"


@contextmanager
def atomic_write(path: Path, purpose: str = "a file") -> Iterator[IO[bytes]]:
    """Open `path` for writing so that it appears whole, flushed to the disk, or not at all.

    Args:
        path: the destination; its directory is made when missing.
        purpose: what the file is, for the error message.

    Raises:
        StorageFault: the directory is read-only, full or not a directory.
    """
    partial = path.with_name(f"{PARTIAL}{secrets.token_hex(6)}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageFault(
            f"cannot write {purpose} at {path}: {reason}; free some space, or choose another directory"
        ) from error
    finally:
        # What cannot be removed must not hide why.
        with suppress(OSError):
            partial.unlink()


def write_bytes(path: Path, content: bytes, purpose: str = "a file") -> None:
    """Write a whole file atomically (see `atomic_write`)."""
    with atomic_write(path, purpose) as file:
        file.write(content)


def write_text(path: Path, content: str, purpose: str = "a file") -> None:
    """Write a whole UTF-8 file atomically (see `atomic_write`)."""
    write_bytes(path, content.encode("utf-8"), purpose)


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_root() -> Path:
    """Where caches lie by default: `$XDG_CACHE_HOME/affectbench`, or `~/.cache/affectbench`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "affectbench"


def offline() -> bool:
    """Whether the environment forbids the network (`AFFECTBENCH_OFFLINE` or `HF_HUB_OFFLINE` set to 1)."""
    values = (os.environ.get(name, "").strip().lower() for name in ("AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value in ("1", "true", "yes", "on") for value in values)


def go_offline(asked: bool) -> None:
    """Make `--offline` hold for every library that would use the network."""
    if asked:
        os.environ["AFFECTBENCH_OFFLINE"] = os.environ["HF_HUB_OFFLINE"] = "1"
