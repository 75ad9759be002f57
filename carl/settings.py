"""`FIELD=VALUE` on the command line: change fields of a frozen dataclass, checked by their types."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar

from harness.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Settings = TypeVar("Settings", bound=DataclassInstance)


def changed(config: Settings, settings: Iterable[str]) -> Settings:
    """A configuration with some fields changed.

    Args:
        config: a dataclass whose fields have annotations as text (`from __future__ import annotations`): str, int,
            float, bool, tuple of str or int, or one of them or None.
        settings: `FIELD=VALUE` each; lists with commas, `none`, `true` and `false` as words.

    Raises:
        UsageError: no such field, or the value has another type.
    """
    types = {field.name: str(field.type) for field in fields(config)}
    changes: dict[str, Any] = {}
    for setting in settings:
        name, separator, value = setting.partition("=")
        if not separator or name not in types:
            raise UsageError(f"{setting!r} is not FIELD=VALUE; fields are {', '.join(types)}")
        try:
            changes[name] = _parse(value.strip(), types[name])
        except ValueError as error:
            finite = ", and finite" if types[name].startswith("float") else ""
            raise UsageError(f"{setting[:80]!r}: {name} is of type {types[name]}{finite}") from error
    return replace(config, **changes)


def _parse(value: str, kind: str) -> Any:
    if kind.endswith("| None") and value.lower() == "none":
        return None
    kind = kind.removesuffix(" | None")
    if kind == "bool":
        return {"true": True, "false": False}[value.lower()] if value.lower() in ("true", "false") else _refuse()
    if kind.startswith("tuple[int"):
        return tuple(int(part) for part in value.split(",") if part.strip())
    if kind.startswith("tuple"):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    readers: dict[str, Callable[[str], Any]] = {"int": int, "float": _finite, "str": str}
    return readers[kind](value)


def _finite(value: str) -> float:
    found = float(value)
    if not isfinite(found):
        raise ValueError
    return found


def _refuse() -> Any:
    raise ValueError
