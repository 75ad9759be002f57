"""Say where the files of a corpus are, without reading them: what `bench data` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.corpora.base import CorpusCard, Source
from harness.corpora.sources import CorpusFiles
from harness.files import sha256_file

Place = Literal["built-in", "data-dir", "cache", "hub", "nowhere"]
Checksum = Literal["right", "wrong", "not checked", "none"]


@dataclass(frozen=True, kw_only=True)
class FileStatus:
    """One official file on this machine."""

    source: Source
    path: Path | None
    """Where it is; None when it is not on this machine."""
    size: int | None
    """Its length in bytes; None for a folder or a missing file."""
    checksum: Checksum
    """`none` where nothing can be checked: a missing file, a folder, or a file whose checksum is not known. `wrong`
    need not be fatal: other line ends change the checksum and not the content, and the content is what loading
    checks."""


@dataclass(frozen=True, kw_only=True)
class CorpusStatus:
    """One corpus on this machine."""

    name: str
    title: str
    place: Place
    """`hub`: not here yet, but it can be fetched; `nowhere`: neither here nor to be fetched (or offline)."""
    files: tuple[FileStatus, ...]
    """Every file of the form that is there (of the preferred form, when none is complete)."""
    rows: Mapping[str, int]
    """Split → published number of examples."""
    licence: str
    notes: str

    @property
    def available(self) -> bool:
        """Whether loading needs no network."""
        return self.place in ("built-in", "data-dir", "cache")


def forms(card: CorpusCard) -> tuple[tuple[Source, ...], ...]:
    """Complete sets of files, any of which is enough, best first."""
    declared: tuple[tuple[Source, ...], ...] = getattr(card, "forms", ())
    return declared or (card.sources,)


def status_of(files: CorpusFiles, *, verify: bool = False) -> CorpusStatus:
    """Look for the files of a corpus.

    Args:
        files: where to look.
        verify: compute the checksums of those that are there.
    """
    card = files.card
    found = [(form, [hit[1] if (hit := files.find(source)) else None for source in form]) for form in forms(card)]
    complete = next((entry for entry in found if all(entry[1])), None)
    sources, paths = complete or found[0]
    place: Place
    if complete is not None:
        in_data = files.data_dir is not None and all(
            path is not None and path.is_relative_to(files.data_dir) for path in paths
        )
        place = "built-in" if not sources else "data-dir" if in_data else "cache"
    else:
        fetchable = any(all(_address(files, source) for source in form) for form, _ in found)
        place = "hub" if fetchable and not files.offline else "nowhere"
    return CorpusStatus(
        name=card.name,
        title=card.title,
        place=place,
        files=tuple(_file(source, path, verify) for source, path in zip(sources, paths, strict=True)),
        rows=card.rows,
        licence=card.licence,
        notes=card.notes,
    )


def _address(files: CorpusFiles, source: Source) -> str | None:
    recipe = files.recipes.get(source.path)
    return files.url(source) or (files.url(recipe.raw) if recipe else None)


def _file(source: Source, path: Path | None, verify: bool) -> FileStatus:
    if path is None or not path.is_file():
        return FileStatus(source=source, path=path, size=None, checksum="none")
    checksum: Checksum = "not checked"
    if not source.sha256:
        checksum = "none"
    elif verify:
        checksum = "right" if sha256_file(path) == source.sha256 else "wrong"
    return FileStatus(source=source, path=path, size=path.stat().st_size, checksum=checksum)
