"""Find the official files of a corpus: below `--data-dir`, then in the cache, then at their pinned address; read them.

In reading a wrong form is a ValueError that names the line; `CorpusRegistry` names the file.
"""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.corpora.base import CorpusCard, Source
from harness.errors import DataInvalid, DataMissing, StorageFault
from harness.files import sha256_file

_SENTEVAL = "senteval/"

#: Seconds that a server may stay silent.
_TIMEOUT = 20


def download(source: Source, destination: Path) -> None:
    """Fetch a file from its address; it stands at the destination whole and with the pinned checksum, or not at all.

    Raises:
        DataMissing: the address cannot be reached or answers with an error.
        DataInvalid: it serves other bytes.
        StorageFault: the directory cannot be written.
    """
    import pooch
    from requests.exceptions import ConnectionError as Unreachable
    from requests.exceptions import RequestException

    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(
            source.url,
            known_hash=f"sha256:{source.sha256}",
            fname=destination.name,
            path=destination.parent,
            downloader=pooch.HTTPDownloader(timeout=_TIMEOUT),
        )
    except ValueError as error:
        raise DataInvalid(f"{source.url} does not serve the published file (its SHA-256 differs)") from error
    except RequestException as error:
        reason = "no connection" if isinstance(error, Unreachable) else error
        raise DataMissing(
            f"{source.url} cannot be fetched to {destination} ({reason}); fetch it by other means and put it at "
            f"{source.path} below --data-dir"
        ) from error
    except OSError as error:
        raise StorageFault(
            f"cannot write {destination}: {error.strerror or error}; choose another --cache-dir"
        ) from error


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of one corpus, looked for in all the places in turn."""

    card: CorpusCard
    data_dir: Path | None
    """May also be SentEval's own `data` folder, or its checkout."""
    cache_dir: Path
    """Fetched files lie here, in the layout of the data directory."""
    offline: bool

    def find(self, source: Source) -> Path | None:
        """Local path of a file or folder; None where it is not on this machine, or may not be looked for."""
        return next((path for path in self._candidates(source) if os.path.exists(path)), None)  # noqa: PTH110

    def path(self, *forms: Source) -> Path:
        """Local path of a file, or of the first of several forms that is here; fetched when none is.

        Raises:
            DataMissing: it is nowhere, or its address cannot be reached.
            DataInvalid: its address serves other bytes.
        """
        for source in forms:
            if (found := self.find(source)) is not None:
                return found
        served = next((source for source in forms if source.url), None)
        if served is None or self.offline:
            raise self._missing(forms, served)
        destination = self.cache_dir / served.path
        download(served, destination)
        return destination

    def _candidates(self, source: Source) -> Iterator[Path]:
        for root in filter(None, (self.data_dir, self.cache_dir)):
            yield root / source.path
            if source.path.startswith(_SENTEVAL):
                yield root / source.path.removeprefix(_SENTEVAL)
                yield root / "data" / source.path.removeprefix(_SENTEVAL)

    def _missing(self, forms: tuple[Source, ...], served: Source | None) -> DataMissing:
        roots = {"--data-dir": self.data_dir, "the cache": self.cache_dir}
        places = " or ".join(f"{kind} {root}" for kind, root in roots.items() if root)
        names = " or ".join(source.path for source in forms)
        if served is None:
            offline, place = "", self.card.homepage or "its authors"
            remedy = f"It cannot be fetched: get it from {place} and put it there below a folder given as --data-dir."
        else:
            offline = " (offline: the network was not tried)"
            remedy = f"Run `bench data --fetch {self.card.name}` online, or put the file below --data-dir."
        return DataMissing(f"{self.card.name}: {names} is not in {places}{offline}. {remedy}")


@dataclass(frozen=True, kw_only=True)
class FileStatus:
    """One official file on this machine."""

    source: Source
    path: Path | None
    """Where it is; None when it is not on this machine."""
    size: int | None
    """Its own length in bytes; None for a folder or a missing file."""
    published: bool | None
    """Whether its bytes are the published ones; None where that is not known."""


@dataclass(frozen=True, kw_only=True)
class CorpusStatus:
    """One corpus on this machine."""

    card: CorpusCard
    place: Literal["built-in", "data-dir", "cache", "hub", "nowhere"]
    """`hub`: not here yet, but it can be fetched; `nowhere`: neither here nor to be fetched (or offline)."""
    files: tuple[FileStatus, ...]
    """Every file of the form that is there (of the preferred form, when none is complete)."""

    @property
    def available(self) -> bool:
        """Whether loading needs no network."""
        return self.place in ("built-in", "data-dir", "cache")


def status_of(files: Files) -> CorpusStatus:
    """Look for the files of a corpus, without reading any."""
    card = files.card
    forms = (card.sources, *card.others)
    found = [[files.find(source) for source in form] for form in forms]
    complete = next((i for i, paths in enumerate(found) if all(paths)), None)
    chosen = complete or 0
    if complete is not None:
        inside = files.data_dir is not None and all(p and p.is_relative_to(files.data_dir) for p in found[chosen])
        place = "built-in" if not forms[chosen] else "data-dir" if inside else "cache"
    else:
        fetchable = any(all(source.url for source in form) for form in forms)
        place = "hub" if fetchable and not files.offline else "nowhere"
    return CorpusStatus(
        card=card,
        place=place,  # type: ignore[arg-type]
        files=tuple(_file(source, path) for source, path in zip(forms[chosen], found[chosen], strict=True)),
    )


def _file(source: Source, path: Path | None) -> FileStatus:
    if path is None or not path.is_file():
        return FileStatus(source=source, path=path, size=None, published=None)
    published = sha256_file(path) == source.sha256 if source.sha256 else None
    return FileStatus(source=source, path=path, size=path.stat().st_size, published=published)


def read_text(path: Path, encoding: str = "utf-8-sig") -> str:
    r"""The whole file with line ends as `\n`, without a byte-order mark."""
    return path.read_bytes().decode(encoding).replace("\r\n", "\n")


def read_lines(path: Path, encoding: str = "utf-8-sig") -> list[str]:
    """The file's lines without their ends; blank lines are kept."""
    lines = read_text(path, encoding).split("\n")
    return lines if lines[-1] else lines[:-1]


def read_records(
    path: Path, header: Sequence[str] = (), *, columns: int = 0, delimiter: str = ","
) -> Iterator[list[str]]:
    """Comma- or tab-separated records with CSV quoting; nothing is a missing value.

    Args:
        path: the file.
        header: names that the first record must hold; empty when the file has no header.
        columns: fields of every record where there is no header.
        delimiter: what stands between two fields.

    Raises:
        ValueError: another header, another number of fields, or broken quoting.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=delimiter, strict=True)
    try:
        if header and (found := next(reader, [])) != list(header):
            raise ValueError(f"line 1: expected the header {delimiter.join(header)!r}, found {found!r:.80}")
        for fields in reader:
            if len(fields) != (len(header) or columns):
                raise ValueError(
                    f"line {reader.line_num}: expected {len(header) or columns} fields, found {len(fields)}"
                )
            yield fields
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: broken quoting ({error})") from error
