"""Read an official file strictly: every complaint names the file, the line and the column, and the way out.

Readers of all corpora share this module, so that line ends, byte-order marks and wrong encodings are handled
in one place.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.corpora.base import CorpusCard, Source
from harness.errors import DataInvalid, DataMissing, UsageError

#: Digits of a count, at most.
_DIGITS = 9

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def require_split(card: CorpusCard, split: str) -> None:
    """Refuse a split that the corpus does not have.

    Raises:
        UsageError: lists the splits there are.
    """
    if split not in card.rows:
        raise UsageError(f"{card.name} has no split {split!r}; there are {', '.join(card.rows)}")


def way_out(card: CorpusCard, source: Source) -> str:
    """Say where the published file is and what to do about a wrong one."""
    where = source.url or card.homepage or "its authors' page"
    again = ", or remove it and it is fetched again when online" if source.url else ""
    return f"Replace it with the published file ({where}){again}."


class SourceFile:
    """A local copy of an official file, and the words to complain about it."""

    def __init__(self, card: CorpusCard, source: Source, path: Path) -> None:
        self.card = card
        self.source = source
        self.path = path
        self._last_line = 0

    def fault(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | str | None = None,
        unfinished: bool = False,
    ) -> DataInvalid:
        """Build the error for a wrong place in the file.

        Args:
            message: what was expected and what was found.
            line: line in the file, from 1.
            column: name of the field, or character in the line from 1.
            unfinished: whether a file that was cut off in the middle of its last line would look like this.
        """
        place = str(self.path)
        if line is not None:
            place += f", line {line}"
        if column is not None:
            place += f", column {column}"
        if unfinished and line is not None and line >= self._last_line > 1:
            message += " (this is the last line: the file may be cut short)"
        return DataInvalid(f"{self.card.name}: {place}: {message}. {way_out(self.card, self.source)}")

    def content(self) -> bytes:
        """The file's bytes.

        Raises:
            DataMissing: the operating system does not let it be read.
        """
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise DataMissing(f"{self.card.name}: cannot read {self.path}: {error.strerror or error}") from error

    def text(self, encoding: str = "utf-8") -> str:
        r"""Decode the whole file, with line ends as `\n` whatever system saved it.

        A UTF-8 byte-order mark, which spreadsheet programs add, is dropped: it is no part of the data.

        Raises:
            DataInvalid: a byte does not fit the encoding; names line and column.
        """
        raw = self.content()
        if raw.startswith(_UTF16_MARKS):
            raise self.fault(f"the file is UTF-16, the published one is {encoding.upper()}", line=1)
        raw = raw.removeprefix(_UTF8_MARK)
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            raise self.fault(
                f"byte 0x{raw[error.start]:02x} is not {encoding.upper()}: the file was saved in another encoding "
                "(Windows-1252 or Latin-1?)",
                line=raw.count(b"\n", 0, error.start) + 1,
                column=error.start - raw.rfind(b"\n", 0, error.start),
            ) from error
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        self._last_line = text.count("\n") + (not text.endswith("\n"))
        return text

    def lines(self, encoding: str = "utf-8") -> list[str]:
        """The file's lines without their ends; blank lines are kept."""
        lines = self.text(encoding).split("\n")
        if not lines[-1]:
            lines.pop()
        return lines

    def records(
        self, header: Sequence[str] | None = None, *, columns: int | None = None, delimiter: str = ","
    ) -> Iterator[tuple[int, list[str]]]:
        """Read comma- or tab-separated records with CSV quoting.

        Args:
            header: names that the first record must hold; None when the file has no header.
            columns: fields of every record; the header's length when it is None.
            delimiter: what stands between two fields.

        Yields:
            line on which the record starts (from 1) and its fields, all text: nothing is a missing value.

        Raises:
            DataInvalid: another header, another number of fields, or broken quoting.
        """
        reader = csv.reader(io.StringIO(self.text(), newline=""), delimiter=delimiter, strict=True)
        wanted = len(header) if header is not None else columns
        start = 1
        try:
            for fields in reader:
                if start == 1 and header is not None:
                    if fields != list(header):
                        raise self.fault(
                            f"expected the header {delimiter.join(header)!r}, found {delimiter.join(fields)[:80]!r}",
                            line=1,
                        )
                elif len(fields) != wanted:
                    raise self.fault(f"expected {wanted} fields, found {len(fields)}", line=start, unfinished=True)
                else:
                    yield start, fields
                start = reader.line_num + 1
        except csv.Error as error:
            raise self.fault(f"broken quoting ({error})", line=start, unfinished=True) from error
        if start == 1 and header is not None:
            raise self.fault("the file is empty", line=1)

    def json(self, text: str) -> Any:
        """Decode the file's text, or a line of it, as JSON; NaN is allowed, which published files hold.

        Raises:
            DataInvalid: it is no JSON, nested beyond reason, or holds a number of thousands of digits.
        """
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise self.fault(f"no JSON here ({error.msg})", line=error.lineno, column=error.colno) from error
        except (ValueError, RecursionError) as error:
            raise self.fault(f"no JSON of this corpus ({type(error).__name__}: {error})", line=1) from error

    def count(self, field: str, *, line: int, column: str) -> int:
        """Parse a whole number from 0.

        Raises:
            DataInvalid: none, or one that no file counts to.
        """
        if not field.isdecimal() or len(field) > _DIGITS:
            raise self.fault(f"expected a number from 0, found {field[:40]!r}", line=line, column=column)
        return int(field)

    def number(self, field: str, low: float, high: float, *, line: int, column: str) -> float:
        """Parse a rating.

        Raises:
            DataInvalid: not a number, or outside [low, high].
        """
        try:
            value = float(field)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise self.fault(
                f"expected a number from {low:g} to {high:g}, found {field[:40]!r}", line=line, column=column
            )
        return value
