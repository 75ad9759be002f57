"""EmoryNLP: utterances of Friends with one of seven emotions, in scenes (Zahiri and Choi 2018).

`emotion-detection-PART.json` for each part, below the data directory in `emorynlp/` or, as the authors' repository is
laid out, in `emotion-detection/json/`. A file holds episodes, an episode scenes, and a scene utterances with
`utterance_id`, `transcript` and `emotion`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.corpora.base import Examples, Files, Source
from harness.corpora.dialogues import DialogueCard, Utterance, held
from harness.corpora.pins import Part
from harness.corpora.reading import SourceFile, require_split
from harness.corpora.sources import first_present
from harness.errors import DataInvalid

#: In the order of the authors' table, lower-case.
CLASSES = ("neutral", "joyful", "peaceful", "powerful", "scared", "mad", "sad")

#: Our splits → the names in the files.
_SPLITS = {"train": "trn", "dev": "dev", "test": "tst"}
_FOLDERS = ("emorynlp", "emotion-detection/json")
_FORMS = tuple(
    {
        split: Source(path=f"{folder}/emotion-detection-{name}.json", sha256="", size=0)
        for split, name in _SPLITS.items()
    }
    for folder in _FOLDERS
)

CARD = DialogueCard(
    name="emorynlp",
    title="EmoryNLP emotion detection",
    rows={"train": 9_934, "dev": 1_344, "test": 1_328},
    classes={
        split: dict(zip(CLASSES, counts, strict=True))
        for split, counts in {
            "train": (3_034, 2_184, 900, 784, 1_285, 1_076, 671),
            "dev": (393, 289, 132, 134, 178, 143, 75),
            "test": (349, 282, 159, 145, 182, 113, 98),
        }.items()
    },
    labels=f"label: {', '.join(f'{i} {name}' for i, name in enumerate(CLASSES))}",
    licence="none stated with the annotation; the scripts are their owners'",
    citation="Zahiri and Choi, AAAI workshop on Affective Content Analysis 2018 (arXiv:1708.04299)",
    homepage="https://github.com/emorynlp/emotion-detection",
    sources=tuple(_FORMS[0].values()),
    forms=tuple(tuple(form.values()) for form in _FORMS),
    notes=(
        "Groups are the scenes. Rows and classes by the tables in the authors' README. Much of the literature, SACL "
        "among it, measures on a subset with time stamps (7,551, 954 and 984 utterances, `emorynlp_*_final.csv`): its "
        "numbers are of other rows. The episodes overlap with those of MELD."
    ),
)


class EmoryNlp:
    """The authors' three JSON files."""

    def __init__(self, card: DialogueCard = CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`, in the file's order.

        Raises:
            DataMissing: the file is not there.
            DataInvalid: it has another form, or another number of rows or of a class.
        """
        require_split(self.card, split)
        source, path = first_present(files, *(form[split] for form in _FORMS))
        file = SourceFile(self.card, source, path)
        text = file.text()
        rows = list(_Walk(file, text).utterances(file.json(text)))
        return held(rows, split, self.card, CLASSES, [Part(file, [row.place for row in rows])])


class _Walk:
    """Goes through a file's records in order and knows on which line it is."""

    def __init__(self, file: SourceFile, text: str) -> None:
        self._file = file
        self._text = text
        self._at = 0
        self._line = 1

    def utterances(self, content: Any) -> Iterator[Utterance]:
        """The utterances in the file's order.

        Raises:
            DataInvalid: a field is missing or no string, or an emotion is not known.
        """
        for episode in self._list(content, "episodes"):
            for scene in self._list(episode, "scenes"):
                dialogue = self._string(scene, "scene_id")
                for utterance in self._list(scene, "utterances"):
                    identity = self._string(utterance, "utterance_id")
                    self._advance(f'"{identity}"')
                    emotion = self._string(utterance, "emotion").lower()
                    if emotion not in CLASSES:
                        raise self._fault(f"expected one of {', '.join(CLASSES)}, found {emotion[:40]!r}", "emotion")
                    yield Utterance(identity, dialogue, self._string(utterance, "transcript"), emotion, self._line)

    def _advance(self, written: str) -> None:
        place = self._text.find(written, self._at)
        if place >= 0:
            self._line += self._text.count("\n", self._at, place)
            self._at = place

    def _list(self, record: Any, key: str) -> list[Any]:
        found = record.get(key) if isinstance(record, dict) else None
        if not isinstance(found, list):
            raise self._fault(f"expected a list of {key} here or in what follows, found {str(found)[:40]!r}", key)
        return found

    def _string(self, record: Any, key: str) -> str:
        found = record.get(key) if isinstance(record, dict) else None
        if not isinstance(found, str):
            raise self._fault(f"expected a string here or in what follows, found {str(found)[:40]!r}", key)
        return found

    def _fault(self, message: str, column: str) -> DataInvalid:
        return self._file.fault(message, line=self._line, column=column)
