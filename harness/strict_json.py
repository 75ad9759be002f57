"""JSON from files that anybody may have written: read whole and plain, or refused with one kind of error.

Python's own reader takes NaN and infinities, numbers that overflow, and lone surrogates that no file can hold; and what
it raises depends on where it stumbles.
"""

from __future__ import annotations

import json
import math
from typing import Any

#: Levels of nesting: far more than any file of this program has, far fewer than exhaust the interpreter.
DEPTH = 64

#: Largest magnitude of an integer: it fits eight bytes.
LARGEST = 2**63 - 1


def loads(text: str | bytes, *, nan: bool = False) -> Any:
    """Decode a JSON document.

    >>> loads('{"value": [1, 2.5, null]}')
    {'value': [1, 2.5, None]}

    Args:
        text: the document; bytes are UTF-8.
        nan: take NaN and infinities, which Python writes where a measure has no value.

    Raises:
        ValueError: it is no JSON, or holds what JSON has no place for (NaN, infinities, lone surrogates), integers
            beyond eight bytes, or more than `DEPTH` levels.
    """
    try:
        document = json.loads(
            text if isinstance(text, str) else text.decode("utf-8"),
            parse_constant=float if nan else _refused,
            parse_float=_finite,
        )
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    _check(document)
    return document


_TOO_DEEP = f"it is nested more than {DEPTH} levels deep"


def _refused(name: str) -> float:
    raise ValueError(f"{name} is no number that JSON has")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits[:40]} is too large")
    return value


def _check(document: object) -> None:
    """Look at every value, without recursion."""
    level: list[object] = [document]
    for _ in range(DEPTH + 1):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below += [*value, *value.values()]
            elif isinstance(value, list):
                below += value
            elif isinstance(value, str):
                value.encode("utf-8")  # a lone surrogate is a ValueError
            elif isinstance(value, int) and abs(value) > LARGEST:
                raise ValueError(f"an integer of {len(str(abs(value)))} digits is too large")
        if not below:
            return
        level = below
    raise ValueError(_TOO_DEEP)
