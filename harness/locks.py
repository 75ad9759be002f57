"""Locks between processes, on one machine or on several that share a file system.

They save work and guard no data: two runs on the same directories do not do the same thing twice. What they write
is whole whoever writes it, since files appear by renaming and are named by their content or their unit. So where no
lock can be made (a directory that is read-only, full or gone) there is nothing to wait for either, and it counts
as held.

A lock is a file that one process alone can make. It says who made it, and a thread touches it while it is held.
It is stale when its process is gone, if that ran here; elsewhere, when nobody has touched it for two minutes. Of
those who find a stale lock one alone takes it over.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.files import PARTIAL

#: How names of lock files end, by agreement: whoever tidies a directory knows them by it.
SUFFIX = ".lock"

#: Seconds between two touches of a lock that is held.
HEARTBEAT = 10.0
#: Seconds without a touch after which a lock of another machine is stale.
STALE = 120.0
#: An old lock is watched for so many seconds before it is called stale: it may be the clock that jumped.
_WATCHED = 3 * HEARTBEAT

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0

#: What file systems without hard links answer.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}


class Lock:
    """One process's claim to a piece of work.

    Args:
        path: the lock file, `….lock`; its directory is made when missing.
        purpose: what is done under it, for those who wait.
    """

    def __init__(self, path: Path, purpose: str) -> None:
        self.path = path
        self.purpose = purpose
        self._mine: bytes | None = None
        self._owner = 0
        self._released = threading.Event()
        self._seen: dict[Path, tuple[bytes, float, float]] = {}

    def __enter__(self) -> Lock:
        self.acquire(wait=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self, wait: bool | float = False) -> bool:
        """Take the lock. It is not re-entrant: a second `Lock` of the same process does not get it either.

        Args:
            wait: True waits for as long as it takes, a number for so many seconds, False not at all. A stale lock
                of another machine is taken over by one who waits, or asks this object again later.

        Returns:
            Whether it is held now.
        """
        deadline = math.inf if wait is True else time.monotonic() + wait
        pause = _FIRST_PAUSE
        while not self._try():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)
        return True

    def release(self) -> None:
        """Give the lock back; never another's, and nothing in a child of the process that took it."""
        mine, self._mine = self._mine, None
        if mine is None or self._owner != os.getpid():
            return
        self._released.set()
        guard = _guard(self.path, mine)
        with suppress(OSError):
            # Who has the guard now takes over what they held to be stale: it is theirs.
            if self._claim(guard, mine):
                try:
                    _drop(self.path, mine)
                finally:
                    _drop(guard, mine)

    def holder(self) -> str:
        """Who has the lock, in words; empty when nobody has."""
        try:
            content = _read(self.path)
        except OSError:
            content = None
        if content is None:
            return ""
        holder = _Holder.read(content)
        return "another run" if holder is None else f"process {holder.pid} on {holder.host}"

    def _try(self) -> bool:
        mine = _Holder.here().to_bytes(self.purpose)
        try:
            if not self._claim(self.path, mine):
                return False
        except OSError:
            return True
        self._mine, self._owner, self._released = mine, os.getpid(), threading.Event()
        beat = threading.Thread(target=_beat, args=(self.path, mine, self._released), daemon=True)
        beat.start()
        return True

    def _claim(self, path: Path, mine: bytes) -> bool:
        """Make a lock file, or take over a stale one.

        A file that holds some content is removed or replaced only by who has the guard of that content, another
        lock file. So what was found stale is still what is replaced, however many found it so.
        """
        with _draft(path, mine) as draft:
            if _link(draft, path):
                return True
            found = _read(path)
            if found == mine:  # a network file system may do a thing and say that it did not
                return True
            if found is None or not self._stale(path, found, draft.stat().st_mtime):
                return False
            guard = _guard(path, found)
            if not self._claim(guard, mine):
                return False
            try:
                if _read(path) != found:
                    return False
                draft.replace(path)
                return True
            finally:
                _drop(guard, mine)

    def _stale(self, path: Path, content: bytes, now: float) -> bool:
        """Whether nobody stands behind a lock file any more.

        Args:
            path: the lock file.
            content: what it says.
            now: the time by the file system's clock, which also dates the touches.
        """
        holder = _Holder.read(content)
        if holder is not None and holder.place == _place():
            return not holder.lives()
        try:
            touched = path.stat().st_mtime
        except FileNotFoundError:
            return False
        looked = time.monotonic()
        seen = self._seen.get(path)
        if seen is None or seen[:2] != (content, touched):
            self._seen[path] = (content, touched, looked)
            return False
        unchanged = looked - seen[2]
        return unchanged >= STALE or (now - touched >= STALE and unchanged >= _WATCHED)


@dataclass(frozen=True)
class _Holder:
    """The process that made a lock file."""

    host: str
    place: str
    pid: int
    started: int

    @classmethod
    def here(cls) -> _Holder:
        return cls(socket.gethostname(), _place(), os.getpid(), _started(os.getpid()) or 0)

    @classmethod
    def read(cls, content: bytes) -> _Holder | None:
        """What a lock file says; None for one that no lock wrote, or a crash of the machine cut."""
        try:
            raw = json.loads(content)
            holder = cls(str(raw["host"]), str(raw["place"]), int(raw["pid"]), int(raw["started"]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None
        return holder if 0 < holder.pid < 2**31 else None

    def to_bytes(self, purpose: str) -> bytes:
        """What stands in a lock file; never twice the same."""
        facts = {"host": self.host, "place": self.place, "pid": self.pid, "started": self.started}
        return json.dumps({**facts, "purpose": purpose, "token": secrets.token_hex(8)}).encode()

    def lives(self) -> bool:
        """Whether the process is there still, and not a later one of the same number; asked where it ran."""
        started = _started(self.pid)
        return started is not None and (started == self.started or 0 in (started, self.started))


@cache
def _place() -> str:
    """Where process numbers mean the same: this boot of this machine, this container."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return "/".join(parts)


def _started(pid: int) -> int | None:
    """When a process started, in ticks since the boot; 0 where the system does not say, None when it has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except (OSError, ValueError):
        return 0
    # A zombie has ended, whether or not its parent has taken notice.
    return None if state in "ZX" else int(fields[18])


def _guard(path: Path, content: bytes) -> Path:
    """The lock file under which a lock file of that content is changed."""
    return path.with_name(f"{path.name}.{hashlib.blake2b(content, digest_size=4).hexdigest()}")


@contextmanager
def _draft(path: Path, content: bytes) -> Iterator[Path]:
    """A file beside `path` that nobody knows of yet."""
    draft = path.with_name(f"{PARTIAL}{secrets.token_hex(6)}{SUFFIX}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with draft.open("xb") as file:
            file.write(content)
        yield draft
    finally:
        with suppress(OSError):
            draft.unlink()


def _link(draft: Path, path: Path) -> bool:
    """Give a draft its name, whole at once; False when the name is taken."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A process killed between the two lines leaves an empty file, which is stale after two minutes.
        try:
            with path.open("xb") as file:
                file.write(draft.read_bytes())
        except FileExistsError:
            return False
    return True


def _read(path: Path) -> bytes | None:
    """What a lock file says; None when there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _drop(path: Path, content: bytes) -> None:
    """Remove a lock file if it has that content."""
    if _read(path) == content:
        path.unlink(missing_ok=True)


def _beat(path: Path, content: bytes, released: threading.Event) -> None:
    """Touch a lock file until it is released, or is another's."""
    while not released.wait(HEARTBEAT):
        with suppress(OSError):
            if _read(path) != content:
                return
            os.utime(path)
