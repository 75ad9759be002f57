"""A file in pieces of limited size, where only small files can be carried.

Beside the name that the file would have lie a list, `NAME.pieces.json` (length and SHA-256 of every piece), and the
pieces, `NAME.DIGEST-000`, `NAME.DIGEST-001`, ... A piece's name has a digest of the whole content in it and the list is
written last, so that a writer that is killed leaves the content before it whole.

>>> size_in_bytes("16MB"), size_in_bytes("16 MiB"), size_in_bytes("500000")
(16000000, 16777216, 500000)
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from harness.errors import StorageFault, UsageError
from harness.files import write_bytes, write_text

_UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def size_in_bytes(size: str) -> int:
    """Read a size such as `16MB` (10⁶ bytes), `16MiB` (2²⁰) or a plain number of bytes.

    Raises:
        UsageError: it is none, or not positive.
    """
    match = re.fullmatch(r"\s*(\d{1,18})\s*([kmg]i?b)?\s*", size.lower())
    if match is None or int(match[1]) == 0:
        raise UsageError(f"{size[:40]!r} is no size; write it as 16MB, 16MiB or in bytes")
    return int(match[1]) * _UNITS[match[2] or ""]


def pieces_list(path: Path) -> Path:
    """The list of the pieces of a file."""
    return path.with_name(f"{path.name}.pieces.json")


def write_pieces(path: Path, data: bytes, limit: int) -> None:
    """Write a file in pieces; those of an earlier content are removed once the new ones are complete.

    Args:
        path: the name that the whole file would have.
        data: its content.
        limit: most bytes in a piece, at least 1.

    Raises:
        UsageError: no such limit.
        StorageFault: the directory cannot be written.
    """
    if limit < 1:
        raise UsageError(f"the size of a piece is {limit}, it must be at least 1 byte")
    view = memoryview(data)
    whole = hashlib.sha256(view).hexdigest()
    rows = []
    for number, start in enumerate(range(0, len(view), limit)):
        part = view[start : start + limit]
        name = f"{path.name}.{whole[:8]}-{number:03d}"
        write_bytes(path.with_name(name), bytes(part), "a piece of the state")
        rows.append({"name": name, "bytes": len(part), "sha256": hashlib.sha256(part).hexdigest()})
    write_text(pieces_list(path), json.dumps({"sha256": whole, "pieces": rows}, indent=2) + "\n", "the list of pieces")
    _remove(path, keep={str(row["name"]) for row in rows})


def read_pieces(path: Path) -> bytes:
    """Join the pieces that `write_pieces` wrote.

    Args:
        path: the name that the whole file would have.

    Raises:
        StorageFault: the list or a piece is missing or changed; names it.
    """
    listed = pieces_list(path)
    try:
        content: dict[str, Any] = json.loads(listed.read_text("utf-8"))
        rows = [(str(row["name"]), str(row["sha256"])) for row in content["pieces"]]
        whole = str(content["sha256"])
    except OSError as error:
        raise StorageFault(f"{listed} cannot be read ({error.strerror}); bring it back beside its pieces") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StorageFault(f"{listed} is no list of pieces; bring it back, or remove it to begin again") from error
    parts = []
    for name, expected in rows:
        piece = listed.parent / Path(name).name
        try:
            part = piece.read_bytes()
        except (OSError, ValueError) as error:  # no file of that name, or no name that a file can have
            raise StorageFault(f"{piece} cannot be read ({error}); bring back all of them") from error
        if hashlib.sha256(part).hexdigest() != expected:
            raise StorageFault(f"{piece} was changed ({len(part):,} bytes); bring back the piece as it was written")
        parts.append(part)
    data = b"".join(parts)
    if hashlib.sha256(data).hexdigest() != whole:
        raise StorageFault(f"{listed} was changed: its pieces do not make the whole; bring it back as it was written")
    return data


def remove_pieces(path: Path) -> None:
    """Remove a file in pieces, the list first; nothing happens when there is none."""
    pieces_list(path).unlink(missing_ok=True)
    _remove(path, keep=set())


def _remove(path: Path, keep: set[str]) -> None:
    pattern = re.compile(rf"{re.escape(path.name)}\.[0-9a-f]{{8}}-\d{{3,}}")
    for old in path.parent.glob("*") if path.parent.is_dir() else ():
        if pattern.fullmatch(old.name) and old.name not in keep:
            old.unlink(missing_ok=True)
