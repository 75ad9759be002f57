"""The `tfidf-svd` encoder: hashed word and character n-grams, weighted by tf-idf, projected to 256 dimensions."""

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

DIMENSIONS = 256


class TfidfSvd:
    """A floor for surface overlap: what a text's words and spellings say, with no training at all.

    The classical recipe is tf-idf followed by a singular value decomposition (latent semantic analysis) fitted
    on the corpus at hand. Fitting on evaluated texts is what this benchmark refuses to any encoder, and the only
    texts that it may fit on, the training part of the embedded `sample`, are so few that a decomposition would
    drop nearly every word of a real corpus. So a fixed random projection takes its place: by Johnson and
    Lindenstrauss it keeps the cosines of the tf-idf vectors to within about 1/sqrt(256). The idf comes from
    that same part; a feature that it does not hold has the largest idf.

    Args:
        max_length: number of words after which a text is cut; None takes the whole text.

    >>> day, night, rust = TfidfSvd().encode(["a very fine day", "a very fine night", "rust"])
    >>> day.shape, bool(day @ night > 0.5 > day @ rust)
    ((256,), True)
    """

    card: ClassVar[EncoderCard] = EncoderCard(
        name="tfidf-svd",
        family="floor",
        title="TF-IDF",
        weights="none: computed",
        dimensions=DIMENSIONS,
        training_data=("sample:train",),
        training_notes="Document frequencies of the embedded sample's 1,200 training texts; no labels.",
        licence="MIT, as this distribution",
        citation="Salton and Buckley 1988, Term-weighting approaches; Kane and Nelson 2014, Sparser "
        "Johnson-Lindenstrauss transforms (arXiv:1012.1577)",
        notes="A fixed random projection stands in for the decomposition: it is never fitted on what is evaluated, and "
        "with so small a fitting set an SVD would drop nearly every real word.",
    )

    def __init__(self, *, max_length: int | None = None) -> None:
        self.max_length = checked_length("tfidf-svd", max_length)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the texts that the idf comes from, the version of the code and the options."""
        from baselines.tfidf_features import fitting_texts

        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"tfidf-svd/{VERSION}/{DIMENSIONS}/{self.max_length}/".encode())
        for text in fitting_texts():
            digest.update(text.encode() + b"\0")
        return digest.hexdigest()

    def describe(self) -> dict[str, Any]:
        """What a record says of it."""
        return {"max_length": self.max_length, "backend": "numpy", "dtype": "float32"}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts.

        Args:
            texts: any strings.

        Returns:
            float32 of shape (len(texts), 256); rows have length 1, or 0 for a text without any feature.
        """
        import numpy as np

        from baselines.tfidf_features import vectors

        out = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        done = 0
        for run in chunks(texts, self.max_length):
            out[done : done + len(run)] = vectors(run, DIMENSIONS)
            done += len(run)
        return out
