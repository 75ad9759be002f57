"""The texts behind the names: which declared training sets are on this machine, and training files that users name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.contamination.judgement import identify
from harness.contamination.overlap import TrainingTexts
from harness.errors import BenchError, DataMissing, UsageError

if TYPE_CHECKING:
    from harness.corpora.base import CorpusLibrary

_HASH = re.compile(r"[0-9a-f]{16}")


def declared_texts(name: str, splits: Mapping[str, Collection[str]], library: CorpusLibrary) -> TrainingTexts | str:
    """Texts of a declared training set, or why there are none.

    Args:
        name: as on the card: `mr`, `sst5:train`, `wikipedia`.
        splits: corpus → its splits, for every corpus of this installation.
        library: reads them.
    """
    corpus, part = identify(name)
    if corpus not in splits:
        # Corpora of other distributions have no aliases: `NAME` and `NAME:SPLIT` are read as they stand.
        plain, _, split = name.partition(":")
        if plain in splits and (not split or split in splits[plain]):
            corpus, part = plain, split or None
    if corpus not in splits:
        return "its texts are not among the corpora of this installation"
    wanted = [split for split in splits[corpus] if part is None or split == part]
    if not wanted and list(splits[corpus]) == ["all"]:
        # A corpus without splits has no smaller part that could be read: the whole is the cautious answer.
        wanted = ["all"]
    if not wanted:
        return f"this installation has no part {part!r} of {corpus}"
    try:
        texts = [text for split in wanted for text in library.load(corpus, split).texts]
    except DataMissing:
        return f"the corpus {corpus} is not on this machine"
    except BenchError as error:
        return str(error)
    return TrainingTexts(name, texts, covers=(name,), part=part)


def training_file(path: Path) -> TrainingTexts:
    """Read a file of training texts: one text a line, or one hash a line as in `training_texts.txt`.

    Raises:
        UsageError: it cannot be read, is no UTF-8, or is empty.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text ({error}); give one training text a line") from error
    kept = [line for line in lines if line.strip()]
    if not kept:
        raise UsageError(f"{path} holds no text; give one training text, or the hash of one, a line")
    if all(_HASH.fullmatch(line.strip()) for line in kept):
        return TrainingTexts(path.name, hashes=(line.strip() for line in kept))
    return TrainingTexts(path.name, kept)
