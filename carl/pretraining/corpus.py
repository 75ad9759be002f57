"""The text that an encoder is pretrained on: JSON lines with `text`, `source` and sometimes `rating`.

Shards are read as a stream, once each, decompressed by pyarrow; no more than a few texts are in memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from carl.rated import KNOWN, is_held_out
from carl.shards import decoded, shard_lines, shards
from harness.errors import DataMissing

#: Source → title and licence as stated where it was found.
SOURCES = {
    **KNOWN,
    "reddit-self": ("Reddit, self posts (reddit-top-2.5-million)", "PDDL 1.0"),
    "reddit-title": ("Reddit, titles of link posts (reddit-top-2.5-million)", "PDDL 1.0"),
    "eltec-novels": ("ELTeC, English novels 1840 to 1920", "public domain (markup CC BY 4.0)"),
    "imdb-unsup": ("Large Movie Review Dataset v1.0, its unlabelled reviews", "none stated"),
    "tweeteval-text": ("TweetEval, texts of emoji and offensive without labels", "none stated"),
    "crowdflower-tweets": ("CrowdFlower tweets without labels", "none stated"),
    "abc": ("ABC rural and science news (NLTK abc)", "none stated"),
    "webtext": ("Web text (NLTK webtext)", "none stated"),
}

#: One unrated text in so many is held out.
_OTHER_HELD_OUT = 400


@dataclass(frozen=True, slots=True)
class CorpusText:
    """One text of the corpus."""

    text: str
    source: str
    rating: float | None
    """0 (worst) to 1 (best)."""

    @property
    def held_out(self) -> bool:
        """Whether it is kept out of training, to measure on."""
        if self.rating is not None:
            return is_held_out(self.text)
        return zlib.crc32(self.text.encode("utf-8", "replace")) % _OTHER_HELD_OUT == 0


def licence(source: str) -> tuple[str, str]:
    """Title and licence of a source; a source that is not known here says so."""
    return SOURCES.get(source, (source, "not known here"))


def read_corpus(
    directory: Path, *, sources: Sequence[str] = (), limit: int | None = None, seed: int = 0
) -> Iterator[CorpusText]:
    """Read the texts of a corpus, one after the other.

    Args:
        directory: holds `*.jsonl` or `*.jsonl.zst`.
        sources: names in the field `source`; empty for all.
        limit: most texts, a random choice over all shards that does not change their order.
        seed: of the choice.

    Raises:
        DataMissing: no shards, or no text of these sources in them.
        DataInvalid: a line is no such object, or a shard is damaged; names file and line.
        ExtraMissing: pyarrow is needed and missing.
    """
    wanted = frozenset(sources)
    files = shards(directory)
    total = sum(1 for file in files for _ in _rows(file, wanted))
    if not total:
        raise DataMissing(f"{directory} has no texts of {', '.join(sources) or 'any source'}; pass another directory")
    chosen = np.ones(total, dtype=bool)
    if limit is not None and limit < total:
        chosen[:] = False
        chosen[np.random.default_rng(seed).permutation(total)[:limit]] = True
    number = 0
    for file in files:
        for line_number, line in _rows(file, wanted):
            if chosen[number]:
                yield _decoded(file, line_number, line)
            number += 1


def _rows(file: Path, wanted: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Numbered lines of a shard; decoded only where sources are asked for."""
    for number, line in enumerate(shard_lines(file), start=1):
        if line.strip() and (not wanted or _decoded(file, number, line).source in wanted):
            yield number, line


def _decoded(file: Path, number: int, line: str) -> CorpusText:
    row = decoded(file, number, line)
    return CorpusText(row.text, row.source, row.rating)
