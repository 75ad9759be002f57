"""Facebook valence-arousal: status messages rated by two raters (Preotiuc-Pietro et al. 2016)."""

from __future__ import annotations

from harness.corpora.base import Examples, Files, Source, row_ids
from harness.corpora.pins import Part, Pin, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split

_CSV = Source(
    path="facebook-va/dataset-fb-valence-arousal-anon.csv",
    sha256="303898828e8bace5d132783275bbead1b846c293c1d6b09f07d6f1674ebda47c",
    size=283_672,
    url=(
        "https://raw.githubusercontent.com/wwbp/additional_data_sets/2f51266add949268cd321a2d0568fd9f39da810c/"
        "valence_arousal/dataset-fb-valence-arousal-anon.csv"
    ),
)
_HEADER = ("Anonymized Message", "Valence1", "Valence2", "Arousal1", "Arousal2")
_SCALE = (1.0, 9.0)

CARD = PinnedCard(
    name="facebook",
    title="Facebook valence-arousal",
    rows={"all": 2_895},
    labels="valence, arousal: mean of two raters, integers 1 to 9 each",
    licence="GPL-3.0 (repository)",
    citation="Preotiuc-Pietro et al., WASSA 2016",
    homepage="https://github.com/wwbp/additional_data_sets",
    sources=(_CSV,),
    pins={
        "all": Pin(
            rows=(2_895,),
            fingerprint="54963a6bba329a4c007c0c7c4c5ffc52",
            unordered="eb11cf50b54903b46cbe535721847120",
            blocks="0bf07ed978d4726eff7dc4b9",
            odd=26,
        ),
    },
    notes=(
        "No fixed split. One message is the empty string; it stays. The published file has CRLF line ends; "
        "LF copies are the same data. 26 published messages hold wrongly decoded signs; they stay."
    ),
)


class Facebook:
    """The official CSV file."""

    def __init__(self, card: PinnedCard = CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read all messages (`all`).

        Raises:
            DataMissing: the file is not there.
            DataInvalid: it is not the published one.
        """
        import numpy as np

        require_split(self.card, split)
        file = SourceFile(self.card, _CSV, files.path(_CSV))
        lines, texts = [], []
        ratings = []
        for line, (text, *fields) in file.records(_HEADER):
            for field, column in zip(fields, _HEADER[1:], strict=True):
                if len(field) != 1 or field not in "123456789":
                    raise file.fault(f"expected an integer from 1 to 9, found {field[:40]!r}", line=line, column=column)
            ratings.append([int(field) for field in fields])
            lines.append(line)
            texts.append(text)
        table = np.array(ratings, dtype=np.float64).reshape(len(texts), 4)
        examples = Examples(
            texts=tuple(texts),
            ids=row_ids(split, len(texts)),
            labels={"valence": table[:, :2].mean(axis=1), "arousal": table[:, 2:].mean(axis=1)},
            scales={"valence": _SCALE, "arousal": _SCALE},
            raters={"valence": table[:, :2], "arousal": table[:, 2:]},
        )
        return check(examples, split, self.card, [Part(file, lines)])
