"""ISEAR: descriptions of situations in which one of seven emotions was felt (Scherer and Wallbott 1994)."""

from __future__ import annotations

from harness.corpora.base import Examples, Files, Source, row_ids
from harness.corpora.pins import Part, Pin, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split

_CSV = Source(
    path="isear/isear.csv",
    sha256="370110fff70a1e1d9e23b10cf6db1f64876120fa02276afe5916fbfeb038cdca",
    size=1_670_985,
    url=(
        "https://raw.githubusercontent.com/sinmaniphel/py_isear_dataset/"
        "948f4cf80161ea28e6dc5bfb4ad729f21ff47723/isear.csv"
    ),
)
#: Names of the last fields of the header; what stands before the text has a fixed number of fields.
_EMOTION, _TEXT, _FIELDS = 36, 40, 43
#: Stands where the archive broke a line.
_BREAK = "á"

#: In the order of the questionnaire.
CLASSES = ("joy", "fear", "anger", "sadness", "disgust", "shame", "guilt")

CARD = PinnedCard(
    name="isear",
    title="ISEAR",
    rows={"all": 7_666},
    labels=f"label: {', '.join(f'{i} {name}' for i, name in enumerate(CLASSES))}",
    licence="CC BY-NC-SA 3.0, as reported by others that reuse it",
    citation="Scherer and Wallbott, Journal of Personality and Social Psychology 1994",
    homepage="https://github.com/sinmaniphel/py_isear_dataset",
    sources=(_CSV,),
    pins={
        "all": Pin(
            rows=(7_666,),
            fingerprint="1ca3d04e1d94df12061a67af4cd97be6",
            unordered="545c01ae183ca3f5df7bdaa9e2bd5bbd",
            blocks="bdb6dfcbf34ca4cc8297fe45258860c1d39bc678062e2260cccea8b514f1d41a",
        ),
    },
    notes=(
        "The sign á, which marks a broken line, is dropped, and white space is folded. 163 texts hold the field "
        "separator; it becomes a blank. 85 texts only say that there was no response; they stay. No fixed split."
    ),
)


class Isear:
    """The file with one questionnaire a line, fields separated by bars."""

    def __init__(self, card: PinnedCard = CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read all situations (`all`).

        Raises:
            DataMissing: the file is not there.
            DataInvalid: it is not the published one.
        """
        import numpy as np

        require_split(self.card, split)
        file = SourceFile(self.card, _CSV, files.path(_CSV))
        header, *rows = file.lines() or [""]
        names = header.split("|")
        if len(names) != _FIELDS or (names[_EMOTION], names[_TEXT]) != ("Field1", "SIT"):
            raise file.fault(f"expected {_FIELDS} names with Field1 and SIT, found {header[:80]!r}", line=1)
        texts, labels = [], []
        for line, row in enumerate(rows, start=2):
            fields = row.split("|")
            if len(fields) < _FIELDS:
                raise file.fault(f"expected at least {_FIELDS} fields, found {len(fields)}", line=line, unfinished=True)
            if fields[_EMOTION] not in CLASSES:
                raise file.fault(f"expected an emotion, found {fields[_EMOTION][:40]!r}", line=line, column="Field1")
            labels.append(CLASSES.index(fields[_EMOTION]))
            # A text may hold the separator: it ends before the last two fields, STATE and an empty one.
            words = " ".join(fields[_TEXT : -(_FIELDS - _TEXT - 1)]).replace('\\"', '"').split()
            texts.append(" ".join(word for word in words if word != _BREAK))
        examples = Examples(
            texts=tuple(texts),
            ids=row_ids(split, len(texts)),
            labels={"label": np.array(labels, dtype=np.int64)},
            classes=CLASSES,
        )
        return check(examples, split, self.card, [Part(file, range(2, len(texts) + 2))])
