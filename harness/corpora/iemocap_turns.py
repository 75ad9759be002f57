"""IEMOCAP's release as it unpacks: the transcripts and ratings of one session, turn by turn (Busso et al. 2008).

In `SessionN`, each `dialog/transcriptions/*.txt` has lines like `Ses01F_impro01_F000 [006.2901-008.2357]: Text.` and
each `dialog/EmoEvaluation/*.txt` a line for each turn,
`[6.2901 - 8.2357]<tab>Ses01F_impro01_F000<tab>neu<tab>[2.5000, 2.5000, 2.5000]` (valence, activation, dominance).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DataInvalid

#: Ends of the scale of each attribute.
SCALE = (1.0, 5.0)

_SPOKEN = re.compile(r"(Ses\w+)\s+\[[\d.]+\s*-\s*[\d.]+\]:\s*(.*)")
_DIGITS = r"(\d{1,9}(?:\.\d{1,9})?)"
_RATED = re.compile(rf"\[{_DIGITS}\s*-\s*{_DIGITS}\]\t(\S+)\t(\S+)\t\[{_DIGITS},\s*{_DIGITS},\s*{_DIGITS}\]")


@dataclass(frozen=True)
class Turn:
    """One rated turn."""

    identity: str
    """For instance `Ses01F_impro01_F000`."""
    dialogue: str
    """For instance `Ses01F_impro01`."""
    text: str
    emotion: str
    """Three letters; `xxx` where the raters did not agree."""
    valence: float
    """Mean of the raters on `SCALE`."""
    activation: float
    """The same."""
    start: float
    """Seconds from the beginning of the recording."""
    end: float
    path: Path
    """File of the rating."""
    line: int
    """Line in it, from 1."""


def read_session(session: Path) -> list[Turn]:
    """Read every rated turn of a session, in the order of dialogues and ratings, which is not that of time.

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
                    f"{path}, line {number}, column 1: expected [START - END], turn, emotion and [V, A, D], found "
                    f"{line[:60]!r}; unpack the release again"
                )
            start, end, identity, emotion, valence, activation, _ = rated.groups()
            if identity not in spoken:
                raise DataInvalid(
                    f"{path}, line {number}: the turn {identity} has no transcript in "
                    f"{session / 'dialog' / 'transcriptions'}; unpack the release again"
                )
            turns.append(
                Turn(
                    identity=identity,
                    dialogue=path.stem,
                    text=spoken[identity],
                    emotion=emotion,
                    valence=float(valence),
                    activation=float(activation),
                    start=float(start),
                    end=float(end),
                    path=path,
                    line=number,
                )
            )
    return turns


def _texts(session: Path, folder: str) -> list[Path]:
    """The text files of a folder; those that begin with a dot are the archive's own."""
    return sorted((session / "dialog" / folder).glob("[!.]*.txt"))
