"""Hold a corpus to its published content, whatever file it came in.

A `Pin` is what one split must hold. The happy path compares one digest (`Examples.fingerprint`). Only when
that differs are the rows looked at more closely, to tell a user *what* is wrong: rows cut off, another order,
another encoding, or an edit, and on which lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.corpora.base import CorpusCard, Examples, Source
from harness.corpora.reading import SourceFile, way_out
from harness.errors import DataInvalid

#: Rows that share one block digest; an edit is found to within this many rows.
BLOCK = 500
_ROW = 16  # bytes of a row's digest
_HEX = 4  # hexadecimal digits of a block's digest


@dataclass(frozen=True, kw_only=True)
class Pin:
    """The published content of one split."""

    rows: tuple[int, ...]
    """Rows of each official file that the split is read from, in order."""
    fingerprint: str
    """`Examples.fingerprint`."""
    unordered: str
    """Digest over texts and labels that does not depend on the order of the rows."""
    blocks: str
    """Digests of every `BLOCK` rows of each file (texts and labels), four hexadecimal digits each."""
    ascii: bool = False
    """Whether the published texts are pure ASCII."""
    odd: int = 0
    """Published texts that look wrongly decoded themselves."""
    varying: tuple[int, ...] = ()
    """Rows whose text is not pinned, because published copies differ there (the card's notes say why)."""
    ordered: str = ""
    """Digest over all rows but the varying ones, in order; only needed where some vary."""


@dataclass(frozen=True, kw_only=True)
class PinnedCard(CorpusCard):
    """A card that also says what its splits must hold."""

    pins: Mapping[str, Pin] = field(default_factory=dict)
    forms: tuple[tuple[Source, ...], ...] = ()
    """Complete sets of files, best first, any of which is enough; `(sources,)` when empty."""


@dataclass(frozen=True)
class Part:
    """The rows of a split that came from one file, and where in the file each of them stands."""

    file: SourceFile
    places: Sequence[int | str]
    """Line (or row, or file name) of each row."""
    unit: str = "line"


def row_digests(examples: Examples, varying: Sequence[int] = ()) -> list[bytes]:
    """Digest each row's text and labels (ids are left out: many corpora have none of their own)."""
    import numpy as np

    if not len(examples):
        return []
    columns = [
        np.ascontiguousarray(examples.labels[name]).reshape(len(examples), -1).view(np.uint8)
        for name in sorted(examples.labels)
    ]
    labels = np.hstack(columns) if columns else np.zeros((len(examples), 0), dtype=np.uint8)
    digests = [
        hashlib.blake2b(
            text.encode("utf-8", "surrogatepass") + b"\0" + labels[row].tobytes(), digest_size=_ROW
        ).digest()
        for row, text in enumerate(examples.texts)
    ]
    for row in varying:
        if row < len(digests):
            digests[row] = bytes(_ROW)
    return digests


def _unordered(digests: Sequence[bytes]) -> str:
    # A sum, unlike an exclusive or, notices a row that stands twice.
    total = sum(int.from_bytes(digest, "little") for digest in digests)
    return f"{total % 2 ** (8 * _ROW):0{2 * _ROW}x}"


def _ordered(digests: Sequence[bytes]) -> str:
    return hashlib.blake2b(b"".join(digests), digest_size=16).hexdigest()


def _blocks(digests: Sequence[bytes], rows: Sequence[int]) -> list[list[str]]:
    """Digests of every `BLOCK` rows of each file; a block never spans two files."""
    blocks = []
    first = 0
    for count in rows:
        own = digests[first : first + count]
        blocks.append(
            [
                hashlib.blake2b(b"".join(own[start : start + BLOCK]), digest_size=_HEX // 2).hexdigest()
                for start in range(0, count, BLOCK)
            ]
        )
        first += count
    return blocks


def pin_of(examples: Examples, rows: Sequence[int], varying: Sequence[int] = ()) -> Pin:
    """Pin what is there: for a new corpus, and for tests.

    Args:
        examples: the true rows of one split.
        rows: rows of each file that they were read from.
        varying: rows whose text is left free.
    """
    digests = row_digests(examples, varying)
    return Pin(
        rows=tuple(rows),
        fingerprint=examples.fingerprint,
        unordered=_unordered(digests),
        blocks="".join(block for blocks in _blocks(digests, rows) for block in blocks),
        ascii=all(text.isascii() for text in examples.texts),
        odd=sum(_encoding_fault(text, False) is not None for text in examples.texts),
        varying=tuple(varying),
        ordered=_ordered(digests) if varying else "",
    )


def check(examples: Examples, split: str, card: PinnedCard, parts: Sequence[Part]) -> Examples:
    """Return the examples when they are the published ones.

    Args:
        examples: the rows of one split, as read.
        split: its name.
        card: says what the split must hold.
        parts: the files they were read from, in the order of the rows.

    Raises:
        DataInvalid: says which file differs, where and how, and what to do.
    """
    pin = card.pins.get(split)
    if pin is None:  # A card under construction, or of a plugin that pins nothing but the number of rows.
        if len(examples) != card.rows[split]:
            raise parts[-1].file.fault(
                f"expected {card.rows[split]:,} rows of {card.name}/{split}, found {len(examples):,}"
            )
        return examples
    _check_counts(examples, split, card, pin, parts)
    if examples.fingerprint == pin.fingerprint:
        return examples
    digests = row_digests(examples, pin.varying)
    if pin.varying and _ordered(digests) == pin.ordered:
        return examples
    raise _content_fault(examples, split, card, pin, parts, digests)


def _differing(digests: Sequence[bytes], pin: Pin, parts: Sequence[Part]) -> list[tuple[int, int]]:
    """File and first row in it of every block whose rows are not the published ones."""
    wrong = []
    first = 0
    for index, found in enumerate(_blocks(digests, [len(part.places) for part in parts])):
        end = first + -(-pin.rows[index] // BLOCK) * _HEX
        published = [pin.blocks[i : i + _HEX] for i in range(first, end, _HEX)]
        first = end
        wrong += [(index, i * BLOCK) for i, block in enumerate(found) if i >= len(published) or block != published[i]]
    return wrong


def _check_counts(examples: Examples, split: str, card: PinnedCard, pin: Pin, parts: Sequence[Part]) -> None:
    for index, (part, expected) in enumerate(zip(parts, pin.rows, strict=True)):
        found = len(part.places)
        if found == expected:
            continue
        message = f"expected {expected:,} rows of {card.name}/{split}, found {found:,}"
        if found < expected:
            message += f": {expected - found:,} missing, the file is cut short or rows were removed"
            # Blocks before the first loss still agree and show how far the copy is right.
            wrong = _differing(row_digests(examples, pin.varying), pin, parts)
            right = next((row for file, row in wrong if file == index), found)
            if right:
                message += f" (right up to {part.unit} {part.places[right - 1]} at least)"
            size = part.file.path.stat().st_size if part.file.path.is_file() else 0
            if part.file.source.size and size and size != part.file.source.size:
                message += f"; it has {size:,} bytes, the published one {part.file.source.size:,}"
        else:
            message += f": {found - expected:,} too many, rows were added or files joined"
        raise part.file.fault(message)


def _content_fault(
    examples: Examples,
    split: str,
    card: PinnedCard,
    pin: Pin,
    parts: Sequence[Part],
    digests: Sequence[bytes],
) -> DataInvalid:
    wrong = _differing(digests, pin, parts)
    if not wrong:
        # Either the ids, or the one edit in 65,536 that a block's short digest does not see.
        same = _unordered(digests) == pin.unordered
        what = f"texts and labels of {split} are right, but the ids are not" if same else f"{split} was edited"
        names = " and ".join(str(part.file.path) for part in parts)
        return DataInvalid(f"{card.name}: {names}: {what}. {way_out(card, parts[0].file.source)}")
    part = parts[wrong[0][0]]
    stretch = _stretch(part, wrong[0][1])
    if _unordered(digests) == pin.unordered:
        return part.file.fault(
            f"the right rows of {split} in another order (first difference {stretch}); "
            "folds and batches depend on the order"
        )
    odd = _first_odd(examples, pin, parts, wrong)
    if odd is not None:
        return odd
    more = f", and in {len(wrong) - 1} other stretches of {BLOCK} rows" if len(wrong) > 1 else ""
    return part.file.fault(
        f"a text or label of {split} differs from the published one {stretch}{more}: the file was edited, "
        "re-tokenised or normalised"
    )


def _stretch(part: Part, row: int) -> str:
    """First and last place of a block."""
    last = min(row + BLOCK, len(part.places)) - 1
    return f"between {part.unit} {part.places[row]} and {part.unit} {part.places[last]}"


def _first_odd(
    examples: Examples, pin: Pin, parts: Sequence[Part], wrong: Sequence[tuple[int, int]]
) -> DataInvalid | None:
    """The fault of the first wrongly decoded row, if more rows look so than in the published file."""
    reasons = [_encoding_fault(text, pin.ascii) for text in examples.texts]
    if sum(reason is not None for reason in reasons) <= pin.odd:
        return None
    first = [sum(len(part.places) for part in parts[:index]) for index in range(len(parts))]
    for index, start in wrong:
        part = parts[index]
        for row in range(start, min(start + BLOCK, len(part.places))):
            reason = reasons[first[index] + row]
            if reason is not None:
                return part.file.fault(f"{part.unit} {part.places[row]} is mis-encoded: {reason}")
    return None


def _encoding_fault(text: str, ascii_only: bool) -> str | None:
    """Why a text looks wrongly decoded, if it does."""
    if "\N{REPLACEMENT CHARACTER}" in text:
        return "it holds U+FFFD, the sign that stands for bytes that could not be decoded"
    if text.isascii():
        return None
    if ascii_only:
        character = next(c for c in text if not c.isascii())
        return f"it holds {character!r} (U+{ord(character):04X}), the published texts are pure ASCII"
    for encoding in ("cp1252", "latin-1"):
        try:
            repaired = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if repaired != text:
            return "UTF-8 was read as Windows-1252 and saved again (accents became two or three signs)"
    return None
