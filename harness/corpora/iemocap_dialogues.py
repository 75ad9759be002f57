"""IEMOCAP for those who hold its licence: every rated turn of the five sessions, in dialogues (Busso et al. 2008).

The release unpacks to `IEMOCAP_full_release/` with `Session1` to `Session5`; it may also stand as `iemocap/`. Sessions
1 to 4 train, session 5, whose two speakers are in no other, is tested on, as in the literature.
"""

from __future__ import annotations

from pathlib import Path

from harness.corpora.base import Examples, Files, Source
from harness.corpora.dialogues import DialogueCard, Utterance, held
from harness.corpora.iemocap_turns import Turn, read_session
from harness.corpora.pins import Part
from harness.corpora.reading import SourceFile, require_split
from harness.corpora.sources import first_present

#: Three letters of the release → the class; by frequency, what the raters did not agree on last.
EMOTIONS = {
    "fru": "frustrated",
    "neu": "neutral",
    "ang": "angry",
    "sad": "sad",
    "exc": "excited",
    "hap": "happy",
    "sur": "surprised",
    "fea": "fearful",
    "oth": "other",
    "dis": "disgusted",
    "xxx": "no agreement",
}
CLASSES = tuple(EMOTIONS.values())

#: Sessions of each split.
_SESSIONS = {"train": (1, 2, 3, 4), "test": (5,)}
_FOLDERS = ("iemocap", "IEMOCAP_full_release")
_FORMS = tuple(
    {number: Source(path=f"{folder}/Session{number}", sha256="", size=0) for number in range(1, 6)}
    for folder in _FOLDERS
)

CARD = DialogueCard(
    name="iemocap",
    title="IEMOCAP (transcripts)",
    rows={"train": 7_869, "test": 2_170},
    classes={
        split: dict(zip(CLASSES, counts, strict=True))
        for split, counts in {
            "train": (1_468, 1_324, 933, 839, 742, 452, 89, 30, 3, 2, 1_987),
            "test": (381, 384, 170, 245, 299, 143, 18, 10, 0, 0, 520),
        }.items()
    },
    labels=f"label: {', '.join(f'{i} {name}' for i, name in enumerate(CLASSES))}",
    licence="by agreement with its authors; not to be passed on",
    citation="Busso et al., Language Resources and Evaluation 2008",
    homepage="https://sail.usc.edu/iemocap/",
    sources=tuple(_FORMS[0].values()),
    forms=tuple(tuple(form.values()) for form in _FORMS),
    notes=(
        "Turns stand in the order of time, groups are session/dialogue. Of six classes (happy, sad, neutral, angry, "
        "excited, frustrated) there are 5,758 and 1,622 turns; usual features count 53 turns without agreement as "
        "happy and so have 5,810 and 1,623. All sessions perform the same scripts: lines of the tested dialogues stand "
        "in the others. Rows and classes as counted in tae898/multimodal-datasets (IEMOCAP/dataset-stats.md)."
    ),
)


class IemocapDialogues:
    """The release's folders of transcripts and ratings."""

    def __init__(self, card: DialogueCard = CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read `train` (sessions 1 to 4) or `test` (session 5), by dialogue and time.

        Raises:
            DataMissing: the folder of a session is not there.
            DataInvalid: a file has another form, or the session another number of turns or of a class.
        """
        require_split(self.card, split)
        rows: list[Utterance] = []
        parts = []
        for number in _SESSIONS[split]:
            source, path = first_present(files, *(form[number] for form in _FORMS))
            file = SourceFile(self.card, source, path)
            own = [_utterance(file, turn, path) for turn in sorted(read_session(path), key=_time)]
            rows += own
            parts.append(Part(file, [row.place for row in own], "turn"))
        return held(rows, split, self.card, CLASSES, parts)


def _time(turn: Turn) -> tuple[str, float, float, str]:
    return turn.dialogue, turn.start, turn.end, turn.identity


def _utterance(file: SourceFile, turn: Turn, session: Path) -> Utterance:
    if turn.emotion not in EMOTIONS:
        raise SourceFile(file.card, file.source, turn.path).fault(
            f"expected one of {', '.join(EMOTIONS)}, found {turn.emotion[:40]!r}", line=turn.line, column="EMOTION"
        )
    place = f"{turn.path.name}, line {turn.line}"
    return Utterance(turn.identity, f"{session.name}/{turn.dialogue}", turn.text, EMOTIONS[turn.emotion], place)
