"""Shards of a folder of texts: JSON lines with `text`, `source` and sometimes `rating`, plain or compressed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DataInvalid, DataMissing, ExtraMissing


@dataclass(frozen=True)
class Row:
    """One line of a shard."""

    text: str
    source: str
    rating: float | None
    """0 (worst) to 1 (best)."""


def shards(directory: Path) -> list[Path]:
    """The shards of a folder, in order of their names.

    Raises:
        DataMissing: there are none.
    """
    found = sorted([*directory.glob("*.jsonl"), *directory.glob("*.jsonl.zst")])
    if not found:
        raise DataMissing(f"{directory} holds no *.jsonl or *.jsonl.zst; pass another `--corpus-dir`")
    return found


def shard_lines(shard: Path) -> Iterator[str]:
    """The lines of a shard as a stream; no more than a few are in memory.

    Raises:
        DataInvalid: it cannot be read or decompressed, or is no UTF-8.
        ExtraMissing: pyarrow is needed and missing.
    """
    try:
        if shard.suffix == ".zst":
            try:
                import pyarrow as pa
            except ImportError as error:
                raise ExtraMissing("compressed shards need pyarrow: pip install pyarrow, or decompress them") from error
            with pa.input_stream(str(shard), compression="zstd") as stream:
                yield from io.TextIOWrapper(stream, encoding="utf-8")
        else:
            with shard.open(encoding="utf-8") as plain:
                yield from plain
    except (OSError, UnicodeDecodeError) as error:
        raise DataInvalid(f"{shard} is damaged ({error}); fetch it again") from error


def decoded(shard: Path, number: int, line: str) -> Row:
    """What a line says.

    Args:
        shard: for the error message.
        number: of the line, from 1.
        line: JSON.

    Raises:
        DataInvalid: it is no such object; names shard and line.
    """
    try:
        row = json.loads(line)
        text, source, rating = row["text"], row["source"], row.get("rating")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataInvalid(
            f"{shard}, line {number}: expected an object with `text` and `source`, found {line[:40]!r}; "
            "fetch the shard again"
        ) from error
    if not isinstance(text, str) or not isinstance(source, str):
        raise DataInvalid(f"{shard}, line {number}: `text` and `source` must be strings; fetch the shard again")
    if rating is not None and (isinstance(rating, bool) or not isinstance(rating, int | float) or not 0 <= rating <= 1):
        raise DataInvalid(
            f"{shard}, line {number}: `rating` is {str(rating)[:40]}, expected a number from 0 to 1; fetch the shard "
            "again"
        )
    return Row(text, source, None if rating is None else float(rating))
