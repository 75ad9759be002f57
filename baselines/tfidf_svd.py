"""The `tfidf-svd` encoder: character n-grams weighted by tf-idf and reduced by a truncated SVD.

Latent semantic analysis (Deerwester et al. 1990) with scikit-learn's own parts: the 3- to 5-grams within a word and the
blanks around it, weighted by (1 + log n) · idf (Salton and Buckley 1988) and projected on the first singular vectors of
the texts that it is fitted on. Those are 9,390 tweets and sentences of editorials (`FITTED_ON`). The other rated texts,
of films and products, are left out: they are MR's sentences and CR's reviews.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from baselines.text_chunks import CountingEncoder
from harness.corpora import CorpusRegistry
from harness.corpora.registry import builtin
from harness.encoder import EncoderCard
from harness.errors import DataMissing, WeightsMissing
from harness.files import cache_root

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

#: Raised with every change that changes vectors.
VERSION = 2

DIMENSIONS = 256

FITTED_ON = ("ratings-tweets", "ratings-editorials")


def fitting_texts(data_dir: Path | None) -> list[str]:
    """The texts of `FITTED_ON`, fetched on first use.

    Raises:
        WeightsMissing: they are not on this machine and cannot be fetched.
    """
    corpora = CorpusRegistry(data_dir, cache_root())
    try:
        return [text for name in FITTED_ON for text in corpora.load(name, "all").texts]
    except DataMissing as error:
        raise WeightsMissing(
            "tfidf-svd is fitted on rated tweets and editorials, which are not on this machine: run "
            "`bench data --fetch ratings` online"
        ) from error


@cache
def fitted(data_dir: Path | None) -> tuple[TfidfVectorizer, NDArray[np.float32]]:
    """The weights of the n-grams, and the first right singular vectors (n-grams, `DIMENSIONS`); takes some seconds."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    weights = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=5, sublinear_tf=True, dtype=np.float32)
    rows = weights.fit_transform(fitting_texts(data_dir))
    # ARPACK's vectors do not depend on the random start, as those of the randomized solver would.
    svd = TruncatedSVD(DIMENSIONS, algorithm="arpack", random_state=0).fit(rows)
    return weights, np.ascontiguousarray(svd.components_.T, dtype=np.float32)


class TfidfSvd(CountingEncoder):
    """A floor for surface overlap: what a text's words and spellings say, without labels and without a network.

    Args:
        weights_dir: folder that holds the rating corpora as `--data-dir` does; by default the cache alone is looked in.
        max_length: number of words after which a text is cut; None takes the whole text.
    """

    card = EncoderCard(
        name="tfidf-svd",
        family="floor",
        title="TF-IDF",
        weights="none: fitted on rated tweets and editorials (`bench data --fetch ratings`)",
        dimensions=DIMENSIONS,
        training_data=FITTED_ON,
        training_notes="Document frequencies and singular vectors of the 9,390 texts; their ratings are not used.",
        licence="MIT, as this distribution",
        citation="Deerwester et al. 1990, Indexing by latent semantic analysis; Salton and Buckley 1988, "
        "Term-weighting approaches in automatic text retrieval",
        notes="Never fitted on what the paper's tasks evaluate: rated films and products, which are MR's sentences and "
        "CR's reviews, are left out.",
    )

    def __init__(self, *, weights_dir: str | Path | None = None, max_length: int | None = None) -> None:
        super().__init__(max_length=max_length)
        self.weights_dir = Path(weights_dir) if weights_dir is not None else None

    @property
    def fingerprint(self) -> str:
        """Digest of the corpora that it is fitted on, the version of the code and the options."""
        corpora = [builtin()[name].card.checksums["all"] for name in FITTED_ON]
        parts = ("tfidf-svd", VERSION, DIMENSIONS, self.max_length, *corpora)
        return hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=16).hexdigest()

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of a few hundred texts, float32 (len(texts), 256), of length 1, or 0 for a text without n-grams."""
        weights, basis = fitted(self.weights_dir)
        # Text for text: a sparse row times the basis does not depend on the other rows.
        rows: NDArray[np.float32] = weights.transform(texts) @ basis
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)

    def fetch(self, report: Callable[[str], None] = print) -> Path:
        """Fetch the texts that it is fitted on, and give the cache's directory."""
        fitting_texts(self.weights_dir)
        return cache_root()

    def check_ready(self) -> None:
        """Raise what encoding would raise where the texts are not here and may not be fetched."""
        corpora = CorpusRegistry(self.weights_dir, cache_root())
        if any(corpora.status(name).place == "nowhere" for name in FITTED_ON):
            fitting_texts(self.weights_dir)
