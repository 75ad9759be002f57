"""Reduce GoEmotions to one Ekman emotion a comment: three readings of the same official map.

The map is `goemotions/data/ekman_mapping.json` (google-research/google-research; Demszky et al. 2020). How a
comment with several labels becomes one class is left open by the literature, so each reading has a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from harness.corpora.base import Examples
from harness.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Reading = Literal["single", "mapped", "neutral-dropped"]

#: Ekman emotion → the fine emotions that it covers; neutral stays apart.
EKMAN: dict[str, tuple[str, ...]] = {
    "anger": ("anger", "annoyance", "disapproval"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": (
        "joy",
        "amusement",
        "approval",
        "excitement",
        "gratitude",
        "love",
        "optimism",
        "relief",
        "pride",
        "admiration",
        "desire",
        "caring",
    ),
    "sadness": ("sadness", "disappointment", "embarrassment", "grief", "remorse"),
    "surprise": ("surprise", "realization", "confusion", "curiosity"),
}


class EkmanRows(NamedTuple):
    """Comments that have exactly one class under a reading."""

    rows: NDArray[np.int64]
    """Indices into the examples, ascending."""
    labels: NDArray[np.int64]
    """Class of each of them."""
    classes: tuple[str, ...]
    """Names of the classes."""


def ekman(examples: Examples, reading: Reading = "mapped", classes: Literal[6, 7] = 6) -> EkmanRows:
    """Select the comments with exactly one Ekman class.

    Args:
        examples: GoEmotions, one split.
        reading: `single` keeps comments with exactly one of the 28 fine labels; `mapped` maps first and keeps
            comments whose labels all fall in one class (neutral beside an emotion makes two); `neutral-dropped`
            ignores the neutral tag and then does as `mapped` (six classes only).
        classes: 6 leaves out the comments that are neutral only; 7 keeps them as the last class.

    Raises:
        UsageError: the reading does not exist, or has no such number of classes.
    """
    import numpy as np

    if reading not in ("single", "mapped", "neutral-dropped"):
        raise UsageError(f"unknown reading {reading!r} of GoEmotions; there are single, mapped, neutral-dropped")
    if classes not in (6, 7) or (reading == "neutral-dropped" and classes == 7):
        raise UsageError(f"the reading {reading!r} of GoEmotions has no form with {classes} classes")
    names = (*EKMAN, "neutral")
    fine = {name: column for column, name in enumerate(examples.classes)}
    emotions = np.asarray(examples.labels["emotions"], dtype=np.bool_)
    covered = [EKMAN.get(name, (name,)) for name in names]
    coarse = np.stack([emotions[:, [fine[name] for name in group]].any(axis=1) for group in covered], axis=1)
    if reading == "neutral-dropped":
        coarse[:, -1] = False
    keep = emotions.sum(axis=1) == 1 if reading == "single" else coarse.sum(axis=1) == 1
    if classes == 6:
        keep &= ~coarse[:, -1]
    rows = np.flatnonzero(keep).astype(np.int64)
    return EkmanRows(rows, coarse[rows].argmax(axis=1).astype(np.int64), names[:classes])
