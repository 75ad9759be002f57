"""EmoBank: sentences rated for valence, arousal and dominance (Buechel and Hahn 2017)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.corpora.base import CorpusCard, Examples, sources
from harness.corpora.files import Files, read_records

_URL = "https://raw.githubusercontent.com/JULIELab/EmoBank/6d272ffd01ea31ee8f528c012431dc16f2a5f589/corpus"
#: Ratings; means of the two panels: what readers feel, what they think that the writer felt.
_CSV, *_PANELS = sources(
    *("emobank/", f"{_URL}/"),
    ("emobank.csv", "1ade4a4a453e880c0f39d0536d2b355e8a716e0cf88236c64cdb4d438cf9605b", 1_335_010),
    ("reader.csv", "d5398f14afde4f02d3a335393b60fc4a45d03dc5ab65b6909c7c31a633dec175", 686_949),
    ("writer.csv", "311d895d21b1047cc875a9b082e1c3e17df548011d2dec8227cf3a53b0c34e0a", 684_782),
)
_HEADER = ("id", "split", "V", "A", "D", "text")
_PANEL_HEADER = ("id", "V", "A", "D", "stdV", "stdA", "stdD", "N")
_DIMENSIONS = ("valence", "arousal", "dominance")
_SCALE = (1.0, 5.0)

CARD = CorpusCard(
    name="emobank",
    title="EmoBank",
    rows={"train": 8_062, "dev": 1_000, "test": 1_000},
    labels="valence, arousal, dominance: weighted mean of reader and writer ratings, 1 to 5",
    licence="CC BY-SA 4.0",
    citation="Buechel and Hahn, EACL 2017",
    homepage="https://github.com/JULIELab/EmoBank",
    sources=(_CSV,),
    optional=tuple(_PANELS),
    checksums={
        "train": "9eefdcdc4bec76747c9e3e406794e80b",
        "dev": "f920b854b2b068124dde076904760a4a",
        "test": "448333517bb0ab87e11d73802a7a50b7",
    },
    notes=(
        "The split column of the current file is used (stratified by genre); the file of 2017 has none and "
        "is refused. Groups are the 136 documents (id without its two character offsets); 126 of them lie "
        "in more than one split. `raters` are the means of two panels of about five (reader.csv: the reader's "
        "own feeling, writer.csv: the writer's as guessed), where these files are there. One text is the word None, "
        "some have no letters: all stay."
    ),
)


class EmoBank:
    """The official CSV file; texts are never taken for missing values."""

    card = CARD

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`, in the file's order."""
        rows = [row for row in read_records(files.path(_CSV), _HEADER) if row[1] == split]
        ids = tuple(row[0] for row in rows)
        ratings = np.array([row[2:5] for row in rows], dtype=np.float64).reshape(-1, 3)
        return Examples(
            texts=tuple(row[5] for row in rows),
            ids=ids,
            labels={name: ratings[:, column].copy() for column, name in enumerate(_DIMENSIONS)},
            groups=tuple(map(document, ids)),
            scales=dict.fromkeys(_DIMENSIONS, _SCALE),
            raters=_panels(ids, files),
        )


def _panels(ids: Sequence[str], files: Files) -> dict[str, NDArray[np.float64]] | None:
    """Dimension → means of the panels (n, 2), NaN where one has no rating; None without both files."""
    paths = [path for path in map(files.find, _PANELS) if path is not None]
    if len(paths) < len(_PANELS):
        return None
    panels = [{row[0]: row[1:4] for row in read_records(path, _PANEL_HEADER)} for path in paths]
    marks = np.array([[panel.get(i, ["nan"] * 3) for panel in panels] for i in ids], dtype=np.float64)
    return {name: marks[:, :, column] for column, name in enumerate(_DIMENSIONS)}


def document(identity: str) -> str:
    """Document of a sentence: its id without the two character offsets.

    >>> document("easy_money_13624_13628")
    'easy_money'
    """
    return identity.rsplit("_", 2)[0]


CORPORA = (EmoBank(),)
