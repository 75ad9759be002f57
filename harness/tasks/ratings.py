"""The four corpora of rated texts that the package index carries, as several families read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.tasks.base import FOLDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import Examples

#: Corpus → what it holds.
RATINGS = {
    "ratings-tweets": "tweets",
    "ratings-editorials": "sentences of editorials",
    "ratings-products": "sentences of product reviews",
    "ratings-films": "sentences of film reviews",
}

#: Ratings on a scale of −4 to 4 that are nearer to 0 are no clear polarity.
CLEAR = 0.5


def signed(examples: Examples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows with a clear polarity, and whether it is positive (1) or negative (0)."""
    valence = np.asarray(examples.labels["valence"], dtype=np.float64)
    rows = np.flatnonzero(np.abs(valence) >= CLEAR)
    return rows, (valence[rows] > 0).astype(np.int64)


def grouped_folds(groups: Sequence[str]) -> list[NDArray[np.int64]]:
    """Held-out rows of folds of about equal size that cut no group apart (scikit-learn's `GroupKFold`)."""
    from sklearn.model_selection import GroupKFold

    splitter = GroupKFold(FOLDS)
    return [held.astype(np.int64) for _, held in splitter.split(np.zeros((len(groups), 1)), groups=list(groups))]
