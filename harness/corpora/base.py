"""What a corpus is: a card with all its facts, and `read`, which turns the official files into examples.

A corpus never opens a network connection: it asks `Files` for a path by the file's official name, and whoever
made the `Files` decided where to look (`harness.corpora.files`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.corpora.files import Files


@dataclass(frozen=True, kw_only=True)
class Source:
    """One published file: its place below the data directory and the pinned address that serves it."""

    path: str
    """Path below `--data-dir`, in the layout its authors (or the SentEval toolkit) use."""
    sha256: str = ""
    """Checksum of the published bytes; empty where it is not known (a folder, a file behind a licence)."""
    size: int = 0
    """Length in bytes; 0 where it is not known."""
    url: str | None = None
    """https address at a pinned revision that serves exactly these bytes; None when there is none."""


def sources(folder: str, address: str | None, *files: tuple[str, str, int]) -> tuple[Source, ...]:
    """Files that lie below one folder, and one address if any: the rest of each one's path, its sha256, its bytes."""
    return tuple(
        Source(path=f"{folder}{name}", sha256=sha256, size=size, url=None if address is None else f"{address}{name}")
        for name, sha256, size in files
    )


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
    """The official files; empty for data that come with the code."""
    others: tuple[tuple[Source, ...], ...] = ()
    """Other complete sets of files, any of which will do as well."""
    optional: tuple[Source, ...] = ()
    """Files that add raters' marks; reading does without."""
    checksums: Mapping[str, str] = field(default_factory=dict)
    """Split → `Examples.fingerprint` of the published rows; without one only the rows are counted."""
    aliases: tuple[str, ...] = ()
    """Other usual names, by which an encoder's card may declare it as training data."""
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

    def at(self, rows: NDArray[np.int64]) -> Examples:
        """The examples of some rows."""
        return replace(
            self,
            texts=tuple(self.texts[i] for i in rows),
            ids=tuple(self.ids[i] for i in rows),
            labels={label: column[rows] for label, column in self.labels.items()},
            groups=None if self.groups is None else tuple(self.groups[i] for i in rows),
            raters=None if self.raters is None else {label: marks[rows] for label, marks in self.raters.items()},
        )

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


class Corpus(Protocol):
    """One data set; `CorpusRegistry` finds it and checks what it reads."""

    @property
    def card(self) -> CorpusCard:
        """The corpus's card."""
        ...

    def read(self, split: str, files: Files) -> Examples:
        """Read one split of the card.

        What an edited or broken file raises (ValueError, KeyError, ...) reaches the user as DataInvalid.

        Raises:
            DataMissing: a file is not there.
        """
        ...


class CorpusLibrary(Protocol):
    """What tasks get to load their data with; `CorpusRegistry` is the real one."""

    def load(self, name: str, split: str) -> Examples:
        """Examples of a corpus's split, read and verified once per process."""
        ...


def row_ids(split: str, n: int) -> tuple[str, ...]:
    """Ids for a corpus that has none: `train-0`, `train-1`, ..."""
    return tuple(f"{split}-{i}" for i in range(n))
