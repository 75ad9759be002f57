"""Valence and arousal regression: a least-squares probe on frozen vectors, one target per annotated dimension.

Labels are scaled to [−1, 1] from the ends of the annotation scale, so that 0 is the scale's middle. The CARL paper's
equation (12) reads as observed minimum and maximum, which gives its MAE another unit; each record holds both.
Correlations do not depend on either. Where the raters' marks are known, `valence.ceiling` is what a second panel of
raters would reach (`harness.statistics.ceiling`).
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness import probes
from harness.corpora.base import CorpusLibrary, Examples
from harness.metrics import REGRESSION
from harness.outcome import Metric, Outcome
from harness.statistics.ceiling import noise_ceiling
from harness.statistics.scores import GROUP, Scored
from harness.tasks.base import RATINGS, Prepared, Task, combined_fingerprint, folds, ratings_suite

Floats = NDArray[np.float64]

DIMENSIONS = ("valence", "arousal", "dominance")

#: Rows that the document-grouped split of EmoBank holds out, at least: as many as the official one.
GROUPED_TEST_ROWS = 1000
#: Longer documents stay in training: one novel of 925 sentences would be the whole test part.
GROUPED_LONGEST = 100

Holdout = Literal["split", "documents", "folds", "grouped-folds"]


@dataclass(frozen=True, kw_only=True)
class ValenceArousal(Task):
    """One corpus, or several pooled, under one way of holding rows out."""

    holdout: Holdout
    dimensions: tuple[str, ...]

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the labels and fix which rows are predicted from which; see `Task.prepare`."""
        parts = {corpus: self._splits(library, corpus) for corpus in self.corpora}
        examples = [split for splits in parts.values() for split in splits]
        texts = [text for split in examples for text in split.texts]
        labels = [np.concatenate([scaled(split, self.dimensions) for split in splits]) for splits in parts.values()]
        # Factors from our MAE to the paper's: 2 over the range of a corpus's labels.
        spreads = [np.broadcast_to(np.ptp(own, axis=0), own.shape) for own in labels]
        gold, unit = np.concatenate(labels), 2 / np.maximum(np.concatenate(spreads), 1e-9)
        groups, rows = _documents(parts), np.arange(len(texts))
        held_out: list[NDArray[np.int64]] = []
        if "folds" in self.holdout:
            held_out = folds(len(rows), groups=groups if self.holdout == "grouped-folds" else None)
            train = test = rows
        elif self.holdout == "documents":
            test = held_out_documents(groups or ())
            train = np.setdiff1d(rows, test)
        else:
            train, test = rows[: len(examples[0])], rows[-len(examples[-1]) :]
        documents = None if groups is None else [groups[row] for row in test]

        @cache  # the same for all models
        def ceilings() -> dict[str, Metric]:
            found = {}
            # Panels of different corpora have no common size.
            for dimension in self.dimensions if len(parts) == 1 else ():
                marks = [split.raters[dimension] for split in examples if split.raters and dimension in split.raters]
                if marks and (ceiling := noise_ceiling(np.concatenate(marks)[test], documents)):
                    found[f"{dimension}.ceiling"] = ceiling
            return found

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            details: dict[str, Any] = {"probe": "ordinary least squares with intercept"}
            if held_out:
                predicted = probes.linear.cross_predict(embeddings, gold, held_out)[0]
                details["folds"] = len(held_out)
            else:
                (fit,) = probes.linear.fit(embeddings[: len(train)], gold[train])
                predicted = fit.predict(embeddings[len(train) :])
                details["rank"] = fit.rank
            errors = (np.abs(gold[test] - predicted) * unit[test]).mean(axis=0)
            details["mae_observed"] = dict(zip(self.dimensions, errors.tolist(), strict=True))
            outcome = regression_outcome(self.dimensions, gold[test], predicted, documents, details, len(train))
            return replace(outcome, metrics={**outcome.metrics, **ceilings()})

        return Prepared(
            texts=tuple(texts[row] for row in (test if held_out else [*train, *test])),
            fingerprint=combined_fingerprint(self.protocol, ",".join(self.dimensions), *examples),
            score=score,
            scored=len(test),
        )

    def _splits(self, library: CorpusLibrary, corpus: str) -> list[Examples]:
        """All rows of a corpus, training split first and test split last."""
        splits = ("train", "dev", "test") if corpus == "emobank" or self.holdout == "split" else ("all",)
        return [library.load(corpus, split) for split in splits]


def scaled(examples: Examples, dimensions: Sequence[str]) -> Floats:
    """Labels (n, dimensions) in [−1, 1] from the ends of the annotation scale."""
    ends = np.array([examples.scales[dimension] for dimension in dimensions], dtype=np.float64)
    raw = np.stack([np.asarray(examples.labels[d], dtype=np.float64) for d in dimensions], axis=1)
    return np.asarray(2 * (raw - ends[:, 0]) / (ends[:, 1] - ends[:, 0]) - 1)


def _documents(parts: dict[str, list[Examples]]) -> list[str] | None:
    """Document of each row, None where no corpus names any; rows without one are documents of their own."""
    found, named = [], False
    for number, (corpus, splits) in enumerate(parts.items()):
        if all(split.groups is not None for split in splits):
            found += [f"{corpus}:{group}" for split in splits for group in split.groups or ()]
            named = True
        else:
            found += [f"{number}:{row}" for row in range(sum(map(len, splits)))]
    return found if named else None


def held_out_documents(groups: Sequence[str]) -> NDArray[np.int64]:
    """Rows of the documents that the document-grouped protocol tests on, ascending.

    Documents of at most `GROUPED_LONGEST` rows are taken in the order of a digest of their names, which is arbitrary
    and the same everywhere, until `GROUPED_TEST_ROWS` rows are reached, or half of the rows of a trial.
    """
    chosen: dict[str, int] = {}
    sizes, enough = Counter(groups), min(GROUPED_TEST_ROWS, len(groups) // 2)
    for group in sorted(sizes, key=lambda name: hashlib.blake2b(name.encode(), digest_size=8).digest()):
        if sizes[group] <= GROUPED_LONGEST and sum(chosen.values()) < enough:
            chosen[group] = sizes[group]
    return np.flatnonzero([group in chosen for group in groups]).astype(np.int64)


def regression_outcome(
    dimensions: Sequence[str],
    gold: Floats,
    predicted: Floats,
    groups: Sequence[str] | None,
    details: dict[str, Any],
    train: int,
) -> Outcome:
    """Numbers and predictions of every dimension.

    Args:
        dimensions: names of the columns.
        gold: labels (n, dimensions).
        predicted: (n, dimensions).
        groups: document of each row.
        details: facts, to which the kind of interval is added.
        train: number of the rows that the probe learned from.
    """
    metrics: dict[str, Metric] = {}
    predictions: dict[str, NDArray[np.generic]] = {}
    counts, interval = {"train": train, "test": len(gold)}, "bootstrap over rows"
    if groups is not None:
        # By number, in the order of the names, so that a comparison resamples documents without the corpus.
        predictions[GROUP] = np.unique(groups, return_inverse=True)[1].astype(np.int32)
        counts["documents"], interval = len(set(groups)), "bootstrap over documents"
    for dimension, truth, guess in zip(dimensions, gold.T, predicted.T, strict=True):
        numbers = Scored("", truth, guess, predictions.get(GROUP)).with_intervals(REGRESSION)
        metrics |= {f"{dimension}.{name}": value for name, value in numbers.items()}
        predictions[f"{dimension}.gold"] = truth.astype(np.float32)
        predictions[f"{dimension}.predicted"] = guess.astype(np.float32)
    return Outcome(metrics=metrics, details={**details, "interval": interval}, predictions=predictions, counts=counts)


def _task(
    corpus: str,
    protocol: str,
    holdout: Holdout,
    dimensions: tuple[str, ...],
    summary: str,
    *,
    suites: tuple[str, ...] = ("paper",),
    corpora: tuple[str, ...] = (),
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
        corpora=corpora,
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
        *(
            _task(c, "grouped-kfold10/1", "grouped-folds", ("valence",), f"{t}, 10 folds", suites=(ratings_suite(c),))
            for c, t in RATINGS.items()
        ),
    ]
