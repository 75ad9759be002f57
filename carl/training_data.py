"""The texts of a run, tokenised: several runs may share them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carl.backbone import Start
from carl.label_source import LabelSource
from carl.teaching import Lessons, lessons
from harness.errors import UsageError
from harness.transformer.tokenization import encode_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class TrainingData:
    """What a network is trained on."""

    sources: tuple[LabelSource, ...]
    items: Sequence[NDArray[np.int32]]
    """Token ids of every labelled text (tokens,), special tokens included."""
    labels: NDArray[np.float32]
    """(n, 2): valence and arousal in [−1, 1]."""
    digest: str
    """Of token ids, labels and starting weights: with the same one and the same configuration a run is the same."""
    lessons: Lessons | None = None
    """What a teacher says of these texts and those without labels."""

    def __len__(self) -> int:
        return len(self.items)


def training_data(
    start: Start, sources: Sequence[LabelSource], max_length: int, teacher: str | None = None
) -> TrainingData:
    """Tokenise the texts of a run.

    Args:
        start: its backbone.
        sources: texts with labels, and without where there is a teacher.
        max_length: tokens after which a text is cut.
        teacher: encoder that says something of all texts.

    Raises:
        UsageError: too few texts, longer ones than the backbone has positions for, or no such teacher.
    """
    if max_length > start.shape.max_tokens:
        raise UsageError(f"max_length is {max_length}, {start.card.name} takes {start.shape.max_tokens}")
    rated = [source for source in sources if source.labelled]
    others = [source for source in sources if not source.labelled]
    texts = [text for source in rated for text in source.texts]
    if len(texts) < 2:
        raise UsageError(f"there are {len(texts)} training texts; at least two are compared with each other")
    items = encode_ids(start.tokenizer, texts, max_length)
    labels = np.concatenate([source.labels for source in rated])
    digest = hashlib.blake2b(digest_size=16)
    taught = None
    if teacher is not None:
        unlabelled = [text for source in others for text in source.texts]
        every = [*items, *encode_ids(start.tokenizer, unlabelled, max_length)]
        taught = lessons(every, [*texts, *unlabelled], teacher)
        digest.update(taught.targets.tobytes())
    for item in items:
        digest.update(len(item).to_bytes(4, "little") + item.tobytes())
    digest.update(labels.tobytes())
    for name in sorted(start.tensors):
        digest.update(name.encode() + start.tensors[name].float().contiguous().numpy().tobytes())
    return TrainingData(tuple(sources), items, labels, digest.hexdigest(), taught)
