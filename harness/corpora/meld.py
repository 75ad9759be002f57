"""MELD: utterances of Friends with one of seven emotions, in dialogues (Poria et al. 2019).

`SPLIT_sent_emo.csv` for each split, below the data directory in `meld/` or, as the archive unpacks, in `MELD.Raw/`.
"""

from __future__ import annotations

from harness.corpora.base import Examples, Files, Source
from harness.corpora.dialogues import DialogueCard, Utterance, held
from harness.corpora.pins import Part
from harness.corpora.reading import SourceFile, require_split
from harness.corpora.sources import first_present

#: In the order of the authors' word list.
CLASSES = ("anger", "disgust", "sadness", "joy", "neutral", "surprise", "fear")

_SPLITS = ("train", "dev", "test")
_FOLDERS = ("meld", "MELD.Raw")
_FORMS = tuple(
    {split: Source(path=f"{folder}/{split}_sent_emo.csv", sha256="", size=0) for split in _SPLITS}
    for folder in _FOLDERS
)
_HEADER = (
    *("Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"),
    *("Season", "Episode", "StartTime", "EndTime"),
)

#: Control characters that stand where a byte of Windows-1252 was taken for Latin-1 → the sign that was meant.
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}

CARD = DialogueCard(
    name="meld",
    title="MELD",
    rows={"train": 9_989, "dev": 1_109, "test": 2_610},
    classes={
        split: dict(zip(CLASSES, counts, strict=True))
        for split, counts in {
            "train": (1_109, 271, 683, 1_743, 4_710, 1_205, 268),
            "dev": (153, 22, 111, 163, 470, 150, 40),
            "test": (345, 68, 208, 402, 1_256, 281, 50),
        }.items()
    },
    labels=f"label: {', '.join(f'{i} {name}' for i, name in enumerate(CLASSES))}",
    licence="GPL-3.0, as its page on the dataset hub states",
    citation="Poria et al., ACL 2019 (arXiv:1810.02508); Chen et al., LREC 2018 (EmotionLines)",
    homepage="https://github.com/declare-lab/MELD",
    sources=tuple(_FORMS[0].values()),
    forms=tuple(tuple(form.values()) for form in _FORMS),
    notes=(
        "Groups are the dialogues. Signs of Windows-1252 that stand as control characters in some copies (U+0092 for "
        "an apostrophe) are put back; other copies lost them or hold them rightly, which the corpus fingerprint in a "
        "result tells apart. Rows by the statistics in the repository's README; classes as counted in "
        "tae898/multimodal-datasets (MELD/dataset-stats.md)."
    ),
)


class Meld:
    """The authors' three CSV files."""

    def __init__(self, card: DialogueCard = CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`, by dialogue and utterance.

        Raises:
            DataMissing: the file is not there.
            DataInvalid: it has another form, or another number of rows or of a class.
        """
        require_split(self.card, split)
        source, path = first_present(files, *(form[split] for form in _FORMS))
        file = SourceFile(self.card, source, path)
        rows = []
        for line, (_, text, _, emotion, _, dialogue, utterance, *_) in file.records(_HEADER):
            if emotion not in CLASSES:
                raise file.fault(
                    f"expected one of {', '.join(CLASSES)}, found {emotion[:40]!r}", line=line, column="Emotion"
                )
            place = tuple(
                file.count(field, line=line, column=column)
                for field, column in ((dialogue, "Dialogue_ID"), (utterance, "Utterance_ID"))
            )
            # The names of the authors' clips.
            name = f"dia{place[0]}_utt{place[1]}"
            rows.append((place, Utterance(name, f"dia{place[0]}", mended(text), emotion, line)))
        rows.sort(key=lambda row: row[0])
        utterances = [row for _, row in rows]
        return held(utterances, split, self.card, CLASSES, [Part(file, [row.place for row in utterances])])


def mended(text: str) -> str:
    r"""Put signs of Windows-1252 back where control characters stand for them; text without them stays as it is.

    >>> mended("that\x92s all\x85")
    'that’s all…'
    """
    return text.translate(_WINDOWS)
