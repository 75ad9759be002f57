"""Texts without labels, for a teacher: an excerpt of each, of the length that an encoder reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from carl.excerpts import excerpts
from carl.label_source import LabelSource
from carl.pretraining.corpus import licence, read_corpus
from carl.rated import CHARACTERS


def read_unlabelled(
    directory: Path, sources: Sequence[str], *, limit: int, max_length: int = 64, seed: int = 0
) -> list[LabelSource]:
    """Draw texts of a corpus folder.

    Args:
        directory: holds `*.jsonl` or `*.jsonl.zst`.
        sources: names in the field `source`.
        limit: most texts of all sources together; each text of the folder is as likely as any other.
        max_length: tokens that the encoder reads.
        seed: of the choice.

    Returns:
        One source for each name that has texts, labels NaN.

    Raises:
        DataMissing: there are no shards, or none of these sources is in them.
        DataInvalid: a line is no such object, or a shard is damaged.
        ExtraMissing: the shards are compressed and pyarrow is not installed.
    """
    generator = np.random.default_rng(seed)
    found: dict[str, list[str]] = {name: [] for name in sources}
    for row in read_corpus(directory, sources=sources, limit=limit, seed=seed):
        if not row.held_out:
            found[row.source] += excerpts(row.text, 1, CHARACTERS * max_length, generator)
    return [
        LabelSource(
            name=name,
            title=licence(name)[0],
            licence=licence(name)[1],
            texts=tuple(texts),
            labels=np.full((len(texts), 2), np.nan, dtype=np.float32),
        )
        for name, texts in found.items()
        if texts
    ]
