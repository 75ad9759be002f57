"""What a task is: a specification that costs nothing to list, and a prepared form that scores arrays.

    task = registry.tasks()["polarity/mr/senteval-lr/1"]
    prepared = task.prepare(library)          # reads the corpus, fixes folds
    outcome = prepared.evaluate(embeddings, seed=0)   # pure: arrays in, numbers out

A task never sees a model. Its protocol (splits, folds, grid, metrics) is part of its name; a change of protocol
is a new version, and tables never mix two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness import probes
from harness.corpora.base import CorpusLibrary, Examples
from harness.errors import DataInvalid
from harness.metrics import classification, confusion, per_class
from harness.outcome import Metric, Outcome
from harness.statistics.bootstrap import percentile, weightings
from harness.statistics.scores import GROUP, Scored

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Classes = NDArray[np.int64]

#: SentEval's number of folds, and their seed, which the toolkit has hard-coded whatever its seed option says.
FOLDS = 10
FOLD_SEED = 1111

#: Corpora of rated texts that the package index carries → what they hold.
RATINGS = {
    "ratings-tweets": "tweets",
    "ratings-editorials": "sentences of editorials",
    "ratings-products": "sentences of product reviews",
    "ratings-films": "sentences of film reviews",
}


def ratings_suite(*corpora: str) -> str:
    """`quick` for `RATINGS`, but for the films: nearly half of all texts, and those of MR, which `paper` has."""
    return "quick" if set(corpora) <= RATINGS.keys() - {"ratings-films"} else "extended"


@dataclass(frozen=True)
class Rows:
    """Rows of one split with one class each."""

    split: str
    texts: tuple[str, ...]
    labels: Classes
    classes: tuple[str, ...]
    """Names of the classes."""
    examples: Examples
    """What they were taken from."""
    groups: tuple[str, ...] | None = None
    """Document of each row, where whole documents are to be resampled."""

    def __len__(self) -> int:
        return len(self.texts)

    @classmethod
    def of(
        cls,
        examples: Examples,
        split: str,
        rows: Sequence[int] | Classes,
        labels: NDArray[np.generic],
        *,
        classes: tuple[str, ...] = (),
        groups: tuple[str, ...] | None = None,
    ) -> Rows:
        """Some rows of a split in the order given, with their classes, by default those of the corpus.

        Raises:
            DataInvalid: there are no names of classes.
        """
        if not (classes or examples.classes):
            raise DataInvalid("the corpus names no classes: its reader gives them as `Examples(classes=...)`")
        texts = tuple(examples.texts[row] for row in rows)
        return cls(split, texts, labels.astype(np.int64), classes or examples.classes, examples, groups)


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
    summary: str
    """One line for `bench tasks`."""
    source: str
    """Paper, toolkit or file that the protocol follows."""
    suites: tuple[str, ...] = ("extended",)
    """`quick`, `paper`, `extended`, `recipes`."""
    corpora: tuple[str, ...] = ()
    """Names of the corpora that `prepare` loads; by default `corpus` alone."""
    max_length: int | None = None
    """Tokens after which the protocol cuts a text; None leaves the encoder's own limit."""
    stochastic: bool = False
    """Whether the seed changes the numbers; other tasks are run once, with seed 0."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "corpora", self.corpora or (self.corpus,))

    def rows(self, library: CorpusLibrary, split: str) -> Rows:
        """Rows of a split with one class each: all, by the corpus's `label`."""
        examples = library.load(self.corpus, split)
        return Rows.of(examples, split, range(len(examples)), examples.labels["label"])

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
    score: Callable[[Vectors, int], Outcome]
    """Embeddings and seed to numbers."""
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
        """
        if embeddings.ndim != 2 or len(embeddings) != len(self.texts):
            raise ValueError(f"{len(self.texts)} texts need as many rows, not an array of shape {embeddings.shape}")
        return self.score(embeddings, seed)


def task_id(task: Task) -> str:
    """`family/corpus/protocol`, e.g. `polarity/mr/senteval-lr/1`: unique among all tasks."""
    return f"{task.name}/{task.corpus}/{task.protocol}"


def combined_fingerprint(*parts: Examples | str) -> str:
    """Digest of several examples and settings, in order."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update((part if isinstance(part, str) else part.fingerprint).encode() + b"\n")
    return digest.hexdigest()


def prepared(task: Task, parts: Sequence[Rows], score: Callable[..., Outcome]) -> Prepared:
    """A task on the rows of some splits, of which the last is scored."""
    return Prepared(
        texts=tuple(text for part in parts for text in part.texts),
        fingerprint=combined_fingerprint(task.protocol, *(part.examples for part in parts)),
        score=score,
        scored=len(parts[-1]) if len(parts) > 1 else None,
    )


def folds(
    rows: int, *, labels: Classes | None = None, groups: Sequence[str] | None = None, count: int = FOLDS
) -> list[Classes]:
    """Rows that each fold holds out, as scikit-learn cuts them.

    Args:
        rows: their number.
        labels: classes; every fold has its share of each.
        groups: documents, of which none is cut apart; these folds are not shuffled.
        count: number of folds; fewer where a trial has fewer texts, documents or texts of a class.
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold  # takes longer than a listing of tasks

    pieces = [rows] if labels is None else np.unique(labels, return_counts=True)[1]
    count = max(2, min(count, *(pieces if groups is None else [len(set(groups))])))
    if groups is not None:
        splitter = GroupKFold(count)
    else:
        splitter = (KFold if labels is None else StratifiedKFold)(count, shuffle=True, random_state=FOLD_SEED)
    parts = splitter.split(np.zeros((rows, 1)), labels, None if groups is None else list(groups))
    return [held.astype(np.int64) for _, held in parts]


def mean_metric(scores: NDArray[np.floating]) -> Metric:
    """Mean of scores (n,) with its bootstrap interval over the rows."""
    rows = np.asarray(scores, dtype=np.float64)
    draws = np.concatenate([weights @ rows / weights.sum(axis=1) for weights in weightings(len(rows))])
    return Metric(float(rows.mean()), *percentile(draws))


def class_table(rows: Rows, predicted: Classes) -> dict[str, Any]:
    """Precision, recall, F1 and support of each class, and the confusion matrix, for the record's details."""
    matrices = confusion(np.ones((1, len(rows))), rows.labels, predicted, len(rows.classes))
    table = np.array([values[0] for values in per_class(matrices)])
    names = ("precision", "recall", "f1", "support")
    return {
        "per_class": {c: dict(zip(names, table[:, i].tolist(), strict=True)) for i, c in enumerate(rows.classes)},
        "confusion": matrices[0].astype(int).tolist(),
    }


def classified(task: Task, parts: Sequence[Rows], predicted: Classes, details: dict[str, Any]) -> Outcome:
    """The task's numbers of the classes predicted for the last part, with what gives the same numbers again."""
    rows, counts = parts[-1], {part.split if len(parts) > 1 else "texts": len(part) for part in parts}
    kind = np.int8 if len(rows.classes) < 128 else np.int32
    predictions: dict[str, NDArray[np.generic]] = {
        "gold": rows.labels.astype(kind),
        "predicted": predicted.astype(kind),
    }
    if rows.groups is not None:
        # By number, in the order of the names, so that a comparison resamples documents without the corpus.
        names, places = np.unique(rows.groups, return_inverse=True)
        predictions[GROUP], counts["documents"] = places.astype(np.int32), len(names)
        details = {**details, "interval": "bootstrap over documents"}
    details = {"classes": list(rows.classes), **details}
    metrics = Scored("", rows.labels, predicted, predictions.get(GROUP), len(rows.classes)).with_intervals(task.metrics)
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


@dataclass(frozen=True, kw_only=True)
class Classification(Task):
    """Logistic regression on frozen vectors, C chosen on a development split or by folds of the training split."""

    C_grid: tuple[float, ...]
    chosen_by: str
    """The number whose first maximum chooses C."""
    holdout: Literal["nested", "split", "folds-of-train"] = "split"
    """`nested` is of `SentEvalTask` alone."""
    fold_count: int = FOLDS
    softmax: bool = True
    """See `harness.probes.logistic`."""

    def choose(self, gold: Classes, predicted: Classes, classes: int, held_out: Sequence[Classes]) -> float:
        """The number that chooses C, of rows with their classes and the folds that predicted them, if any."""
        return float(classification(confusion(np.ones((1, len(gold))), gold, predicted, classes))[self.chosen_by][0])

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the splits; see `Task.prepare`."""
        splits = ("train", "dev", "test") if self.holdout == "split" else ("train", "test")
        parts = train, *dev, test = [self.rows(library, split) for split in splits]
        gold, classes = (dev[0] if dev else train).labels, len(test.classes)
        held_out = [] if dev else folds(len(train), labels=gold, count=self.fold_count)

        def score(embeddings: Vectors, _seed: int) -> Outcome:
            X, *asked = np.split(embeddings, np.cumsum([len(part) for part in parts])[:-1])
            fits = probes.logistic.logistic(X, train.labels, classes, self.C_grid, softmax=self.softmax)
            if dev:
                decided = np.stack([fits.decide(asked[0], i).argmax(axis=1) for i in range(len(self.C_grid))])
            else:
                decided = probes.logistic.cross_validate(X, gold, classes, self.C_grid, held_out, softmax=self.softmax)
            scores = [self.choose(gold, predicted, classes, held_out) for predicted in decided]
            best = int(np.argmax(scores))
            predicted = fits.decide(asked[-1], best).argmax(axis=1)
            facts = fit_facts("C", [self.C_grid[best]], self.C_grid, fits.convergence)
            return classified(self, parts, predicted, {**facts, "development": scores, **class_table(test, predicted)})

        return prepared(self, parts, score)
