"""Rows that share another row's encoder: with a prompt before every text, or with smaller vectors.

`NAME@256d` keeps the first 256 dimensions and scales the rest to length 1, as Matryoshka embeddings are used
(Kusupati et al. 2022). `NAME@int8` stores a dimension in one byte and a vector's scale in four: its largest value is
127. That scale is the vector's own, so that no text has a part in another's vector; ranges that are calibrated on the
texts of a corpus would carry test texts into training. `NAME@binary` keeps the sign of each dimension in one bit. All
are computed from the full vectors, which are encoded and cached once.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.encoder import Encoder, EncoderCard, encode_checked, fingerprint_of
from harness.errors import UsageError

_REDUCTION = re.compile(r"((?:@[1-9]\d*d)?(?:@(?:int8|binary))?)$")


def split_reduction(spec: str) -> tuple[str, tuple[str, ...]]:
    """What a user typed, without the reduction at its end, and the reduction's steps.

    >>> split_reduction("minilm@mean@256d@int8"), split_reduction("minilm@mean")
    (('minilm@mean', ('256d', 'int8')), ('minilm@mean', ()))
    """
    found = _REDUCTION.search(spec)
    end = found.group() if found else ""
    return spec.removesuffix(end), tuple(end.split("@")[1:])


def reduce_vectors(vectors: NDArray[np.float32], steps: Sequence[str]) -> NDArray[np.float32]:
    """Vectors (n, d) after a reduction (`256d`, then `int8` or `binary`), in float32 whatever it stores them in.

    Raises:
        UsageError: there are no more dimensions than are to be kept.

    >>> reduce_vectors(np.array([[4.0, -4.0, 12.0]], np.float32), ["2d", "int8"]).astype(float).round(3).tolist()
    [[0.707, -0.707]]
    >>> reduce_vectors(np.array([[3.0, -4.0, 12.0, 0.0]], np.float32), ["binary"]).tolist()
    [[0.5, -0.5, 0.5, -0.5]]
    """
    for step in steps:
        if step == "int8":
            scale = np.maximum(np.abs(vectors).max(axis=1, keepdims=True) / 127, np.finfo(np.float32).tiny)
            vectors = np.rint(vectors / scale) * scale
        elif step == "binary":
            vectors = np.where(vectors > 0, 1, -1) / np.sqrt(vectors.shape[1])
        else:
            kept = vectors[:, : _kept(step, vectors.shape[1])]
            vectors = kept / np.maximum(np.linalg.norm(kept, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _kept(step: str, dimensions: int) -> int:
    if (size := int(step[:-1])) >= dimensions:
        raise UsageError(f"@{step} keeps the first dimensions of a longer vector; this one has {dimensions}")
    return size


def vector_bytes(dimensions: int, steps: Sequence[str]) -> int:
    """Bytes that a vector takes in storage: four a dimension, unless it is stored as `int8` or `binary`."""
    stored = {"int8": dimensions + 4, "binary": -(-dimensions // 8)}
    return stored.get(steps[-1] if steps else "", 4 * dimensions)


def varied_fingerprint(fingerprint: str, prompt: str, steps: Sequence[str]) -> str:
    """The fingerprint of an encoder with a prompt and a reduction; its own without either."""
    if not prompt and not steps:
        return fingerprint
    content = json.dumps([fingerprint, prompt, list(steps)]).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def reduced_card(card: EncoderCard, steps: Sequence[str]) -> dict[str, Any]:
    """What is new on the card of a reduced row: name, title, dimensions.

    Raises:
        UsageError: it has no more dimensions than are to be kept.
    """
    size = card.dimensions
    if size and steps[0].endswith("d"):
        size = _kept(steps[0], size)
    return {**marked_card(card, steps), "dimensions": size}


def marked_card(card: EncoderCard, marks: Sequence[str]) -> dict[str, Any]:
    """Name and title of a row with marks; the pooling stays at the title's end, where tables look for it."""
    end = f" ({card.pooling})" if card.shown.endswith(f" ({card.pooling})") else ""
    return {"name": "@".join([card.name, *marks]), "title": " ".join([card.shown.removesuffix(end), *marks]) + end}


def prompt_mark(prompts: Mapping[str, str]) -> str:
    """What marks a row whose prompts are not those of the card: a digest of them, or that there are none."""
    if not any(prompts.values()):
        return "no-prompt"
    content = json.dumps(sorted(prompts.items())).encode()
    return f"prompt-{hashlib.blake2b(content, digest_size=3).hexdigest()}"


class Variant:
    """An encoder with a prompt, a reduction, or both; everything else is asked of the encoder itself."""

    def __init__(self, encoder: Encoder, card: EncoderCard, steps: Sequence[str]) -> None:
        self.encoder, self.card, self.steps = encoder, card, tuple(steps)
        self.prompt = card.prompt()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["encoder"], name)

    @property
    def fingerprint(self) -> str:
        """See `varied_fingerprint`."""
        return varied_fingerprint(fingerprint_of(self.encoder), self.prompt, self.steps)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `harness.encoder.Encoder.encode`."""
        return reduce_vectors(encode_checked(self.encoder, [self.prompt + text for text in texts]), self.steps)
