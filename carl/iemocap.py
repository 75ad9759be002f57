"""IEMOCAP as a label source: texts with their valence and activation, for those who hold its licence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.corpora.iemocap import SCALE, read_session
from harness.errors import DataInvalid, DataMissing

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SCALE", "read_iemocap"]


#: A few ratings of the release lie half a step outside of the scale.
_BEYOND = 0.5


def read_iemocap(directory: Path) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Read every rated turn, in the order of sessions, dialogues and ratings.

    Args:
        directory: holds `Session1` to `Session5` (any of them).

    Returns:
        Texts, and valence and activation as annotated, (n, 2), means of raters on a scale of 1 to 5.

    Raises:
        DataMissing: there are no sessions.
        DataInvalid: a rated turn has no transcript, or no rating of the scale; names it and the file.
    """
    sessions = sorted(path for path in directory.glob("Session[1-5]") if path.is_dir())
    if not sessions:
        raise DataMissing(f"{directory} has no folders Session1 to Session5; pass the unpacked IEMOCAP release")
    turns = [turn for session in sessions for turn in read_session(session)]
    if not turns:
        raise DataMissing(f"{directory}: no rated turns in Session*/dialog/EmoEvaluation; unpack the release again")
    for turn in turns:
        if not all(SCALE[0] - _BEYOND <= value <= SCALE[1] + _BEYOND for value in (turn.valence, turn.activation)):
            raise DataInvalid(
                f"{turn.path}, line {turn.line}: valence {turn.valence:g} and activation {turn.activation:g} are no "
                f"ratings from {SCALE[0]:g} to {SCALE[1]:g}; unpack the release again"
            )
    ratings = np.array([(turn.valence, turn.activation) for turn in turns], dtype=np.float64)
    return tuple(turn.text for turn in turns), ratings
