"""Read official text files; a wrong form is a ValueError that names the line (`CorpusRegistry` names the file)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path


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


def number_between(field: str, low: float, high: float) -> float:
    """Parse a rating.

    Raises:
        ValueError: not a number from `low` to `high`.
    """
    if not low <= (value := float(field)) <= high:
        raise ValueError(f"expected a number from {low:g} to {high:g}, found {field[:40]!r}")
    return value
