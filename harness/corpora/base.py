"""What a corpus is: a card, and `read`, which turns the official files into examples.

A corpus never opens a network connection: it asks `Files` for a path by the file's official name, and whoever
made the `Files` decided where to look (`harness.corpora.shelves`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Source:
    """One published file: its place below the data directory and the pinned address that serves it."""

    path: str
    """Path below `--data-dir`, in the layout its authors (or the SentEval toolkit) use."""
    sha256: str
    """Checksum of the published bytes."""
    size: int
    """Length in bytes."""
    url: str | None = None
    """https address at a pinned revision that serves exactly these bytes; None when there is none."""

    def __post_init__(self) -> None:
        """Refuse a place outside the data directory: fetched files are written there."""
        path = PurePosixPath(self.path)
        if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in self.path or ":" in path.parts[0]:
            raise ValueError(f"{self.path!r} is no path below a data directory")


@dataclass(frozen=True, kw_only=True)
class CorpusCard:
    """What a data set is, where it comes from, and what it must hold to be the published one."""

    name: str
    title: str
    rows: Mapping[str, int]
    """Split → published number of examples."""
    labels: str
    """What is annotated, with units and ranges."""
    licence: str
    """As its authors state it; "none stated" where none is."""
    citation: str
    homepage: str = ""
    sources: tuple[Source, ...] = ()
    """The official files; empty for data that the harness makes itself."""
    optional: tuple[Source, ...] = ()
    """Files that add raters' marks; reading does without."""
    hub: str | None = None
    """Dataset-hub id, when the hub serves the same rows."""
    hub_revision: str | None = None
    """Pinned revision of the hub copy."""
    notes: str = ""
    """Traps, and how they are handled."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Texts with their labels, in the official order.

    `labels` maps a label's name to an array whose first axis runs over the texts: `valence`, `arousal`,
    `dominance` (float64, annotation units), `label` (int64 class), `emotions` (bool, one column per emotion).
    """

    texts: tuple[str, ...]
    ids: tuple[str, ...]
    """Unique within the split; from the corpus where it has ids, else the row number."""
    labels: Mapping[str, NDArray[np.generic]]
    groups: tuple[str, ...] | None = None
    """Document of each text, where the corpus says so: rows of one document are not independent."""
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Ends of the annotation scale of each continuous label."""
    classes: tuple[str, ...] = ()
    """Names of the classes of `label`, or of the columns of `emotions`."""
    raters: Mapping[str, NDArray[np.float64]] | None = None
    """Label → what each rater (or panel) marked, (n, raters) in annotation units, NaN where missing; None where the
    files do not say. Which column a mark stands in has no meaning beyond its row unless the card says so."""

    def __post_init__(self) -> None:
        n = len(self.texts)
        lengths = {"ids": len(self.ids), **{name: len(column) for name, column in self.labels.items()}}
        lengths |= {f"raters of {name}": len(marks) for name, marks in (self.raters or {}).items()}
        if self.groups is not None:
            lengths["groups"] = len(self.groups)
        for name, length in lengths.items():
            if length != n:
                raise ValueError(f"{name} has {length} rows for {n} texts")

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def fingerprint(self) -> str:
        """Content digest over texts, ids and labels in order: equal data, equal digest, whatever its source."""
        digest = hashlib.blake2b(digest_size=16)
        for text, identity in zip(self.texts, self.ids, strict=True):
            for part in (text, identity):
                raw = part.encode("utf-8", "surrogatepass")
                digest.update(len(raw).to_bytes(8, "little") + raw)
        for name in sorted(self.labels):
            column = self.labels[name]
            digest.update(f"{name}:{column.dtype.str}:{column.shape}".encode() + column.tobytes())
        return digest.hexdigest()


class Files(Protocol):
    """Hands out the local path of an official file."""

    def path(self, source: Source) -> Path:
        """The file's local path.

        Raises:
            DataMissing: it is nowhere; the message lists the places and how to get it.
            DataInvalid: it was fetched but is not the pinned one.
        """
        ...


class Corpus(Protocol):
    """One data set. Implementations live in one module each of `harness.corpora`."""

    @property
    def card(self) -> CorpusCard:
        """The corpus's card."""
        ...

    def read(self, split: str, files: Files) -> Examples:
        """Read one split.

        Raises:
            DataMissing: a file is not there.
            DataInvalid: a file does not hold the published rows; names file, line and column.
        """
        ...


class CorpusLibrary(Protocol):
    """What tasks get to load their data with (`harness.corpora.shelves.Library` is the real one)."""

    def load(self, name: str, split: str) -> Examples:
        """Examples of a corpus's split, read and verified once per process."""
        ...


def row_ids(split: str, n: int) -> tuple[str, ...]:
    """Ids for a corpus that has none: `train-0`, `train-1`, ..."""
    return tuple(f"{split}-{i}" for i in range(n))
