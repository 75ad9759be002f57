"""The `lexicon` encoder: what a word list with negation and degree rules makes of a text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from baselines.text_chunks import checked_length, chunks
from harness.encoder import EncoderCard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Raised with every change that changes vectors.
VERSION = 1


class Lexicon:
    """A floor for affect: 58 features of a text's listed words (`baselines.lexicon_features.FEATURES`).

    An encoder that does not beat it has not learned more about affect than a word list says.

    Args:
        max_length: number of words after which a text is cut; None takes the whole text.

    >>> vector = Lexicon().encode(["not a happy ending"])[0]
    >>> len(vector), bool(vector[0] < 0)
    (58, True)
    """

    card: ClassVar[EncoderCard] = EncoderCard(
        name="lexicon",
        family="floor",
        title="Lexicon",
        weights="this distribution, baselines/data/affect_words.tsv",
        dimensions=58,
        training_data=("authored:emotion-corpora",),
        training_notes="Nothing is fitted; the word values are this project's own judgement, made with the six "
        "evaluated emotions in view: it is no clean model of them.",
        licence="MIT, as this distribution",
        citation="affectbench, baselines/lexicon.py",
        notes="Affect words with negation, degree and contrast rules, and counts. On the corpus `sample` it is no "
        "floor: the same hands wrote the rules of both.",
    )

    def __init__(self, *, max_length: int | None = None) -> None:
        self.max_length = checked_length("lexicon", max_length)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the word list, the version of the code and the options."""
        from baselines.lexicon_words import affect_file

        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"lexicon/{VERSION}/{self.max_length}/".encode())
        digest.update(affect_file())
        return digest.hexdigest()

    def describe(self) -> dict[str, Any]:
        """What a record says of it."""
        return {"max_length": self.max_length, "backend": "numpy", "dtype": "float32"}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts.

        Args:
            texts: any strings.

        Returns:
            float32 of shape (len(texts), 58), finite; the columns are named by `lexicon_features.FEATURES`.
        """
        import numpy as np

        from baselines.lexicon_features import FEATURES, features

        vectors = np.zeros((len(texts), len(FEATURES)), dtype=np.float32)
        done = 0
        for run in chunks(texts, self.max_length):
            vectors[done : done + len(run)] = features(run)
            done += len(run)
        return vectors
