"""What names an encoder by content: equal fingerprints, equal vectors."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import asdict
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from harness.encoder import Encoder, encode_checked

#: Sentences whose vectors stand for an encoder that does not say what it is made of.
_PROBES = (
    "The evening was warm and everyone stayed.",
    "nothing works, and nobody answers!",
    "",
    "Why would I ever go back there?",
    "ok 👍 see you at 7:30",
)


def fingerprint_of(encoder: Encoder) -> str:
    """The encoder's own `fingerprint`, or one derived from its card, its source or state, and a few vectors.

    The derived one errs on the safe side: any change of the class's file, or of one bit of the probe vectors, is
    another encoder. A change that shows in neither (a side file that matters only to other texts) is for the plugin
    to report by a `fingerprint` of its own.

    Raises:
        EncoderFault: the encoder has no fingerprint of its own and cannot encode the probe sentences.
    """
    own = getattr(encoder, "fingerprint", None)
    if isinstance(own, str) and own:
        return own
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr(sorted(asdict(encoder.card).items())).encode("utf-8", "backslashreplace"))
    try:
        source = inspect.getsourcefile(type(encoder))
    except (TypeError, OSError):  # defined in a notebook or by exec
        source = None
    if source is not None and Path(source).is_file():
        digest.update(Path(source).read_bytes())
    else:
        for parent in type(encoder).__mro__[:-1]:
            _add(digest, {name: value for name, value in vars(parent).items() if isinstance(value, FunctionType)})
        _add(digest, getattr(encoder, "__dict__", {}))
    digest.update(encode_checked(encoder, _PROBES).tobytes())
    return digest.hexdigest()


def _add(digest: Any, value: object) -> None:
    """Add a class's code or an encoder's state to a digest; objects count by their class's name."""
    if isinstance(value, dict):
        for name in sorted(value, key=str):
            digest.update(str(name).encode())
            _add(digest, value[name])
    elif isinstance(value, list | tuple):
        for item in value:
            _add(digest, item)
    elif isinstance(value, FunctionType):
        _add(digest, value.__code__)
    elif isinstance(value, CodeType):
        digest.update(value.co_code + repr(value.co_names).encode())
        _add(digest, value.co_consts)
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(repr((value.dtype.str, value.shape)).encode() + value.tobytes())
    elif isinstance(value, str | bytes | int | float | complex | bool | None):
        digest.update(repr(value).encode("utf-8", "backslashreplace"))
    else:
        digest.update(type(value).__qualname__.encode())
