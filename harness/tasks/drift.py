"""Drift: how far has re-training moved the vectors from those of the model that it started from?

A re-trained encoder can gain on feelings and lose what its backbone knew. Shah, Reddy and Bhattacharyya (EMNLP 2023)
report Δemb, the mean squared difference between both models' vectors of the same texts. It has the unit of the vectors,
so two numbers without a unit stand beside it:

- `delta_emb`: mean over texts and coordinates of (x − y)², x the model's vector and y the backbone's;
- `relative_drift`: Σ‖x − y‖² / Σ‖y − ȳ‖², the drift in units of how much the backbone's own vectors differ: at 1 a text
  has moved as far as its vector lay from the mean of all;
- `cosine`: mean cosine between x and y.

The backbone is the `base` of the model's card, with the same pooling and cut-off. A model without one, or with vectors
of another length, is not applicable and gets no number. None of the three is better high or low by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import NotApplicable
from harness.outcome import Metric, Outcome
from harness.statistics.bootstrap import percentile, weightings
from harness.tasks.base import Prepared, Task, combined_fingerprint, mean_metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary


@dataclass(frozen=True, kw_only=True)
class Drift(Task):
    """Texts of one split under both models."""

    against_backbone: bool = True

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the split; see `Task.prepare`."""
        examples = library.load(self.corpus, self.split)
        fingerprint = combined_fingerprint(self.protocol, examples)
        return Prepared(texts=examples.texts, fingerprint=fingerprint, score=_score)


def _score(embeddings: NDArray[np.float32], _seed: int, backbone: NDArray[np.float32] | None = None) -> Outcome:
    """Compare vectors with the backbone's.

    Raises:
        NotApplicable: there is no backbone, or its vectors have another length.
    """
    if backbone is None:
        raise NotApplicable("not applicable: drift is measured against the backbone's vectors of the same texts")
    if embeddings.shape != backbone.shape:
        raise NotApplicable(
            f"not applicable: the vectors have {embeddings.shape[1]} dimensions and the backbone's "
            f"{backbone.shape[1]}, so there is no difference between them"
        )
    x, y = embeddings.astype(np.float64), backbone.astype(np.float64)
    moved = ((x - y) ** 2).sum(axis=1)
    apart = ((y - y.mean(axis=0)) ** 2).sum(axis=1)
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    cosine = (x * y).sum(axis=1) / np.where(lengths > 0, lengths, 1.0)
    metrics = {"delta_emb": mean_metric(moved / y.shape[1])}
    if apart.sum() > 0:
        draws = np.concatenate([w @ moved / np.maximum(w @ apart, 1e-300) for w in weightings(len(moved))])
        metrics["relative_drift"] = Metric(float(moved.sum() / apart.sum()), *percentile(draws))
    metrics["cosine"] = mean_metric(cosine)
    return Outcome(
        metrics=metrics,
        details={"backbone_variance": float(apart.mean() / y.shape[1])},
        predictions={"squared_difference": moved.astype(np.float32), "cosine": cosine.astype(np.float32)},
        counts={"texts": len(moved)},
    )


def variants() -> list[Task]:
    """The one task of this family."""
    return [
        Drift(
            name="drift",
            corpus="emobank",
            protocol="backbone/1",
            split="test",
            metrics=("delta_emb", "relative_drift", "cosine"),
            summary="EmoBank's test texts: distance of a re-trained model's vectors from its backbone's",
            source="Shah, Reddy and Bhattacharyya 2023 (arXiv:2310.18930), Δemb",
        )
    ]
