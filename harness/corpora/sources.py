"""Decide where an official file is taken from: `--data-dir`, then the cache, then the network.

Nothing here knows what is in a file; the readers check that (`harness.corpora.pins`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.corpora.base import CorpusCard, Files, Source
from harness.corpora.download import Downloader
from harness.errors import DataInvalid, DataMissing
from harness.files import sha256_file, write_bytes

_SENTEVAL = "senteval/"


@dataclass(frozen=True)
class Recipe:
    """How a file that nobody serves is rebuilt from one that somebody does."""

    raw: Source
    build: Callable[[Path], bytes]
    """Takes the raw file, gives the bytes of the derived one."""
    exact: bool = True
    """Whether the result must have the derived file's checksum (else only its content is checked when read)."""


@runtime_checkable
class LocalFiles(Files, Protocol):
    """Files that can also say which of several is on this machine, without fetching any."""

    def find(self, *forms: Source) -> tuple[Source, Path] | None:
        """The first of several forms of the same data that is on this machine, with its path."""
        ...


def first_present(files: Files, *forms: Source) -> tuple[Source, Path]:
    """Take the first of several forms of the same data, preferring what needs no download.

    Raises:
        DataMissing: none of them is anywhere; the message is that of the first form and names the others.
    """
    if isinstance(files, LocalFiles):
        found = files.find(*forms)
        if found is not None:
            return found
    first: DataMissing | None = None
    for source in forms:
        try:
            return source, files.path(source)
        except DataMissing as error:
            first = first or error
    others = ", ".join(source.path for source in forms[1:])
    raise DataMissing(f"{first} {others} would also do." if others else str(first))


def offline_asked() -> bool:
    """Whether the environment forbids the network (`AFFECTBENCH_OFFLINE` or `HF_HUB_OFFLINE` set to 1)."""
    return any(
        os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}
        for name in ("AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE")
    )


def candidates(root: Path, source: Source) -> Iterator[Path]:
    """Where a file may lie below a data directory.

    The directory may also be SentEval's own `data` folder, or its checkout.
    """
    yield root / source.path
    if source.path.startswith(_SENTEVAL):
        yield root / source.path.removeprefix(_SENTEVAL)
        yield root / "data" / source.path.removeprefix(_SENTEVAL)


@dataclass(frozen=True, kw_only=True)
class CorpusFiles:
    """The files of one corpus, looked for in all the places in turn."""

    card: CorpusCard
    data_dir: Path | None
    cache_dir: Path
    """Fetched and rebuilt files lie here, in the layout of the data directory."""
    offline: bool
    downloader: Downloader = field(default_factory=Downloader)
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    """Path of a derived file → how to rebuild it."""

    def find(self, *forms: Source) -> tuple[Source, Path] | None:
        """The first of several forms that is on this machine: any below the data directory, then the cache."""
        for root in (self.data_dir, self.cache_dir):
            if root is None:
                continue
            for source in forms:
                for path in candidates(root, source):
                    try:
                        if path.exists():
                            return source, path
                    except OSError as error:  # a folder that may not be looked into
                        raise DataMissing(f"{self.card.name}: cannot look for {path}: {error.strerror}") from error
        return None

    def path(self, source: Source) -> Path:
        """Local path of a file; it is rebuilt or fetched when it is not there yet.

        Raises:
            DataMissing: it is nowhere, or its address cannot be reached.
            DataInvalid: its address serves other bytes, or the raw file is not the published one.
            StorageFault: the cache cannot be written.
        """
        found = self.find(source)
        if found is not None:
            return found[1]
        recipe = self.recipes.get(source.path)
        if recipe is not None:
            raw = self.find(recipe.raw)
            if raw is not None:
                return self._rebuild(source, recipe, raw[1])
        url = self.url(source)
        raw_url = self.url(recipe.raw) if recipe is not None else None
        if self.offline or (url is None and raw_url is None):
            raise self._missing(source)
        if url is not None:
            try:
                return self._fetch(source, url)
            except DataMissing:
                if raw_url is None:
                    raise
        assert recipe is not None
        assert raw_url is not None
        return self._rebuild(source, recipe, self._fetch(recipe.raw, raw_url))

    def url(self, source: Source) -> str | None:
        """Pinned address of a file: its own, or that of the card's dataset hub at the pinned revision."""
        if source.url is not None or not source.sha256:
            return source.url
        if self.card.hub and self.card.hub_revision:
            return f"https://huggingface.co/datasets/{self.card.hub}/resolve/{self.card.hub_revision}/{source.path}"
        return None

    def _fetch(self, source: Source, url: str) -> Path:
        path = self.cache_dir / source.path
        try:
            self.downloader.fetch(url, path, sha256=source.sha256, size=source.size)
        except (DataMissing, DataInvalid) as error:
            raise type(error)(f"{self.card.name}: {error}") from error
        return path

    def _rebuild(self, source: Source, recipe: Recipe, raw: Path) -> Path:
        if sha256_file(raw) != recipe.raw.sha256:
            raise DataInvalid(
                f"{self.card.name}: {raw} is not the published file ({raw.stat().st_size:,} bytes, published "
                f"{recipe.raw.size:,}; SHA-256 differs), so {source.path} cannot be built from it. Replace it "
                f"with {recipe.raw.url or 'the published one'}."
            )
        content = recipe.build(raw)
        path = self.cache_dir / source.path
        write_bytes(path, content, "a rebuilt corpus file")
        if recipe.exact and sha256_file(path) != source.sha256:
            path.unlink()
            raise DataInvalid(
                f"{self.card.name}: {source.path} as rebuilt from {raw} is not the published one; "
                f"pass the published file below --data-dir"
            )
        return path

    def _missing(self, source: Source) -> DataMissing:
        places = []
        if self.data_dir is not None:
            gone = "" if self.data_dir.is_dir() else ", which is not a directory"
            places.append(f"--data-dir {self.data_dir}{gone}")
        places.append(f"the cache {self.cache_dir}")
        recipe = self.recipes.get(source.path)
        url = self.url(source) or (self.url(recipe.raw) if recipe else None)
        if url is None:
            remedy = (
                f"It cannot be fetched automatically; see {self.card.homepage or 'the page of its authors'}, put "
                f"the file at {source.path} in a folder of your own and pass that as --data-dir."
            )
        else:
            remedy = (
                f"Run `bench data --fetch {self.card.name}` once online to fetch it from {url}, or put it at "
                f"{source.path} below --data-dir."
            )
        return DataMissing(
            f"{self.card.name}: {source.path} is not in {' or '.join(places)}"
            f"{' (offline: the network was not tried)' if self.offline and url else ''}. {remedy}"
        )
