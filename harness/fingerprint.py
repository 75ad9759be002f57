"""What names an encoder by content: equal fingerprints, equal vectors."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import asdict
from pathlib import Path

from harness.encoder import Encoder
from harness.errors import EncoderFault

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
    from harness.conformance import checked_vectors

    try:
        vectors = encoder.encode(list(_PROBES))
    except Exception as error:
        if hasattr(error, "status"):
            raise
        raise EncoderFault(f"{encoder.card.name} raised {type(error).__name__} while encoding: {error}") from error
    digest.update(checked_vectors(vectors, len(_PROBES), encoder.card.name).tobytes())
    return digest.hexdigest()
