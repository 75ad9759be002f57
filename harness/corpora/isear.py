"""ISEAR: descriptions of situations in which one of seven emotions was felt (Scherer and Wallbott 1994)."""

import numpy as np

from harness.corpora.base import CorpusCard, Examples, row_ids, sources
from harness.corpora.files import Files, read_lines

_URL = "https://raw.githubusercontent.com/sinmaniphel/py_isear_dataset/948f4cf80161ea28e6dc5bfb4ad729f21ff47723/"
_SHA256 = "370110fff70a1e1d9e23b10cf6db1f64876120fa02276afe5916fbfeb038cdca"
_FILES = sources("isear/", _URL, ("isear.csv", _SHA256, 1_670_985))
#: Places of emotion and text, and number of fields; what stands before the text has a fixed number.
_EMOTION, _TEXT, _FIELDS = 36, 40, 43
#: Stands where the archive broke a line.
_BREAK = "á"

#: In the order of the questionnaire.
CLASSES = ("joy", "fear", "anger", "sadness", "disgust", "shame", "guilt")

CARD = CorpusCard(
    name="isear",
    title="ISEAR",
    rows={"all": 7_666},
    labels="label: 0 joy, 1 fear, 2 anger, 3 sadness, 4 disgust, 5 shame, 6 guilt",
    licence="CC BY-NC-SA 3.0, as reported by others that reuse it",
    citation="Scherer and Wallbott, Journal of Personality and Social Psychology 1994",
    homepage="https://github.com/sinmaniphel/py_isear_dataset",
    sources=_FILES,
    checksums={"all": "1ca3d04e1d94df12061a67af4cd97be6"},
    notes=(
        "The sign á, which marks a broken line, is dropped, and white space is folded. 163 texts hold the field "
        "separator; it becomes a blank. 85 texts only say that there was no response; they stay. No fixed split."
    ),
)


class Isear:
    """The file with one questionnaire a line, fields separated by bars."""

    card = CARD

    def read(self, split: str, files: Files) -> Examples:
        """Read all situations (`all`)."""
        rows = [line.split("|") for line in read_lines(files.path(_FILES[0]))[1:]]
        return Examples(
            texts=tuple(map(_text, rows)),
            ids=row_ids(split, len(rows)),
            labels={"label": np.array([CLASSES.index(row[_EMOTION]) for row in rows], dtype=np.int64)},
            classes=CLASSES,
        )


def _text(fields: list[str]) -> str:
    """A text may hold the separator: it ends before the last two fields, STATE and an empty one."""
    words = " ".join(fields[_TEXT : -(_FIELDS - _TEXT - 1)]).replace('\\"', '"').split()
    return " ".join(word for word in words if word != _BREAK)


CORPORA = (Isear(),)
