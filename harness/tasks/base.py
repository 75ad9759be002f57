"""What a task is: a specification that costs nothing to list, and a prepared form that scores arrays.

    task = registry.tasks()["polarity/mr/senteval-lr/1"]
    prepared = task.prepare(library)          # reads the corpus, fixes folds
    outcome = prepared.evaluate(embeddings, seed=0)   # pure: arrays in, numbers out

A task never sees a model. Its protocol (splits, folds, grid, metrics) is part of its name; a change of protocol
is a new version, and tables never mix two. Probes are imported by the functions that score, because a listing of
tasks must import neither torch nor scikit-learn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.outcome import Metric, Outcome
from harness.statistics.bootstrap import percentile, weightings
from harness.statistics.scores import GROUP, classification_metrics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples

__all__ = [
    "FOLDS",
    "FOLD_SEED",
    "Classes",
    "Floats",
    "Metric",
    "Outcome",
    "Prepared",
    "Task",
    "Vectors",
    "classified",
    "combined_fingerprint",
    "fit_facts",
    "mean_metric",
    "task_id",
]

Vectors = "NDArray[np.float32]"
Floats = "NDArray[np.float64]"
Classes = "NDArray[np.int64]"

#: SentEval's number of folds, and their seed, which the toolkit has hard-coded whatever its seed option says.
FOLDS = 10
FOLD_SEED = 1111


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task: a family applied to one corpus under one protocol. A family adds its settings and `prepare`."""

    name: str
    """Family, as in the long table: `valence-arousal`, `polarity`, `emotion`, `geometry`, ..."""
    corpus: str
    protocol: str
    """With version, e.g. `senteval-lr/1`."""
    split: str
    """What is scored: `test`, or `cv10` for out-of-fold predictions."""
    metrics: tuple[str, ...]
    """Names of the numbers, the main one first."""
    suites: tuple[str, ...]
    """`quick`, `paper`, `extended`, `recipes`."""
    summary: str
    """One line for `bench tasks`."""
    source: str
    """Paper, toolkit or file that the protocol follows."""
    corpora: tuple[str, ...]
    """Names of the corpora that `prepare` loads."""
    max_length: int | None = None
    """Tokens after which the protocol cuts a text; None leaves the encoder's own limit."""
    stochastic: bool = False
    """Whether the seed changes the numbers; other tasks are run once, with seed 0."""
    against_backbone: bool = False
    """Whether the vectors are scored beside those of the model that the encoder was made from (`EncoderCard.base`)."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the data and fix everything that does not depend on the embeddings."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A task with its data: texts in order, and the pure function that scores their vectors."""

    texts: tuple[str, ...]
    """In the order in which `evaluate` wants their rows; repeats allowed."""
    fingerprint: str
    """Digest of everything read from the corpora (texts, labels, splits)."""
    score: Callable[..., Outcome]
    """Embeddings and seed, and the backbone's embeddings where the task is `against_backbone`, to numbers."""
    scored: int | None = None
    """How many of the texts, the last ones, are scored in the order of the predictions; None for all. The others
    train or choose the probe."""

    def evaluate(self, embeddings: NDArray[np.float32], seed: int) -> Outcome:
        """Score embeddings.

        Args:
            embeddings: float32 (len(texts), d), finite.
            seed: seeds whatever is random in the protocol; ignored by tasks that are not `stochastic`.

        Raises:
            ValueError: not one row per text.
            NotConverged: a probe stayed far from its optimum.
            NotApplicable: the task needs the backbone's vectors.
        """
        return self.score(self._checked(embeddings), seed)

    def evaluate_against(self, embeddings: NDArray[np.float32], backbone: NDArray[np.float32], seed: int) -> Outcome:
        """Score embeddings beside those of the model that the encoder was made from, float32 (len(texts), any).

        Raises:
            NotApplicable: the two cannot be compared.
        """
        return self.score(self._checked(embeddings), seed, self._checked(backbone))

    def _checked(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        if embeddings.ndim != 2 or len(embeddings) != len(self.texts):
            raise ValueError(f"{len(self.texts)} texts need as many rows, not an array of shape {embeddings.shape}")
        return embeddings


def task_id(task: Task) -> str:
    """`family/corpus/protocol`, e.g. `polarity/mr/senteval-lr/1`: unique among all tasks."""
    return f"{task.name}/{task.corpus}/{task.protocol}"


def combined_fingerprint(*parts: Examples | str) -> str:
    """Digest of several examples and settings, in order."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update((part if isinstance(part, str) else part.fingerprint).encode() + b"\n")
    return digest.hexdigest()


def mean_metric(scores: NDArray[np.floating]) -> Metric:
    """Mean of scores (n,) with its bootstrap interval over the rows."""
    rows = np.asarray(scores, dtype=np.float64)
    draws = np.concatenate([weights @ rows / weights.sum(axis=1) for weights in weightings(len(rows))])
    return Metric(float(rows.mean()), *percentile(draws))


def classified(
    task: Task,
    gold: NDArray[np.int64],
    predicted: NDArray[np.int64],
    classes: int,
    details: dict[str, Any],
    counts: dict[str, int],
    groups: NDArray[np.int32] | None = None,
) -> Outcome:
    """The task's numbers of predicted classes, with what gives the same numbers again.

    Args:
        task: names the numbers.
        gold: classes (n,).
        predicted: predicted classes (n,).
        classes: number of classes.
        details: facts for the record.
        counts: rows of each part.
        groups: number of each row's document, for a cluster bootstrap.
    """
    numbers = classification_metrics(gold, predicted, classes, None if groups is None else groups.tolist())
    predictions: dict[str, NDArray[np.generic]] = {"gold": gold.astype(np.int8), "predicted": predicted.astype(np.int8)}
    if groups is not None:
        predictions[GROUP] = groups
    metrics = {name: numbers[name] for name in task.metrics}
    return Outcome(metrics=metrics, details=details, predictions=predictions, counts=counts)


def fit_facts(name: str, chosen: Sequence[float], grid: Sequence[float], convergence: Any = None) -> dict[str, Any]:
    """What a record says of a regularisation chosen from a grid.

    Args:
        name: of the value, such as `C`.
        chosen: one value a fold, or one.
        grid: what it was chosen from.
        convergence: of the fits, a dataclass.
    """
    edge = sum(value in (min(grid), max(grid)) for value in chosen)
    return {
        name: list(chosen) if len(chosen) > 1 else chosen[0],
        "grid": list(grid),
        "at_edge": edge == len(chosen),
        "folds_at_edge": f"{edge} of {len(chosen)}",
        **({} if convergence is None else {"convergence": asdict(convergence)}),
    }
