"""Valence and arousal regression: a least-squares probe on frozen vectors, one target per annotated dimension.

Labels are scaled to [−1, 1] from the ends of the annotation scale, so that 0 is the scale's middle. The CARL paper's
equation (12) reads as observed minimum and maximum, which gives its MAE another unit; each record holds both.
Correlations do not depend on either. Where the raters' marks are known, `valence.ceiling` is what a second panel of
raters would reach (`harness.statistics.ceiling`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.errors import NotApplicable
from harness.metrics import REGRESSION
from harness.statistics.ceiling import noise_ceiling
from harness.statistics.scores import regression_metrics
from harness.tasks.base import FOLD_SEED, FOLDS, Metric, Outcome, Prepared, Task, combined_fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples

    Floats = NDArray[np.float64]

DIMENSIONS = ("valence", "arousal", "dominance")

#: Rows that the document-grouped split of EmoBank holds out, at least: as many as the official one.
GROUPED_TEST_ROWS = 1000
#: Longer documents stay in training: one novel of 925 sentences would be the whole test part.
GROUPED_LONGEST = 100

#: Corpora of rated texts that the package index carries → what they hold.
RATINGS = {
    "ratings-tweets": "tweets",
    "ratings-editorials": "sentences of editorials",
    "ratings-products": "sentences of product reviews",
    "ratings-films": "sentences of film reviews",
}


def ratings_suite(*corpora: str) -> str:
    """The suite of a task on `RATINGS`; the films are nearly half of all texts, and those of MR, which `paper` has."""
    return "extended" if "ratings-films" in corpora else "quick"


#: Ratings on a scale of −4 to 4 that are nearer to 0 are no clear polarity.
CLEAR = 0.5


@dataclass(frozen=True)
class Labelled:
    """Rows with scaled labels, from one corpus or several."""

    texts: tuple[str, ...]
    gold: Floats
    """Labels scaled to [−1, 1] from the scale's ends (n, dimensions)."""
    observed_unit: Floats
    """Factor from our MAE to the paper's (n, dimensions)."""
    groups: tuple[str, ...] | None
    """Document of each row; rows without one are documents of their own."""
    raters: Mapping[str, Floats]
    """Dimension → what each rater marked (n, raters); empty where unknown."""


@dataclass(frozen=True, kw_only=True)
class ValenceArousal(Task):
    """One corpus under one way of holding rows out."""

    holdout: Literal["split", "documents", "folds", "grouped-folds"]
    dimensions: tuple[str, ...]

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the labels and fix which rows are predicted from which; see `Task.prepare`."""
        parts = {name: _load(library, name, self.dimensions) for name in self.corpora}
        labelled = _joined([part for part, _ in parts.values()])
        examples = [example for _, splits in parts.values() for example in splits]
        n = len(labelled.texts)
        folds: list[NDArray[np.int64]] | None = None
        if self.holdout == "folds":
            from sklearn.model_selection import KFold

            splitter = KFold(FOLDS, shuffle=True, random_state=FOLD_SEED)
            folds = [held.astype(np.int64) for _, held in splitter.split(np.zeros((n, 1)))]
        elif self.holdout == "grouped-folds":
            folds = grouped_folds(labelled.groups or ())
        if folds is not None:
            train = test = np.arange(n)
        elif self.holdout == "documents":
            test = held_out_documents(labelled.groups or ())
            train = np.setdiff1d(np.arange(n), test)
            if not len(train):
                raise NotApplicable(f"the documents that are held out leave none of the {n} texts to train on")
        else:
            train, test = np.arange(len(examples[0])), np.arange(n - len(examples[-1]), n)
        rows = test if folds is not None else np.concatenate([train, test])

        @cache  # the same for all models
        def ceilings() -> dict[str, Metric]:
            groups = None if labelled.groups is None else [labelled.groups[i] for i in test]
            found = {dimension: noise_ceiling(marks[test], groups) for dimension, marks in labelled.raters.items()}
            return {f"{dimension}.ceiling": ceiling for dimension, ceiling in found.items() if ceiling is not None}

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            outcome = _score(self, labelled, embeddings, train, test, folds)
            return replace(outcome, metrics={**outcome.metrics, **ceilings()})

        return Prepared(
            texts=tuple(labelled.texts[i] for i in rows),
            fingerprint=combined_fingerprint(self.protocol, ",".join(self.dimensions), *examples),
            score=score,
            scored=len(test),
        )


def scaled(examples: Examples, dimensions: Sequence[str]) -> Floats:
    """Labels (n, dimensions) in [−1, 1] from the ends of the annotation scale."""
    ends = np.array([examples.scales[dimension] for dimension in dimensions], dtype=np.float64)
    raw = np.stack([np.asarray(examples.labels[d], dtype=np.float64) for d in dimensions], axis=1)
    return np.asarray(2 * (raw - ends[:, 0]) / (ends[:, 1] - ends[:, 0]) - 1)


def _load(library: CorpusLibrary, corpus: str, dimensions: Sequence[str]) -> tuple[Labelled, list[Examples]]:
    """All rows of a corpus, training split first and test split last, with labels in both units."""
    names = ("train", "dev", "test") if corpus in ("emobank", "sample") else ("all",)
    splits = [library.load(corpus, name) for name in names]
    gold = np.concatenate([scaled(split, dimensions) for split in splits])
    spread = np.ptp(gold, axis=0)
    groups = None
    if corpus != "sample" and all(split.groups is not None for split in splits):
        groups = tuple(f"{corpus}:{group}" for split in splits for group in split.groups or ())
    raters = {}
    for dimension in dimensions:
        marks = [(split.raters or {}).get(dimension) for split in splits]
        if all(part is not None for part in marks):
            raters[dimension] = np.concatenate([part for part in marks if part is not None])
    unit = np.broadcast_to(np.where(spread > 0, 2 / np.where(spread > 0, spread, 1), 1), gold.shape)
    return Labelled(tuple(text for split in splits for text in split.texts), gold, unit, groups, raters), splits


def _joined(parts: Sequence[Labelled]) -> Labelled:
    if len(parts) == 1:
        return parts[0]
    groups = [
        group
        for number, part in enumerate(parts)
        for group in (part.groups or tuple(f"{number}:{row}" for row in range(len(part.texts))))
    ]
    return Labelled(
        texts=tuple(text for part in parts for text in part.texts),
        gold=np.concatenate([part.gold for part in parts]),
        observed_unit=np.concatenate([part.observed_unit for part in parts]),
        groups=tuple(groups),
        # Panels of different corpora have no common size.
        raters={},
    )


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


def held_out_documents(groups: Sequence[str]) -> NDArray[np.int64]:
    """Rows of the documents that the document-grouped protocol tests on, ascending.

    Documents of at most `GROUPED_LONGEST` rows are taken in the order of a digest of their names, which is arbitrary
    and the same everywhere, until `GROUPED_TEST_ROWS` rows are reached.
    """
    chosen: set[str] = set()
    rows, sizes = 0, Counter(groups)
    for group in sorted(sizes, key=lambda name: hashlib.blake2b(name.encode(), digest_size=8).digest()):
        if rows >= GROUPED_TEST_ROWS:
            break
        if sizes[group] <= GROUPED_LONGEST:
            chosen.add(group)
            rows += sizes[group]
    return np.flatnonzero([group in chosen for group in groups]).astype(np.int64)


def _score(
    task: ValenceArousal,
    labelled: Labelled,
    embeddings: NDArray[np.float32],
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    folds: list[NDArray[np.int64]] | None,
) -> Outcome:
    from harness.probes.linear import cross_predict, least_squares

    gold = labelled.gold
    details: dict[str, Any] = {"probe": "ordinary least squares with intercept"}
    if folds is not None:
        predicted = cross_predict(embeddings, gold, folds)
        details["folds"] = len(folds)
    else:
        fit = least_squares(embeddings[: len(train)], gold[train])
        predicted = fit.predict(embeddings[len(train) :])
        details["rank"] = fit.rank
    groups = None if labelled.groups is None else [labelled.groups[i] for i in test]
    details["mae_observed"] = {
        dimension: float(
            np.mean(np.abs(gold[test, column] - predicted[:, column]) * labelled.observed_unit[test, column])
        )
        for column, dimension in enumerate(task.dimensions)
    }
    outcome = regression_outcome(task.dimensions, gold[test], predicted, groups, details)
    counts = {"train": len(train), "test": len(test)}
    if groups is not None:
        counts["documents"] = len(set(groups))
    return replace(outcome, counts=counts)


def regression_outcome(
    dimensions: Sequence[str], gold: Floats, predicted: Floats, groups: Sequence[str] | None, details: dict[str, Any]
) -> Outcome:
    """Numbers and predictions of every dimension.

    Args:
        dimensions: names of the columns.
        gold: labels (n, dimensions).
        predicted: (n, dimensions).
        groups: document of each row.
        details: facts, to which the kind of interval is added.
    """
    metrics: dict[str, Metric] = {}
    predictions: dict[str, NDArray[np.generic]] = {}
    for column, dimension in enumerate(dimensions):
        truth, guess = gold[:, column], predicted[:, column]
        metrics |= {f"{dimension}.{name}": value for name, value in regression_metrics(truth, guess, groups).items()}
        predictions[f"{dimension}.gold"] = truth.astype(np.float32)
        predictions[f"{dimension}.predicted"] = guess.astype(np.float32)
    if groups is not None:
        # Numbers in place of names, so that a comparison of two models can resample documents without the corpus.
        predictions["group"] = np.unique(groups, return_inverse=True)[1].astype(np.int32)
    details["interval"] = "bootstrap over rows" if groups is None else "bootstrap over documents"
    return Outcome(metrics=metrics, details=details, predictions=predictions)


def _task(
    corpus: str,
    protocol: str,
    holdout: Literal["split", "documents", "folds", "grouped-folds"],
    dimensions: tuple[str, ...],
    summary: str,
    *,
    suites: tuple[str, ...] = ("paper",),
    corpora: tuple[str, ...] | None = None,
) -> ValenceArousal:
    ceiling = ("valence.ceiling",) if corpus in RATINGS else ()
    return ValenceArousal(
        name="valence-arousal",
        corpus=corpus,
        protocol=protocol,
        split="cv10" if "folds" in holdout else "test",
        metrics=(*(f"{dimension}.{number}" for dimension in dimensions for number in REGRESSION), *ceiling),
        suites=suites,
        summary=summary,
        source="Son et al. 2025 (arXiv:2502.20613), section IV; least squares on frozen vectors",
        corpora=corpora or (corpus,),
        holdout=holdout,
        dimensions=dimensions,
    )


def variants() -> list[Task]:
    """The tasks of this family, in the order of the tables."""
    both, recipes = DIMENSIONS[:2], ("paper", "recipes")
    pooled = "EmoBank, Facebook posts and EmoTales together, 10 shuffled folds"
    return [
        _task("emobank", "official/1", "split", DIMENSIONS, "EmoBank's own split: train, then test", suites=recipes),
        _task("emobank", "document-grouped/1", "documents", DIMENSIONS, "EmoBank, no document in both parts"),
        _task("facebook", "kfold10/1", "folds", both, "Facebook posts, 10 shuffled folds"),
        _task("emotales", "kfold10/1", "folds", DIMENSIONS, "EmoTales, 10 shuffled folds", suites=recipes),
        _task("pooled", "pooled/1", "folds", both, pooled, corpora=("emobank", "facebook", "emotales")),
        _task("sample", "official/1", "split", DIMENSIONS, "made-up sentences, no benchmark", suites=("sample",)),
        *(
            _task(c, "grouped-kfold10/1", "grouped-folds", ("valence",), f"{t}, 10 folds", suites=(ratings_suite(c),))
            for c, t in RATINGS.items()
        ),
    ]
