"""Made-up sentences that are part of this distribution, and minimal pairs for diagnosis.

`sample.tsv` holds 2,000 sentences with valence, arousal, dominance and an emotion, written by rule; its three parts
share no content word. They are for trying the harness, for tests and for fitting what must be fitted on no real corpus;
**they are no benchmark of record**. `minimal_pairs.tsv` holds pairs of texts that differ in one respect; no content
word of theirs occurs in the training or development sentences.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files as resources
from typing import NamedTuple

import numpy as np

from harness.corpora.base import CorpusCard, Examples, row_ids
from harness.corpora.files import Files

EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
KINDS = ("negation", "intensity", "contrast", "irrelevant")
_DIMENSIONS = ("valence", "arousal", "dominance")


@cache
def _table(name: str) -> tuple[dict[str, str], ...]:
    lines = resources(__package__).joinpath(name).read_text("utf-8").splitlines()
    return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


class Sample:
    """The `sample` corpus; see the module.

    >>> examples = Sample().read("test")
    >>> len(examples), sorted(examples.labels)
    (500, ['arousal', 'dominance', 'emotion', 'label', 'valence'])
    """

    card = CorpusCard(
        name="sample",
        title="Sample (embedded, made up)",
        rows={"train": 1200, "dev": 300, "test": 500},
        labels=(
            "valence, arousal, dominance in [-1, 1] by rule; label: polarity of the valence (0 unpleasant, "
            f"1 pleasant); emotion: class among {', '.join(EMOTIONS)}"
        ),
        licence="MIT, as this distribution",
        citation="affectbench, harness/corpora/sample.py",
        characters=48,
        notes="No benchmark of record: made-up sentences for trying the harness, for tests and for diagnosis.",
    )

    def read(self, split: str, files: Files | None = None) -> Examples:
        """Read one split; `files` is not used."""
        rows = [row for row in _table("sample.tsv") if row["split"] == split]
        ratings = {name: np.array([float(row[name]) for row in rows]) for name in _DIMENSIONS}
        return Examples(
            texts=tuple(row["text"] for row in rows),
            ids=row_ids(split, len(rows)),
            labels={
                **ratings,
                "label": (ratings["valence"] > 0).astype(np.int64),
                "emotion": np.array([EMOTIONS.index(row["emotion"]) for row in rows], dtype=np.int64),
            },
            scales=dict.fromkeys(_DIMENSIONS, (-1.0, 1.0)),
            classes=EMOTIONS,
        )


class MinimalPair(NamedTuple):
    """Two texts that differ in one respect."""

    base: str
    edited: str
    kind: str
    """`negation`: a statement and its denial; `intensity`: with an intensifier or a downtoner; `contrast`: the clauses
    around "but" change places; `irrelevant`: another thing, day or addressee."""
    direction: int
    """Sign of the change in valence from `base` to `edited`: 1, -1, or 0 for none."""


def minimal_pairs() -> tuple[MinimalPair, ...]:
    """Sixty pairs of each kind, half with a pleasant and half with an unpleasant base (contrast: first clause).

    >>> pair = minimal_pairs()[0]
    >>> pair.kind, pair.direction
    ('negation', -1)
    """
    rows = _table("minimal_pairs.tsv")
    return tuple(MinimalPair(row["base"], row["edited"], row["kind"], int(row["direction"])) for row in rows)


CORPORA = (Sample(),)
