"""What a user supplies to an encoder: a parser, a tagger, a model directory.

An encoder is made by name, so that beside an option of its constructor each such thing can be named by an environment
variable.
"""

import os
from importlib import import_module
from typing import Any

from harness.errors import UsageError


def setting(option: object, variable: str) -> Any:
    """The option when given, else the environment variable, else None."""
    return option if option is not None else os.environ.get(variable) or None


def load_extension(wanted: object, purpose: str) -> Any:
    """The object itself, or what `module:attribute` names; None stays None.

    Raises:
        UsageError: it cannot be imported; `purpose` says what it is for.
    """
    if not isinstance(wanted, str):
        return wanted
    module, _, attribute = wanted.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except Exception as error:  # a user's module may fail at import in any way
        raise UsageError(
            f"the {purpose} {wanted!r} cannot be imported ({type(error).__name__}: {error}); give module:attribute"
        ) from error


def identity(extension: object) -> str:
    """A name for the fingerprint: what the object says of itself (`fingerprint`), else where it is defined."""
    own = getattr(extension, "fingerprint", None)
    if isinstance(own, str) and own:
        return own
    kind = extension if hasattr(extension, "__qualname__") else type(extension)
    return f"{getattr(kind, '__module__', '')}:{getattr(kind, '__qualname__', repr(kind))}"
