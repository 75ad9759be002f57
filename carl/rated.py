"""Rated reviews as valence labels: JSON lines with `text`, `source` and `rating` (0 worst, 1 best).

A rating says nothing about arousal, which stays unknown (NaN).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from carl.label_source import LabelSource
from harness.errors import DataInvalid, DataMissing, ExtraMissing, UsageError

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


def read_rated(
    directory: Path, sources: Sequence[str], *, limit: int, balanced: bool = True, seed: int = 0
) -> list[LabelSource]:
    """Read rated reviews from every shard of a folder.

    Args:
        directory: holds `*.jsonl` or `*.jsonl.zst`; texts without a rating are passed over.
        sources: names in the field `source`; of `KNOWN`.
        limit: most texts of all sources together, a random choice.
        balanced: thin the larger of the halves above and below 0.5 of each source to the size of the smaller.
        seed: of the choice.

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
    found: dict[str, tuple[list[str], list[float]]] = {name: ([], []) for name in sources}
    shards = sorted([*directory.glob("*.jsonl"), *directory.glob("*.jsonl.zst")])
    if not shards:
        raise DataMissing(f"{directory} holds no *.jsonl or *.jsonl.zst; pass another `--corpus-dir`")
    for shard in shards:
        for text, source, rating in _rows(shard):
            if source in found:
                found[source][0].append(text)
                found[source][1].append(rating)
    generator = np.random.default_rng(seed)
    pools = {}
    for name, (texts, ratings) in found.items():
        values = np.array(ratings, dtype=np.float64)
        pools[name] = (texts, values, _balanced(values, generator) if balanced else np.arange(len(texts)))
    tagged = [(name, row) for name, (_, _, rows) in pools.items() for row in rows.tolist()]
    if not tagged:
        raise DataMissing(f"{directory} has no rated texts of {', '.join(sources)}; pass another `--corpus-dir`")
    kept = sorted(generator.permutation(len(tagged))[:limit].tolist())
    result = []
    for name, (texts, values, _) in pools.items():
        rows = [tagged[place][1] for place in kept if tagged[place][0] == name]
        if rows:
            labels = np.full((len(rows), 2), np.nan, dtype=np.float32)
            labels[:, 0] = 2 * values[rows] - 1
            title, licence = KNOWN[name]
            result.append(
                LabelSource(
                    name=name, title=title, licence=licence, texts=tuple(texts[row] for row in rows), labels=labels
                )
            )
    return result


def _balanced(ratings: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Rows with as many ratings above 0.5 as below, the middle ones all kept."""
    high, low = np.flatnonzero(ratings > 0.5), np.flatnonzero(ratings < 0.5)
    size = min(len(high), len(low))
    parts = [np.flatnonzero(ratings == 0.5), *(generator.permutation(half)[:size] for half in (high, low))]
    return np.sort(np.concatenate(parts)).astype(np.int64)


def _rows(shard: Path) -> Iterator[tuple[str, str, float]]:
    for number, line in enumerate(_lines(shard), start=1):
        if '"rating"' not in line:
            continue  # most of an unrated shard; not worth decoding
        try:
            row = json.loads(line)
            text, source, rating = row["text"], row["source"], row.get("rating")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataInvalid(
                f"{shard}, line {number}: expected an object with `text` and `source`, found {line[:40]!r}; "
                "fetch the shard again"
            ) from error
        if rating is None:
            continue
        if not isinstance(text, str) or not isinstance(rating, int | float) or not 0 <= rating <= 1:
            raise DataInvalid(f"{shard}, line {number}: `rating` is {rating!r}, expected a number from 0 to 1")
        yield text, source, float(rating)


def _lines(shard: Path) -> Iterator[str]:
    if shard.suffix == ".zst":
        try:
            import pyarrow as pa
        except ImportError as error:
            raise ExtraMissing("compressed shards need pyarrow: pip install pyarrow, or decompress them") from error
        try:
            with pa.input_stream(str(shard), compression="zstd") as stream:
                yield from io.TextIOWrapper(stream, encoding="utf-8")
        except OSError as error:
            raise DataInvalid(f"{shard} is damaged ({error}); fetch it again") from error
        return
    with shard.open(encoding="utf-8") as file:
        yield from file
