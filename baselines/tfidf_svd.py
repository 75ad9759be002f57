"""The `tfidf-svd` encoder: hashed n-grams weighted by tf-idf, and a sparse random projection of them.

- Words: lower-cased tokens (words with their apostrophe, runs of other marks) and pairs of neighbours.
- Characters: the 3- to 5-grams within a token with a blank at either end, as in scikit-learn's `char_wb`.

Each n-gram becomes a 64-bit number, and that is all that is kept of it: its idf is looked up and its place in the
projection derived from that number, so there is no vocabulary and no matrix. The term weight is
(1 + log n) · idf (Salton and Buckley, 1988) with the smoothed idf = 1 + log((1 + N) / (1 + df)). Word and
character features are brought to unit length apart, so that the many character n-grams do not drown the words.

The projection is the sparse Johnson-Lindenstrauss transform (Kane and Nelson, 2014, the block construction): the
dimensions fall into `_BLOCKS` blocks, and each feature adds itself with a random sign to one dimension of each.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Sequence
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.text_chunks import CountingEncoder
from harness.corpora.sample import Sample
from harness.encoder import EncoderCard

Hashes = NDArray[np.uint64]

#: Raised with every change that changes vectors.
VERSION = 1

DIMENSIONS = 256

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[^\w\s]+")

_CHARACTER_SIZES = (3, 4, 5)

_BLOCKS = 8

#: Odd 64-bit constants; `_mix` is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_ROLL = 0x100000001B3

_SEED = 0x5EED


class Features(NamedTuple):
    """The features of several texts, sorted by text, kind and hash."""

    text: NDArray[np.intp]
    hash: Hashes
    number: NDArray[np.float64]
    """How often the text has it."""
    kind: NDArray[np.intp]
    """0 for words, 1 for characters."""


def _mix(x: Hashes) -> Hashes:

    x = (x ^ (x >> np.uint64(30))) * np.uint64(_MIX_1)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(_MIX_2)
    return x ^ (x >> np.uint64(31))


def _word_hashes(tokens: Sequence[Sequence[str]]) -> tuple[NDArray[np.intp], Hashes]:
    """Text index and hash of every token and every pair of neighbours."""
    crc = zlib.crc32
    flat = [crc(token.encode("utf-8", "surrogatepass")) for found in tokens for token in found]
    text = np.repeat(np.arange(len(tokens)), [len(found) for found in tokens])
    single = _mix(np.array(flat, dtype=np.uint64) + np.uint64(_GOLDEN))
    paired = text[1:] == text[:-1]
    pairs = _mix(single[:-1] * np.uint64(3) + single[1:])[paired]
    return np.concatenate([text, text[1:][paired]]), np.concatenate([single, pairs])


def _character_hashes(tokens: Sequence[Sequence[str]]) -> tuple[NDArray[np.intp], Hashes]:
    """Text index and hash of every character n-gram."""
    padded = [f" {' '.join(found)} " if found else "" for found in tokens]
    joined = "".join(padded).encode("utf-32-le", "surrogatepass")
    code = np.frombuffer(joined, dtype="<u4").astype(np.uint64)
    text = np.repeat(np.arange(len(tokens)), [len(line) for line in padded])
    blank = code == ord(" ")
    # A gram may begin or end with a blank but not hold one, nor reach into the next text (whose first is a blank
    # that follows the last one of this text).
    blanks = np.concatenate([[0], np.cumsum(blank)])
    rolled = _mix(code + np.uint64(_GOLDEN))
    texts, hashes = [], []
    for size in _CHARACTER_SIZES:
        n = len(code) - size + 1
        if n <= 0:
            continue
        inner = blanks[size - 1 : size - 1 + n] - blanks[1 : 1 + n]
        value = np.full(n, size, dtype=np.uint64)
        for offset in range(size):
            value = value * np.uint64(_ROLL) + rolled[offset : offset + n]
        kept = inner == 0
        texts.append(text[:n][kept])
        hashes.append(_mix(value[kept]))
    empty = np.zeros(0, dtype=np.uint64)
    return np.concatenate([np.zeros(0, dtype=np.intp), *texts]), np.concatenate([empty, *hashes])


def features(texts: Sequence[str]) -> Features:
    """Count the n-grams of every text.

    Args:
        texts: any strings, a few hundred at a time.
    """
    tokens = [_TOKEN.findall(text.lower()) for text in texts]
    parts = []
    for kind, (text, hashes) in enumerate((_word_hashes(tokens), _character_hashes(tokens))):
        order = np.lexsort((hashes, text))
        text, hashes = text[order], hashes[order]
        new = np.ones(len(text), dtype=bool)
        new[1:] = (text[1:] != text[:-1]) | (hashes[1:] != hashes[:-1])
        first = np.flatnonzero(new)
        number = np.diff(first, append=len(text)).astype(np.float64)
        parts.append(Features(text[first], hashes[first], number, np.full(len(first), kind)))
    return Features(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


@cache
def fitting_texts() -> tuple[str, ...]:
    """The texts that the document frequencies come from: the training part of the embedded corpus."""
    return Sample().read("train").texts


@cache
def frequencies() -> tuple[Hashes, NDArray[np.float64], float]:
    """Sorted hashes of the features of the fitting texts, their idf, and the idf of every other feature."""
    texts = fitting_texts()
    hashes, df = np.unique(features(texts).hash, return_counts=True)
    idf = 1.0 + np.log((1.0 + len(texts)) / (1.0 + df))
    return hashes, idf, float(1.0 + np.log(1.0 + len(texts)))


def vectors(texts: Sequence[str], dimensions: int) -> NDArray[np.float32]:
    """Projected tf-idf vectors of unit length.

    Args:
        texts: any strings, a few hundred at a time.
        dimensions: length of a vector, a multiple of `_BLOCKS`.

    Returns:
        float32 of shape (len(texts), dimensions); a row of zeros for a text without tokens.
    """
    n = len(texts)
    found = features(texts)
    known, idf, most = frequencies()
    place = np.minimum(np.searchsorted(known, found.hash), len(known) - 1)
    weight = (1.0 + np.log(found.number)) * np.where(known[place] == found.hash, idf[place], most)
    group = 2 * found.text + found.kind
    norm = np.sqrt(np.bincount(group, weights=weight * weight, minlength=2 * n))
    weight = weight / np.maximum(norm, 1e-12)[group]
    out = np.zeros(n * dimensions)
    width = dimensions // _BLOCKS
    for block in range(_BLOCKS):
        drawn = _mix(found.hash + np.uint64((_SEED + block + 1) * _GOLDEN % 2**64))
        sign = 1.0 - 2.0 * (drawn >> np.uint64(63)).astype(np.float64)
        dimension = block * width + (drawn % np.uint64(width)).astype(np.intp)
        out += np.bincount(found.text * dimensions + dimension, weights=sign * weight, minlength=n * dimensions)
    table = out.reshape(n, dimensions)
    length = np.linalg.norm(table, axis=1, keepdims=True)
    return (table / np.where(length > 0, length, 1.0)).astype(np.float32)


class TfidfSvd(CountingEncoder):
    """A floor for surface overlap: what a text's words and spellings say, with no training at all.

    The classical recipe is tf-idf followed by a singular value decomposition (latent semantic analysis) fitted
    on the corpus at hand. Fitting on evaluated texts is what this benchmark refuses to any encoder, and the 1,200
    sentences that it may fit on (the embedded `sample`) are so few that a decomposition would drop nearly every word
    of a real corpus. So a fixed random projection takes its place: by Johnson and Lindenstrauss it keeps the cosines
    of the tf-idf vectors to within about 1/sqrt(256). The idf comes from those sentences; a feature that they do not
    hold has the largest idf.

    Args:
        max_length: number of words after which a text is cut; None takes the whole text.

    >>> day, night, rust = TfidfSvd().encode(["a very fine day", "a very fine night", "rust"])
    >>> day.shape, bool(day @ night > 0.5 > day @ rust)
    ((256,), True)
    """

    card = EncoderCard(
        name="tfidf-svd",
        family="floor",
        title="TF-IDF",
        weights="none: computed",
        dimensions=DIMENSIONS,
        training_data=("sample:train",),
        training_notes="Document frequencies of 1,200 sentences that a grammar of this project made; no labels.",
        licence="MIT, as this distribution",
        citation="Salton and Buckley 1988, Term-weighting approaches; Kane and Nelson 2014, Sparser "
        "Johnson-Lindenstrauss transforms (arXiv:1012.1577)",
        notes="A fixed random projection stands in for the decomposition: it is never fitted on what is evaluated, and "
        "with so small a fitting set an SVD would drop nearly every real word.",
    )

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the texts that the idf comes from, the version of the code and the options."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"tfidf-svd/{VERSION}/{DIMENSIONS}/{self.max_length}/".encode())
        for text in fitting_texts():
            digest.update(text.encode() + b"\0")
        return digest.hexdigest()

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of a few hundred texts, float32 (len(texts), 256), of length 1, or 0 for a text without features."""
        return vectors(texts, DIMENSIONS)
