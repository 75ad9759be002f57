"""What names an encoder by content: equal fingerprints, equal vectors."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import asdict
from pathlib import Path

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
    """The encoder's own `fingerprint`, or one derived from its card, its source and a few vectors.

    The derived one errs on the safe side: any change of the class's file, or of one bit of the probe vectors,
    is another encoder, whose texts are encoded again.

    Raises:
        EncoderFault: the encoder has no fingerprint of its own and cannot encode the probe sentences.
    """
    own = getattr(encoder, "fingerprint", None)
    if isinstance(own, str) and own:
        return own
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr(sorted(asdict(encoder.card).items())).encode())
    try:
        source = inspect.getsourcefile(type(encoder))
    except TypeError:  # defined in a notebook or by exec
        source = None
    if source is not None and Path(source).is_file():
        digest.update(Path(source).read_bytes())
    digest.update(encode_checked(encoder, _PROBES).tobytes())
    return digest.hexdigest()
