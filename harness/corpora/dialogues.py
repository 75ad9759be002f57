"""What the corpora of dialogues share: utterances that follow each other, held to the published number of each class.

The files of these corpora are in circulation in several copies (other signs for apostrophes, a licence between the
user and the bytes), so that no digest of their content is known here. Rows and classes are counted instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.corpora.base import Examples
from harness.corpora.pins import Part, PinnedCard, check


@dataclass(frozen=True, kw_only=True)
class DialogueCard(PinnedCard):
    """A card that also says how many utterances each class has."""

    classes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Split → class → published number of utterances; a split that is not there is not counted by class."""


@dataclass(frozen=True)
class Utterance:
    """One utterance as it stands in a file."""

    identity: str
    """Unique within the split."""
    dialogue: str
    text: str
    emotion: str
    """Name of its class."""
    place: int | str
    """Where it stands: a line, or words that say where."""


def held(
    rows: Sequence[Utterance], split: str, card: DialogueCard, classes: Sequence[str], parts: Sequence[Part]
) -> Examples:
    """Make examples of utterances that stand in the order of their dialogues, and hold them to the card.

    Args:
        rows: the utterances of a split.
        split: its name.
        card: says how many there must be.
        classes: names of the classes, in the order of the labels.
        parts: the files they were read from, in the order of the rows.

    Raises:
        DataInvalid: an utterance stands there twice, or there are more or fewer than published, of all or of a class.
    """
    import numpy as np

    places: dict[str, int | str] = {}
    for row in rows:
        if row.identity in places:
            raise parts[-1].file.fault(
                f"{row.identity} stands there twice, at {places[row.identity]} and at {row.place}"
            )
        places[row.identity] = row.place
    labels = {name: number for number, name in enumerate(classes)}
    examples = Examples(
        texts=tuple(row.text for row in rows),
        ids=tuple(row.identity for row in rows),
        labels={"label": np.array([labels[row.emotion] for row in rows], dtype=np.int64)},
        groups=tuple(row.dialogue for row in rows),
        classes=tuple(classes),
    )
    check(examples, split, card, parts)
    for name, published in card.classes.get(split, {}).items():
        found = sum(row.emotion == name for row in rows)
        if found != published:
            raise parts[-1].file.fault(
                f"expected {published:,} utterances with {name} in {card.name}/{split}, found {found:,}: "
                "labels were edited"
            )
    return examples
