"""EmoBank: sentences rated for valence, arousal and dominance (Buechel and Hahn 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.corpora.base import Examples, Files, Source
from harness.corpora.pins import Part, Pin, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split
from harness.corpora.sources import LocalFiles

_URL = "https://raw.githubusercontent.com/JULIELab/EmoBank/6d272ffd01ea31ee8f528c012431dc16f2a5f589/corpus"
_CSV = Source(
    path="emobank/emobank.csv",
    sha256="1ade4a4a453e880c0f39d0536d2b355e8a716e0cf88236c64cdb4d438cf9605b",
    size=1_335_010,
    url=f"{_URL}/emobank.csv",
)
#: Means of the two panels: what readers feel, what they think that the writer felt.
_PANELS = (
    Source(
        path="emobank/reader.csv",
        sha256="d5398f14afde4f02d3a335393b60fc4a45d03dc5ab65b6909c7c31a633dec175",
        size=686_949,
        url=f"{_URL}/reader.csv",
    ),
    Source(
        path="emobank/writer.csv",
        sha256="311d895d21b1047cc875a9b082e1c3e17df548011d2dec8227cf3a53b0c34e0a",
        size=684_782,
        url=f"{_URL}/writer.csv",
    ),
)
_HEADER = ("id", "split", "V", "A", "D", "text")
_PANEL_HEADER = ("id", "V", "A", "D", "stdV", "stdA", "stdD", "N")
_SCALE = (1.0, 5.0)

CARD = PinnedCard(
    name="emobank",
    title="EmoBank",
    rows={"train": 8_062, "dev": 1_000, "test": 1_000},
    labels="valence, arousal, dominance: weighted mean of reader and writer ratings, 1 to 5",
    licence="CC BY-SA 4.0",
    citation="Buechel and Hahn, EACL 2017",
    homepage="https://github.com/JULIELab/EmoBank",
    sources=(_CSV,),
    optional=_PANELS,
    pins={
        "train": Pin(
            rows=(8_062,),
            fingerprint="9eefdcdc4bec76747c9e3e406794e80b",
            unordered="2bcc03253f574467463e526b3f3260dd",
            blocks="3fa278587cb83a81729813515809cd9c159937e8ed4f9599821790f7b13fa8e95433",
        ),
        "dev": Pin(
            rows=(1_000,),
            fingerprint="f920b854b2b068124dde076904760a4a",
            unordered="c34cc60cb219fb34083fca08c7832178",
            blocks="61e07319",
        ),
        "test": Pin(
            rows=(1_000,),
            fingerprint="448333517bb0ab87e11d73802a7a50b7",
            unordered="a41f25a5979d9b3876ef1d5aca1f6be2",
            blocks="72252433",
        ),
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

    def __init__(self, card: PinnedCard = CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`, in the file's order.

        Raises:
            DataMissing: the file is not there.
            DataInvalid: it is not the published one.
        """
        require_split(self.card, split)
        file = SourceFile(self.card, _CSV, files.path(_CSV))
        lines, ids, texts = [], [], []
        ratings: list[tuple[float, float, float]] = []
        for line, (identity, part, v, a, d, text) in file.records(_HEADER):
            if part != split:
                if part not in self.card.rows:
                    raise file.fault(
                        f"expected {', '.join(self.card.rows)}, found {part[:40]!r}", line=line, column="split"
                    )
                continue
            valence, arousal, dominance = (
                file.number(value, *_SCALE, line=line, column=column)
                for value, column in ((v, "V"), (a, "A"), (d, "D"))
            )
            ratings.append((valence, arousal, dominance))
            lines.append(line)
            ids.append(identity)
            texts.append(text)
        columns = np.array(ratings, dtype=np.float64).reshape(len(ratings), 3).T
        names = ("valence", "arousal", "dominance")
        examples = Examples(
            texts=tuple(texts),
            ids=tuple(ids),
            labels={name: column.copy() for name, column in zip(names, columns, strict=True)},
            groups=tuple(document(identity) for identity in ids),
            scales=dict.fromkeys(names, _SCALE),
            raters=self._raters(ids, files),
        )
        return check(examples, split, self.card, [Part(file, lines)])

    def _raters(self, ids: Sequence[str], files: Files) -> dict[str, NDArray[np.float64]] | None:
        """Dimension → means of the panels (n, 2), NaN where one has no rating; None without both files."""
        found = [files.find(source) for source in _PANELS] if isinstance(files, LocalFiles) else []
        panels: list[dict[str, list[str]]] = [
            {row[0]: row[1:4] for _, row in SourceFile(self.card, *hit).records(_PANEL_HEADER)} for hit in found if hit
        ]
        if len(panels) < len(_PANELS):
            return None
        marks = np.array([[panel.get(i, ["nan"] * 3) for panel in panels] for i in ids], dtype=np.float64)
        return {name: marks[:, :, d] for d, name in enumerate(("valence", "arousal", "dominance"))}


def document(identity: str) -> str:
    """Document of a sentence: its id without the two character offsets.

    >>> document("easy_money_13624_13628")
    'easy_money'
    """
    return identity.rsplit("_", 2)[0]
