"""IEMOCAP for those who hold its licence: every rated turn of the five sessions, in dialogues (Busso et al. 2008).

The release unpacks to `IEMOCAP_full_release/` with `Session1` to `Session5`; it may also stand as `iemocap/`. Sessions
1 to 4 train, session 5, whose two speakers are in no other, is tested on, as in the literature. In `SessionN`, each
`dialog/transcriptions/*.txt` has lines like `Ses01F_impro01_F000 [006.2901-008.2357]: Text.` and each
`dialog/EmoEvaluation/*.txt` a line for each turn,
`[6.2901 - 8.2357]<tab>Ses01F_impro01_F000<tab>neu<tab>[2.5000, 2.5000, 2.5000]` (valence, activation, dominance).
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.corpora.base import CorpusCard, Examples, Source
from harness.corpora.dialogues import Utterance, utterances
from harness.corpora.files import Files
from harness.errors import DataInvalid

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
_FORMS = tuple(tuple(Source(path=f"{folder}/Session{number}") for number in range(1, 6)) for folder in _FOLDERS)

CARD = CorpusCard(
    name="iemocap",
    title="IEMOCAP (transcripts)",
    rows={"train": 7_869, "test": 2_170},
    class_counts={
        "train": (1_468, 1_324, 933, 839, 742, 452, 89, 30, 3, 2, 1_987),
        "test": (381, 384, 170, 245, 299, 143, 18, 10, 0, 0, 520),
    },
    labels=f"label: {', '.join(f'{i} {name}' for i, name in enumerate(CLASSES))}",
    licence="by agreement with its authors; not to be passed on",
    citation="Busso et al., Language Resources and Evaluation 2008",
    homepage="https://sail.usc.edu/iemocap/",
    sources=_FORMS[0],
    others=_FORMS[1:],
    notes=(
        "Turns stand in the order of time, groups are session/dialogue. Of six classes (happy, sad, neutral, angry, "
        "excited, frustrated) there are 5,758 and 1,622 turns; usual features count 53 turns without agreement as "
        "happy and so have 5,810 and 1,623. All sessions perform the same scripts: lines of the tested dialogues stand "
        "in the others. Rows and classes as counted in tae898/multimodal-datasets (IEMOCAP/dataset-stats.md)."
    ),
)


_SPOKEN = re.compile(r"(Ses\w+)\s+\[[\d.]+\s*-\s*[\d.]+\]:\s*(.*)")
_DIGITS = r"\d{1,9}(?:\.\d{1,9})?"
_RATED = re.compile(rf"\[({_DIGITS})\s*-\s*({_DIGITS})\]\t(\S+)\t(\S+)\t\[{_DIGITS},\s*{_DIGITS},\s*{_DIGITS}\]")


def read_session(session: Path) -> list[Utterance]:
    """Read every rated turn of a session, by dialogue and time.

    Args:
        session: the folder `SessionN`; without ratings in it there are no turns.

    Raises:
        DataInvalid: a rating has another form, or its turn has no transcript; names file, line and column.
    """
    spoken = {
        match[1]: match[2].strip()
        for path in _texts(session, "transcriptions")
        for line in path.read_text("utf-8", errors="replace").splitlines()
        if (match := _SPOKEN.match(line))
    }
    turns = []
    for path in _texts(session, "EmoEvaluation"):
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), start=1):
            if not line.startswith("["):
                continue  # the head, a rater's own judgement, or nothing
            rated = _RATED.match(line)
            if rated is None:
                raise DataInvalid(
                    f"iemocap: {path}, line {number}: expected [START - END], turn, emotion and [V, A, D], found "
                    f"{line[:60]!r}; unpack the release again"
                )
            start, end, identity, emotion = rated.groups()
            if identity not in spoken:
                raise DataInvalid(
                    f"iemocap: {path}, line {number}: the turn {identity} has no transcript in "
                    f"{session / 'dialog' / 'transcriptions'}; unpack the release again"
                )
            turns.append((path.stem, float(start), float(end), identity, EMOTIONS[emotion]))
    return [
        Utterance(identity, f"{session.name}/{dialogue}", spoken[identity], emotion)
        for dialogue, _, _, identity, emotion in sorted(turns)
    ]


def _texts(session: Path, folder: str) -> list[Path]:
    """The text files of a folder; those that begin with a dot are the archive's own."""
    return sorted((session / "dialog" / folder).glob("[!.]*.txt"))


class Iemocap:
    """The release's folders of transcripts and ratings."""

    card = CARD

    def read(self, split: str, files: Files) -> Examples:
        """Read `train` (sessions 1 to 4) or `test` (session 5), by dialogue and time."""
        sessions = [files.path(*(form[number - 1] for form in _FORMS)) for number in _SESSIONS[split]]
        rows = [turn for session in sessions for turn in read_session(session)]
        return utterances(rows, CLASSES)


CORPORA = (Iemocap(),)
