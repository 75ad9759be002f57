"""What a run has claimed, so that another on the same directories does not do the same at the same time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

from harness.locks import Lock


class Claims:
    """The locks of one run. Whoever drives the run holds them; workers hold none.

    A claim is of several locks or of none of them, so that two runs never hold a part each and wait for the other's.
    """

    def __init__(self) -> None:
        self._held: dict[Hashable, list[Lock]] = {}
        # Kept while they are another's: a lock that is asked again notices when its holder is gone.
        self._wanted: dict[Path, Lock] = {}

    def take(self, name: Hashable, paths: Sequence[Path], purpose: str) -> bool:
        """Claim a piece of work, without waiting.

        Args:
            name: under which it is released.
            paths: its lock files.
            purpose: what is done, for those who find them.

        Returns:
            Whether it is claimed now, or was before. False: another run, or another piece of this one, has a part.
        """
        if name in self._held:
            return True
        taken: list[Lock] = []
        for path in sorted(set(paths)):
            lock = self._wanted.pop(path, None) or Lock(path, purpose)
            if not lock.acquire(wait=False):
                self._wanted[path] = lock
                for other in taken:
                    other.release()
                return False
            taken.append(lock)
        self._held[name] = taken
        return True

    def holders(self) -> list[str]:
        """Who has what could not be claimed, in words."""
        return sorted({holder for lock in self._wanted.values() if (holder := lock.holder())})

    def release(self, name: Hashable) -> None:
        """Let a piece of work go; nothing happens when it is not claimed."""
        for lock in self._held.pop(name, []):
            lock.release()

    def close(self) -> None:
        """Let everything go."""
        for name in list(self._held):
            self.release(name)
