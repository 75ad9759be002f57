"""Damage to files, as machines, editors and strangers do it; the same seed gives the same damage."""

import random
from collections.abc import Callable

#: What readers of numbers, tables and JSON stumble over.
_TOKENS = (
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\r\n", b"\n\n", b'"', b'""', b"\t", b",", b"|", b"\\"),
    *(b"NaN", b"Infinity", b"-1e999", b"1" * 5000, b"-0", b"1e308", b"null", b"true", b"[]", b"{}", b'"\\ud800"'),
    *(b"[" * 2000, b'{"a":' * 2000, b"../../etc/passwd", b"/etc/passwd", b"<script>", "٣".encode(), b"\xed\xa0\x80"),
)


def _flip(content: bytearray, draw: random.Random) -> bytearray:
    for _ in range(draw.randint(1, 4)):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    return content


def _insert(content: bytearray, draw: random.Random) -> bytearray:
    at = draw.randrange(len(content) + 1)
    return content[:at] + draw.choice(_TOKENS) + content[at:]


def _random(content: bytearray, draw: random.Random) -> bytearray:
    at = draw.randrange(len(content) + 1)
    return content[:at] + draw.randbytes(draw.randint(1, 16)) + content[at:]


def _span(content: bytearray, draw: random.Random) -> tuple[int, int]:
    start = draw.randrange(len(content))
    return start, min(len(content), start + draw.choice((1, 2, 5, 20, 200)))


def _delete(content: bytearray, draw: random.Random) -> bytearray:
    start, stop = _span(content, draw)
    return content[:start] + content[stop:]


def _repeat(content: bytearray, draw: random.Random) -> bytearray:
    start, stop = _span(content, draw)
    return content[:stop] + content[start:stop] * draw.randint(1, 3) + content[stop:]


def _truncate(content: bytearray, draw: random.Random) -> bytearray:
    return content[: draw.randrange(len(content) + 1)]


def _swap_lines(content: bytearray, draw: random.Random) -> bytearray:
    lines = content.split(b"\n")
    draw.shuffle(lines)
    return bytearray(b"\n".join(lines))


def _swap_columns(content: bytearray, draw: random.Random) -> bytearray:
    mark = draw.choice((b"\t", b",", b"|", b":"))
    lines = [line.split(mark) for line in content.split(b"\n")]
    for fields in lines:
        draw.shuffle(fields)
    return bytearray(b"\n".join(mark.join(fields) for fields in lines))


def _replace_word(content: bytearray, draw: random.Random) -> bytearray:
    """Something else in place of a word or a number."""
    words = content.replace(b",", b" ").replace(b":", b" ").split()
    return content.replace(draw.choice(words), draw.choice(_TOKENS), 1) if words else content


_KINDS: tuple[Callable[[bytearray, random.Random], bytearray], ...] = (
    *(_flip, _insert, _random, _delete, _repeat),
    *(_truncate, _swap_lines, _swap_columns, _replace_word),
)


def mutated(content: bytes, seed: int) -> bytes:
    """The content with one to four kinds of damage.

    Args:
        content: of a valid file.
        seed: decides which.
    """
    draw = random.Random(seed)
    found = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        if found:
            found = bytearray(draw.choice(_KINDS)(found, draw))
    return bytes(found)
