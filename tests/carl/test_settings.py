"""Fields of a dataclass from the command line."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from carl.settings import changed
from harness.errors import UsageError


@dataclass(frozen=True)
class Sizes:
    width: int = 4
    rate: float = 0.5
    name: str = "a"
    deep: bool = False
    limit: int | None = 3
    layers: tuple[int, ...] = (0,)
    words: tuple[str, ...] = ()


def test_every_type_is_read():
    settings = ("width=7", "rate=1e-3", "name= b ", "deep=TRUE", "limit=none", "layers=2,0", "words=x, y")
    expected = Sizes(7, 1e-3, "b", True, None, (2, 0), ("x", "y"))
    assert changed(Sizes(), settings) == expected
    assert changed(expected, ["words=", "limit=2"]) == Sizes(7, 1e-3, "b", True, 2, (2, 0), ())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("width", "is not FIELD=VALUE"),
        ("depth=3", "fields are width, rate"),
        ("width=3.5", "width is of type int"),
        ("deep=1", "deep is of type bool"),
        ("layers=a", "layers is of type tuple"),
        ("width=none", "width is of type int"),
    ],
)
def test_what_does_not_fit_is_named(setting, message):
    with pytest.raises(UsageError, match=message):
        changed(Sizes(), [setting])
