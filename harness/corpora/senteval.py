"""Read SentEval's two-file tasks (MR, CR, SUBJ, MPQA): one file a class, one tokenised sentence a line.

Follows `senteval/binary.py` (facebookresearch/SentEval): Latin-1, tokens between any white space, the rows of
the first file before those of the second. Texts are the tokens joined with single blanks, as SentEval's encoders
get them. The corpora that share this form subclass `TwoFiles`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from harness.corpora.base import Examples, Files, Source, row_ids
from harness.corpora.pins import Part, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split
from harness.corpora.sources import Recipe

#: A public mirror of the files that SentEval's download script makes (its own links are dead).
MIRROR = "https://raw.githubusercontent.com/FreedomIntelligence/qnn"


class TwoFiles:
    """A binary task in two files, the class of a row given by its file."""

    sources: ClassVar[tuple[Source, Source]]
    """The files, in SentEval's order."""
    file_labels: ClassVar[tuple[int, int]] = (1, 0)
    """Label of the rows of each."""
    classes: ClassVar[tuple[str, str]] = ("negative", "positive")
    """Names of labels 0 and 1."""
    recipes: ClassVar[Mapping[str, Recipe]] = {}

    def __init__(self, card: PinnedCard) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read the task.

        Blank lines are kept as empty texts, as SentEval keeps them.

        Args:
            split: `all`; the task is cross-validated.
            files: where the official files are.

        Raises:
            DataMissing: a file is not there.
            DataInvalid: a file is not the published one.
        """
        import numpy as np

        require_split(self.card, split)
        texts: list[str] = []
        labels: list[int] = []
        parts = []
        for source, label in zip(self.sources, self.file_labels, strict=True):
            file = SourceFile(self.card, source, files.path(source))
            lines = file.lines("latin-1")
            texts += [" ".join(line.split()) for line in lines]
            labels += [label] * len(lines)
            parts.append(Part(file, range(1, len(lines) + 1)))
        examples = Examples(
            texts=tuple(texts),
            ids=row_ids(split, len(texts)),
            labels={"label": np.array(labels, dtype=np.int64)},
            classes=self.classes,
        )
        return check(examples, split, self.card, parts)
