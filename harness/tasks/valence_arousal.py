"""Valence and arousal regression: a least-squares probe on frozen vectors, one target per annotated dimension.

Labels are scaled to [−1, 1] from the ends of the annotation scale, so that 0 is the scale's middle. The CARL paper's
equation (12) reads as observed minimum and maximum, which gives its MAE another unit; each record holds both.
Correlations do not depend on either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.tasks.base import (
    Outcome,
    Prepared,
    PreparedTask,
    Task,
    TaskFacts,
    combined_fingerprint,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples

    Floats = NDArray[np.float64]

DIMENSIONS = ("valence", "arousal", "dominance")
_NUMBERS = ("pearson", "spearman", "mae", "ccc", "r2")

#: Folds of the protocols without an official split, and their seed: SentEval's.
FOLDS = 10
FOLD_SEED = 1111

#: Rows that the document-grouped split of EmoBank holds out, at least: as many as the official one.
GROUPED_TEST_ROWS = 1000
#: Longer documents stay in training: one novel of 925 sentences would be the whole test part.
GROUPED_LONGEST = 100


@dataclass(frozen=True)
class Labelled:
    """Rows with scaled labels, from one corpus or several."""

    texts: tuple[str, ...]
    gold: Mapping[str, Floats]
    """Dimension → labels scaled to [−1, 1] from the scale's ends (n,)."""
    observed_unit: Mapping[str, Floats]
    """Dimension → factor from our MAE to the paper's, by row (n,)."""
    groups: tuple[str, ...] | None
    """Document of each row; rows without one are documents of their own."""


@dataclass(frozen=True, kw_only=True)
class ValenceArousal(TaskFacts):
    """One corpus under one way of holding rows out."""

    holdout: Literal["split", "documents", "folds"]
    dimensions: tuple[str, ...]

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the labels and fix which rows are predicted from which; see `Task.prepare`."""
        import numpy as np

        parts = {name: _load(library, name, self.dimensions) for name in self.corpora}
        labelled = _joined([part for part, _ in parts.values()])
        examples = [example for _, splits in parts.values() for example in splits]
        folds: list[NDArray[np.int64]] | None = None
        if self.holdout == "folds":
            from sklearn.model_selection import KFold

            kfold = KFold(FOLDS, shuffle=True, random_state=FOLD_SEED)
            folds = [held.astype(np.int64) for _, held in kfold.split(np.zeros((len(labelled.texts), 1)))]
            train = test = np.arange(len(labelled.texts))
        elif self.holdout == "documents":
            assert labelled.groups is not None  # EmoBank names its documents
            test = held_out_documents(labelled.groups)
            train = np.setdiff1d(np.arange(len(labelled.texts)), test)
        else:
            lengths = [len(example) for example in examples]
            train = np.arange(lengths[0])
            test = np.arange(sum(lengths) - lengths[-1], sum(lengths))
        rows = test if folds is not None else np.concatenate([train, test])

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            return _score(self, labelled, embeddings, train, test, folds)

        return PreparedTask(
            texts=tuple(labelled.texts[i] for i in rows),
            fingerprint=combined_fingerprint(self.protocol, ",".join(self.dimensions), *examples),
            score=score,
            scored=len(test),
        )


def _load(library: CorpusLibrary, corpus: str, dimensions: Sequence[str]) -> tuple[Labelled, list[Examples]]:
    """All rows of a corpus, training split first and test split last, with labels in both units."""
    import numpy as np

    names = ("all",) if corpus in ("facebook", "emotales") else ("train", "dev", "test")
    splits = [library.load(corpus, name) for name in names]
    texts = tuple(text for split in splits for text in split.texts)
    gold, unit = {}, {}
    for dimension in dimensions:
        low, high = splits[0].scales[dimension]
        raw = np.concatenate([split.labels[dimension] for split in splits]).astype(np.float64)
        gold[dimension] = 2 * (raw - low) / (high - low) - 1
        observed = raw.max() - raw.min()
        unit[dimension] = np.full(len(raw), (high - low) / observed if observed else 1.0)
    groups = None
    if corpus != "sample" and all(split.groups is not None for split in splits):
        groups = tuple(f"{corpus}:{group}" for split in splits for group in split.groups or ())
    return Labelled(texts, gold, unit, groups), splits


def _joined(parts: Sequence[Labelled]) -> Labelled:
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    groups = [
        group
        for number, part in enumerate(parts)
        for group in (part.groups or tuple(f"{number}:{row}" for row in range(len(part.texts))))
    ]
    return Labelled(
        texts=tuple(text for part in parts for text in part.texts),
        gold={name: np.concatenate([part.gold[name] for part in parts]) for name in parts[0].gold},
        observed_unit={name: np.concatenate([part.observed_unit[name] for part in parts]) for name in parts[0].gold},
        groups=tuple(groups),
    )


def held_out_documents(groups: Sequence[str]) -> NDArray[np.int64]:
    """Rows of the documents that the document-grouped protocol tests on.

    Documents of at most `GROUPED_LONGEST` rows are taken in the order of a digest of their names, which is arbitrary
    and the same everywhere, until `GROUPED_TEST_ROWS` rows are reached.

    Returns:
        Row numbers, ascending.
    """
    import numpy as np

    chosen: set[str] = set()
    rows = 0
    sizes: dict[str, int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
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
    import numpy as np

    from harness.probes.least_squares import cross_fit, least_squares
    from harness.statistics import regression_metrics

    gold = np.stack([labelled.gold[dimension] for dimension in task.dimensions], axis=1)
    details: dict[str, Any] = {"probe": "ordinary least squares with intercept"}
    if folds is not None:
        crossed = cross_fit(embeddings, gold, folds)
        predicted = crossed.predictions
        details["folds"] = len(folds)
    else:
        fit = least_squares(embeddings[: len(train)], gold[train])
        predicted = fit.predict(embeddings[len(train) :])
        details["rank"] = fit.rank
    groups = None if labelled.groups is None else [labelled.groups[i] for i in test]
    details["interval"] = "bootstrap over rows" if groups is None else "bootstrap over documents"
    metrics, observed, predictions = {}, {}, {}
    for column, dimension in enumerate(task.dimensions):
        truth, guess = gold[test, column], predicted[:, column]
        for name, metric in regression_metrics(truth, guess, groups).items():
            metrics[f"{dimension}.{name}"] = metric
        observed[dimension] = float(np.mean(np.abs(truth - guess) * labelled.observed_unit[dimension][test]))
        predictions[f"{dimension}.gold"] = truth.astype(np.float32)
        predictions[f"{dimension}.predicted"] = guess.astype(np.float32)
    details["mae_observed"] = observed
    counts = {"train": len(train), "test": len(test)}
    if groups is not None:
        counts["documents"] = len(set(groups))
        # Numbers in place of names, so that a comparison of two models can resample documents without the corpus.
        predictions["group"] = np.unique(groups, return_inverse=True)[1].astype(np.int32)
    return Outcome(metrics=metrics, details=details, predictions=predictions, counts=counts)


def _task(
    corpus: str,
    protocol: str,
    holdout: Literal["split", "documents", "folds"],
    dimensions: tuple[str, ...],
    summary: str,
    *,
    suite: str = "paper",
    recipes: bool = False,
    corpora: tuple[str, ...] | None = None,
) -> ValenceArousal:
    return ValenceArousal(
        name="valence-arousal",
        corpus=corpus,
        protocol=protocol,
        split="cv10" if holdout == "folds" else "test",
        metrics=tuple(f"{dimension}.{number}" for dimension in dimensions for number in _NUMBERS),
        suites=(suite, "recipes") if recipes else (suite,),
        summary=summary,
        source="Son et al. 2025 (arXiv:2502.20613), section IV; least squares on frozen vectors",
        corpora=corpora or (corpus,),
        holdout=holdout,
        dimensions=dimensions,
    )


def variants() -> list[Task]:
    """The tasks of this family, in the order of the tables."""
    both = DIMENSIONS[:2]
    return [
        _task("emobank", "official/1", "split", DIMENSIONS, "EmoBank's own split: train, then test", recipes=True),
        _task("emobank", "document-grouped/1", "documents", DIMENSIONS, "EmoBank, no document in both parts"),
        _task("facebook", "kfold10/1", "folds", both, "Facebook posts, 10 shuffled folds"),
        _task("emotales", "kfold10/1", "folds", DIMENSIONS, "EmoTales, 10 shuffled folds", recipes=True),
        _task(
            "pooled",
            "pooled/1",
            "folds",
            both,
            "EmoBank, Facebook posts and EmoTales together, 10 shuffled folds",
            corpora=("emobank", "facebook", "emotales"),
        ),
        _task(
            "sample", "official/1", "split", DIMENSIONS, "the embedded sample; no benchmark of record", suite="sample"
        ),
    ]
