"""What a measurement may be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.perf.timing import Clock


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Sizes and repeats."""

    data_dir: Path | None
    cache_dir: Path
    threads: int
    rounds: int
    clock: Clock = "wall"
    quick: bool = False
    """Small sizes: shows that everything works, and says little about speed."""
    texts: int | None = None
    """Most texts to encode; all by default."""

    @property
    def folds(self) -> int:
        """Folds of the nested protocol, outer and inner."""
        return 3 if self.quick else 10

    @property
    def rows(self) -> int | None:
        """Most rows of a probe; all when None."""
        return 400 if self.quick else None

    @property
    def points(self) -> int:
        """Points of the uniformity."""
        return 2_000 if self.quick else 10_000

    @property
    def suite_rounds(self) -> int:
        """How often a suite is run from nothing: minutes each."""
        return max(1, self.rounds // 5)
