"""Rated reviews as valence labels: JSON lines with `text`, `source` and `rating` (0 worst, 1 best).

A rating says nothing about arousal, which stays unknown (NaN).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from carl.excerpts import excerpts
from carl.label_source import LabelSource
from carl.normal_form import text_hash
from carl.shards import decoded, shard_lines, shards
from harness.errors import DataMissing, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Source → title and licence as stated where it was found.
KNOWN = {
    "steam": ("Steam reviews (recommended or not)", "MIT (repositories; the reviews are by users of Steam)"),
    "movie-polarity2": ("Pang and Lee polarity v2.0 (NLTK movie_reviews)", "CC BY 4.0"),
    "pros-cons": ("Pros and cons phrases (NLTK pros_cons)", "CC BY 4.0"),
    "movie-scale": ("Pang and Lee scale data v1.0", "none stated"),
    "amazon-4domain": ("Multi-Domain Sentiment Dataset v2.0", "none stated"),
    "restaurant-reviews": ("Restaurant reviews", "none stated"),
    "app-reviews": ("Android app reviews", "none stated"),
}


#: Characters of an excerpt for each token that the encoder reads; English has four to five, and excerpts that are
#: cut a little lose less than ones that leave room.
CHARACTERS = 4

#: One text in so many is held out for development scores, chosen by its hash.
_HELD_OUT = 20


@dataclass(frozen=True)
class _Pool:
    """Texts of one source with ratings from 0 to 1."""

    texts: list[str]
    ratings: list[float]

    def select(self, rows: Iterable[int]) -> _Pool:
        kept = list(rows)
        return _Pool([self.texts[row] for row in kept], [self.ratings[row] for row in kept])


def read_rated(
    directory: Path,
    sources: Sequence[str],
    *,
    limit: int,
    balanced: bool = True,
    excerpt_count: int = 0,
    max_length: int = 64,
    seed: int = 0,
    development: bool = False,
) -> list[LabelSource]:
    """Read rated reviews from every shard of a folder.

    Args:
        directory: holds `*.jsonl` or `*.jsonl.zst`; texts without a rating are passed over.
        sources: names in the field `source`; of `KNOWN`.
        limit: most texts of all sources together. They are drawn so that no source has more than an equal share
            while another one has texts left.
        balanced: thin the larger of the halves above and below 0.5 of each source to the size of the smaller.
        excerpt_count: excerpts of each text that is longer than `max_length` tokens are likely to be; 0 for none.
        max_length: tokens that the encoder reads.
        seed: of the choice.
        development: read the texts that are held out of training (one in twenty, by a hash of the text), in place
            of the others.

    Returns:
        One source for each name that has texts, valence 2 · rating − 1.

    Raises:
        UsageError: a source that is not known.
        DataMissing: there are no shards, or none of these sources is in them.
        DataInvalid: a line is no such object; names file and line.
    """
    unknown = [name for name in sources if name not in KNOWN]
    if unknown:
        raise UsageError(f"unknown rated source {', '.join(unknown)}; there are {', '.join(KNOWN)}")
    found = {name: _Pool([], []) for name in sources}
    for shard in shards(directory):
        for text, source, rating in _rows(shard):
            if source in found and is_held_out(text) == development:
                found[source].texts.append(text)
                found[source].ratings.append(rating)
    generator = np.random.default_rng(seed)
    pools = {}
    for name, pool in found.items():
        kept = pool.select(_balanced(np.array(pool.ratings), generator)) if balanced else pool
        pools[name] = _excerpts(kept, excerpt_count, CHARACTERS * max_length, generator) if excerpt_count else kept
    quotas = equal_shares([len(pool.texts) for pool in pools.values()], limit)
    if not sum(quotas):
        raise DataMissing(f"{directory} has no rated texts of {', '.join(sources)}; pass another `--corpus-dir`")
    return [
        _label_source(name, pool.select(sorted(generator.permutation(len(pool.texts))[:quota].tolist())))
        for (name, pool), quota in zip(pools.items(), quotas, strict=True)
        if quota
    ]


def equal_shares(sizes: Sequence[int], limit: int) -> list[int]:
    """Share out a number of texts: equally, and what a small source leaves to the others.

    >>> equal_shares([5, 100, 100], 45)
    [5, 20, 20]
    >>> equal_shares([5, 7], 45)
    [5, 7]
    """
    quotas = [0] * len(sizes)
    left = min(limit, sum(sizes))
    order = sorted(range(len(sizes)), key=lambda place: sizes[place])
    for done, place in enumerate(order):
        quotas[place] = min(sizes[place], left // (len(order) - done))
        left -= quotas[place]
    return quotas


def _label_source(name: str, pool: _Pool) -> LabelSource:
    labels = np.full((len(pool.texts), 2), np.nan, dtype=np.float32)
    labels[:, 0] = 2 * np.array(pool.ratings) - 1
    title, licence = KNOWN[name]
    return LabelSource(name=name, title=title, licence=licence, texts=tuple(pool.texts), labels=labels)


def is_held_out(text: str) -> bool:
    """Whether a rated text is kept for development scores and trains nothing, here and in pretraining."""
    return int(text_hash(text), 16) % _HELD_OUT == 0


def _excerpts(pool: _Pool, count: int, size: int, generator: np.random.Generator) -> _Pool:
    pairs = [
        (piece, rating)
        for text, rating in zip(pool.texts, pool.ratings, strict=True)
        for piece in excerpts(text, count, size, generator)
    ]
    return _Pool([text for text, _ in pairs], [rating for _, rating in pairs])


def _balanced(ratings: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Rows with as many ratings above 0.5 as below, the middle ones all kept."""
    high, low = np.flatnonzero(ratings > 0.5), np.flatnonzero(ratings < 0.5)
    size = min(len(high), len(low))
    parts = [np.flatnonzero(ratings == 0.5), *(generator.permutation(half)[:size] for half in (high, low))]
    return np.sort(np.concatenate(parts)).astype(np.int64)


def _rows(shard: Path) -> Iterator[tuple[str, str, float]]:
    for number, line in enumerate(shard_lines(shard), start=1):
        if '"rating"' not in line:
            continue  # most of an unrated shard; not worth decoding
        row = decoded(shard, number, line)
        if row.rating is not None:
            yield row.text, row.source, row.rating
