"""What a task is: a specification that costs nothing to list, and a prepared form that scores arrays.

    spec = registry.tasks()["polarity/mr/senteval-lr/1"]
    prepared = spec.prepare(library)          # reads the corpus, fixes folds
    outcome = prepared.evaluate(embeddings, seed=0)   # pure: arrays in, numbers out

A task never sees a model. Its protocol (splits, folds, grid, metrics) is part of its name; a change of protocol
is a new version, and tables never mix two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from harness.outcome import Metric, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples

__all__ = [
    "Metric",
    "Outcome",
    "Prepared",
    "PreparedAgainst",
    "PreparedTask",
    "Task",
    "TaskFacts",
    "combined_fingerprint",
    "task_id",
]


class Prepared(Protocol):
    """A task with its data: says what must be embedded and scores the embeddings."""

    @property
    def texts(self) -> Sequence[str]:
        """Texts in the order in which `evaluate` wants their rows; repeats allowed."""
        ...

    @property
    def fingerprint(self) -> str:
        """Content digest of everything read from the corpora (texts, labels, splits)."""
        ...

    def evaluate(self, embeddings: NDArray[np.float32], seed: int) -> Outcome:
        """Score embeddings.

        Args:
            embeddings: float32 (len(texts), d), finite.
            seed: seeds whatever is random in the protocol; ignored by tasks that are not `stochastic`.
        """
        ...


class PreparedAgainst(Prepared, Protocol):
    """What a task with `against_backbone` prepares: it scores two sets of vectors of the same texts."""

    def evaluate_against(self, embeddings: NDArray[np.float32], backbone: NDArray[np.float32], seed: int) -> Outcome:
        """Score embeddings beside those of the model that the encoder was made from.

        Args:
            embeddings: float32 (len(texts), d), finite.
            backbone: float32 (len(texts), any), finite.
            seed: as for `evaluate`.

        Raises:
            NotApplicable: the two cannot be compared.
        """
        ...


class Task(Protocol):
    """One task: a family applied to one corpus under one protocol."""

    @property
    def name(self) -> str:
        """Family, as in the long table: `valence-arousal`, `polarity`, `emotion`, `geometry`."""
        ...

    @property
    def corpus(self) -> str:
        """Corpus name as in the long table."""
        ...

    @property
    def protocol(self) -> str:
        """Protocol with version, e.g. `senteval-lr/1`."""
        ...

    @property
    def split(self) -> str:
        """What is scored: `test`, or `cv10` for out-of-fold predictions."""
        ...

    @property
    def max_length(self) -> int | None:
        """Tokens after which the protocol cuts a text; None leaves the encoder's own limit."""
        ...

    @property
    def stochastic(self) -> bool:
        """Whether `seed` changes the numbers; others are run once, with seed 0."""
        ...

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the numbers it gives, the main one first."""
        ...

    @property
    def suites(self) -> tuple[str, ...]:
        """Suites it belongs to: `sample`, `paper`, `extended`, `recipes`."""
        ...

    @property
    def summary(self) -> str:
        """One line for `bench tasks`."""
        ...

    @property
    def source(self) -> str:
        """Paper, toolkit or file that the protocol follows."""
        ...

    @property
    def corpora(self) -> tuple[str, ...]:
        """Names of the corpora that `prepare` loads."""
        ...

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the data and fix everything that does not depend on the embeddings."""
        ...


def task_id(task: Task) -> str:
    """`family/corpus/protocol`, e.g. `polarity/mr/senteval-lr/1`: unique among all tasks."""
    return f"{task.name}/{task.corpus}/{task.protocol}"


@dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """What every task of this distribution states; a family adds its settings and `prepare`."""

    name: str
    corpus: str
    protocol: str
    split: str
    metrics: tuple[str, ...]
    suites: tuple[str, ...]
    summary: str
    source: str
    corpora: tuple[str, ...]
    max_length: int | None = None
    stochastic: bool = False
    against_backbone: bool = False
    """Whether the vectors are scored beside those of the model that the encoder was made from (`EncoderCard.base`);
    `prepare` then gives a `PreparedAgainst`."""


@dataclass(frozen=True, kw_only=True)
class PreparedTask:
    """A task with its data: texts in order, and the pure function that scores their vectors."""

    texts: tuple[str, ...]
    fingerprint: str
    score: Callable[[NDArray[np.float32], int], Outcome]
    scored: int | None = None
    """How many of the texts, the last ones, are scored in the order of the predictions; None for all. The others
    train or choose the probe."""

    def evaluate(self, embeddings: NDArray[np.float32], seed: int) -> Outcome:
        """Score embeddings; see `Prepared.evaluate`.

        Raises:
            ValueError: not one row per text.
        """
        if embeddings.ndim != 2 or len(embeddings) != len(self.texts):
            raise ValueError(f"{len(self.texts)} texts need as many rows, not an array of shape {embeddings.shape}")
        return self.score(embeddings, seed)


def combined_fingerprint(*parts: Examples | str) -> str:
    """Digest of several examples and settings, in order."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update((part if isinstance(part, str) else part.fingerprint).encode() + b"\n")
    return digest.hexdigest()
