"""IEMOCAP for those who hold its licence: transcripts and ratings from the official directory tree.

`Session1` to `Session5`, in each `dialog/transcriptions/*.txt` with lines like
`Ses01F_impro01_F000 [006.2901-008.2357]: Text.` and `dialog/EmoEvaluation/*.txt` with a line for each turn,
`[6.2901 - 8.2357]<tab>Ses01F_impro01_F000<tab>neu<tab>[2.5000, 2.5000, 2.5000]` (valence, activation, dominance;
Busso et al. 2008).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import DataInvalid, DataMissing

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Ends of the scale of each attribute.
SCALE = (1.0, 5.0)

_TURN = re.compile(r"(Ses\w+)\s+\[[\d.]+\s*-\s*[\d.]+\]:\s*(.*)")
_RATING = re.compile(r"\[[\d.]+\s*-\s*[\d.]+\]\t(\S+)\t\S+\t\[([\d.]+),\s*([\d.]+),\s*([\d.]+)\]")


def read_iemocap(directory: Path) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Read every rated turn, in the order of sessions, dialogues and ratings.

    Args:
        directory: holds `Session1` to `Session5` (any of them).

    Returns:
        Texts, and valence and activation as annotated, (n, 2), means of raters on a scale of 1 to 5.

    Raises:
        DataMissing: there are no sessions.
        DataInvalid: a rated turn has no transcript; names it and the file.
    """
    sessions = sorted(path for path in directory.glob("Session[1-5]") if path.is_dir())
    if not sessions:
        raise DataMissing(f"{directory} has no folders Session1 to Session5; pass the unpacked IEMOCAP release")
    texts: list[str] = []
    ratings: list[tuple[float, float]] = []
    for session in sessions:
        spoken = {
            match[1]: match[2].strip()
            for path in sorted((session / "dialog" / "transcriptions").glob("[!.]*.txt"))
            for line in path.read_text("utf-8", errors="replace").splitlines()
            if (match := _TURN.match(line))
        }
        for path in sorted((session / "dialog" / "EmoEvaluation").glob("[!.]*.txt")):
            for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), start=1):
                rated = _RATING.match(line)
                if rated is None:
                    continue
                if rated[1] not in spoken:
                    raise DataInvalid(
                        f"{path}, line {number}: the turn {rated[1]} has no transcript in "
                        f"{session / 'dialog' / 'transcriptions'}; unpack the release again"
                    )
                texts.append(spoken[rated[1]])
                ratings.append((float(rated[2]), float(rated[3])))
    if not texts:
        raise DataMissing(f"{directory}: no rated turns in Session*/dialog/EmoEvaluation; unpack the release again")
    return tuple(texts), np.array(ratings, dtype=np.float64)
