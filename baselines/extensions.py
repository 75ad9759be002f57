"""Finding what a user supplies to an encoder: a parser, a tagger, a model directory.

An encoder is made by name, so that beside an option of its constructor each such thing can be named by an
environment variable, and a parser or tagger also by an entry point of any installed distribution.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from harness.errors import UsageError


def setting(option: object, variable: str) -> Any:
    """The option when given, else the environment variable, else None."""
    return option if option is not None else os.environ.get(variable) or None


def find_extension(wanted: object, group: str, purpose: str) -> Any | None:
    """Load what a user named, or the only one that is installed.

    Args:
        wanted: the object itself; `module:attribute`; the name of an entry point; None takes the only entry point
            of the group.
        group: e.g. `bench.parsers`.
        purpose: what it is for, for the error message.

    Returns:
        The object, None when nothing was named and none is installed.

    Raises:
        UsageError: there is none of this name, it cannot be imported, or several are installed and none was named.
    """
    if wanted is not None and not isinstance(wanted, str):
        return wanted
    installed = {point.name: point for point in entry_points(group=group)}
    try:
        if wanted is None:
            if len(installed) > 1:
                raise UsageError(f"several {purpose}s are installed ({', '.join(sorted(installed))}): name one")
            return next(iter(installed.values())).load() if installed else None
        if wanted in installed:
            return installed[wanted].load()
        module, _, attribute = wanted.partition(":")
        if not attribute:
            names = ", ".join(sorted(installed)) or "none"
            raise UsageError(f"there is no {purpose} {wanted!r}: give module:attribute or an installed one ({names})")
        return getattr(import_module(module), attribute)
    except UsageError:
        raise
    except Exception as error:  # a user's module may fail at import in any way
        raise UsageError(
            f"the {purpose} {wanted or ', '.join(installed)} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def identity(extension: object) -> str:
    """A name for the fingerprint: what the object says of itself (`fingerprint`), else where it is defined."""
    own = getattr(extension, "fingerprint", None)
    if isinstance(own, str) and own:
        return own
    kind = extension if hasattr(extension, "__qualname__") else type(extension)
    return f"{getattr(kind, '__module__', '')}:{getattr(kind, '__qualname__', repr(kind))}"
