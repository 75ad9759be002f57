"""Polarity of whole texts, and the SentEval protocol (Conneau and Kiela 2018) for it and other classes of sentences.

Two protocols, never in one column. `senteval-lr` is the toolkit's scikit-learn mode solved to the optimum: L2
logistic regression, features as given, C from 2⁻² to 2³ (2⁻¹ to 2⁵ for TREC). `senteval-compat` is its PyTorch mode,
the default in the literature: Adam, early stopping, a grid of weight decays.

Three ways of holding rows out, the toolkit's own: `nested` 10 × 10 folds where a corpus is one part, C chosen on the
development part of a `split`, and by `folds-of-train` where there is a test part but no development one.

IMDB is not in SentEval: its C is chosen on five folds of the training part. Texts of the rating corpora are positive or
negative by the sign of their mean rating, those nearer to 0 than 0.5 left out; the nested folds cut no document apart.

SUBJ (subjective or objective; Pang and Lee 2004) and TREC (six types of question; Li and Roth 2002) show whether an
encoder that was trained for feelings still tells other things apart. ISEAR (seven emotions in descriptions of
situations; Scherer and Wallbott 1994) is not in the toolkit and is cross-validated as its corpora without parts are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.outcome import Metric, Outcome
from harness.statistics.bootstrap import percentile, weightings
from harness.tasks.base import FOLD_SEED, FOLDS, Prepared, Task, classified, combined_fingerprint, fit_facts
from harness.tasks.valence_arousal import RATINGS, grouped_folds, ratings_suite, signed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples
    from harness.probes.senteval_adam import AdamResult

#: The toolkit's grids in its scikit-learn mode (`senteval/tools/validation.py`): for nested folds and for fixed splits
#: (MR, CR, SST), and for folds of the training part (TREC).
C_GRID = tuple(2.0**power for power in range(-2, 4))
TREC_C_GRID = tuple(2.0**power for power in range(-1, 6))

#: IMDB's folds of the training part.
IMDB_FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class SentEvalTask(Task):
    """One corpus under one protocol."""

    classes: int
    holdout: Literal["nested", "split", "folds-of-train"]
    compat: bool = False
    train_folds: int = FOLDS
    """Folds of the training part that choose C under `folds-of-train`."""
    C_grid: tuple[float, ...] = C_GRID
    official: bool = True
    """Whether rows stand in the toolkit's order; IMDB, which the toolkit does not have, keeps its own."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the corpus and fix order, folds and splits; see `Task.prepare`."""
        splits = {"nested": ("all",), "split": ("train", "dev", "test"), "folds-of-train": ("train", "test")}
        parts = [library.load(self.corpus, split) for split in splits[self.holdout]]
        # The toolkit sorts each split (`senteval/sst.py`), and its Adam procedure takes batches in that order.
        orders = [official_order(part) if self.official else range(len(part)) for part in parts]
        labels = [
            np.asarray(part.labels["label"], dtype=np.int64)[order] for part, order in zip(parts, orders, strict=True)
        ]
        score = {"nested": self._nested, "split": self._split, "folds-of-train": self._folds_of_train}[self.holdout]
        return Prepared(
            texts=tuple(part.texts[i] for part, order in zip(parts, orders, strict=True) for i in order),
            fingerprint=combined_fingerprint(self.protocol, *parts),
            score=score(labels),
            scored=None if len(parts) == 1 else len(parts[-1]),
        )

    def _nested(self, labels: Sequence[NDArray[np.int64]]) -> Callable[..., Outcome]:
        (gold,) = labels
        outer, inner = nested_folds(gold)

        def score(embeddings: NDArray[np.float32], seed: int) -> Outcome:
            if self.compat:
                from harness.probes import senteval_adam

                result = senteval_adam.nested(embeddings, gold, self.classes, outer, inner, seed=FOLD_SEED + seed)
                predicted, details = result.predictions, _adam_facts(result)
            else:
                from harness.probes.logistic import nested_cross_validation

                found = nested_cross_validation(embeddings, gold, self.classes, self.C_grid, outer, inner)
                predicted, details = found.predicted, fit_facts("C", found.C, self.C_grid, found.convergence)
            folds = [round(100 * float((predicted[rows] == gold[rows]).mean()), 2) for rows in outer]
            details["fold_accuracies"] = folds
            # The toolkit's number: the mean over folds, each in per cent with two decimals.
            return _outcome(gold, predicted, details, {"texts": len(gold)}, float(np.mean(folds)) / 100)

        return score

    def _split(self, labels: Sequence[NDArray[np.int64]]) -> Callable[..., Outcome]:
        train, dev, gold = labels
        first, second = len(train), len(train) + len(dev)

        def score(embeddings: NDArray[np.float32], seed: int) -> Outcome:
            if self.compat:
                from harness.probes import senteval_adam

                rows, y = np.arange(len(embeddings)), np.concatenate(labels)
                parts = rows[:first], rows[first:second], rows[second:]
                result = senteval_adam.split(embeddings, y, self.classes, *parts, seed=FOLD_SEED + seed)
                predicted, details = result.predictions, _adam_facts(result)
            else:
                from harness.probes.logistic import logistic

                fits = logistic(embeddings[:first], train, self.classes, self.C_grid)
                decided = [fits.decide(embeddings[first:second], i).argmax(axis=1) for i in range(len(self.C_grid))]
                scores = [round(100 * float((own == dev).mean()), 2) for own in decided]
                best = int(np.argmax(scores))
                predicted = fits.decide(embeddings[second:], best).argmax(axis=1)
                details = fit_facts("C", [self.C_grid[best]], self.C_grid, fits.convergence) | {"development": scores}
            return _outcome(gold, predicted, details, {"train": first, "dev": len(dev), "test": len(gold)})

        return score

    def _folds_of_train(self, labels: Sequence[NDArray[np.int64]]) -> Callable[..., Outcome]:
        from sklearn.model_selection import StratifiedKFold

        train, gold = labels
        splitter = StratifiedKFold(self.train_folds, shuffle=True, random_state=FOLD_SEED)
        folds = [held.astype(np.int64) for _, held in splitter.split(np.zeros((len(train), 1)), train)]

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            from harness.probes.logistic import cross_validate, first_best, logistic

            X = embeddings[: len(train)]
            crossed = cross_validate(X, train, self.classes, self.C_grid, folds)
            best = first_best(crossed.accuracies)
            fits = logistic(X, train, self.classes, [self.C_grid[best]])
            predicted = fits.decide(embeddings[len(train) :], 0).argmax(axis=1)
            details = fit_facts("C", [self.C_grid[best]], self.C_grid, crossed.convergence)
            details["development"] = [round(100 * float(row.mean()), 2) for row in crossed.accuracies]
            return _outcome(gold, predicted, details, {"train": len(train), "test": len(gold)})

        return score


def _outcome(
    gold: NDArray[np.int64],
    predicted: NDArray[np.int64],
    details: dict[str, Any],
    counts: dict[str, int],
    reported: float | None = None,
) -> Outcome:
    right = (gold == predicted).astype(np.float64)
    draws = np.concatenate([weights @ right / weights.sum(axis=1) for weights in weightings(len(right))])
    value, (low, high) = float(right.mean()), percentile(draws)
    # Rounding by fold moves the mean by less than 0.00005; the interval moves along.
    shift = 0.0 if reported is None else reported - value
    return Outcome(
        metrics={"accuracy": Metric(value if reported is None else reported, low + shift, high + shift)},
        details=details,
        predictions={"gold": gold.astype(np.int8), "predicted": predicted.astype(np.int8)},
        counts=counts,
    )


def official_order(examples: Examples) -> list[int]:
    """Row numbers in SentEval's order: by token count, then label, else as in the files (`senteval/binary.py`).

    The folds depend on it.
    """
    label = examples.labels["label"]
    return sorted(range(len(examples)), key=lambda i: (len(examples.texts[i].split()), int(label[i])))


def nested_folds(gold: NDArray[np.int64]) -> tuple[list[NDArray[np.int64]], list[list[NDArray[np.int64]]]]:
    """Held-out rows of the outer folds and, for each, of its inner folds (as places among its training rows)."""
    from sklearn.model_selection import StratifiedKFold

    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=FOLD_SEED)
    outer, inner = [], []
    for train, held in splitter.split(np.zeros((len(gold), 1)), gold):
        outer.append(held.astype(np.int64))
        parts = splitter.split(np.zeros((len(train), 1)), gold[train])
        inner.append([part.astype(np.int64) for _, part in parts])
    return outer, inner


def _adam_facts(result: AdamResult) -> dict[str, Any]:
    from harness.probes.senteval_adam import DECAYS

    facts = fit_facts("weight_decay", result.decays, DECAYS)
    return {**facts, "development": list(result.development), "fits": result.fits, "passes": result.passes}


def _senteval(
    name: str,
    corpus: str,
    protocol: str,
    holdout: Literal["nested", "split", "folds-of-train"],
    summary: str,
    *,
    classes: int = 2,
    suites: tuple[str, ...] = ("paper",),
    **settings: Any,
) -> SentEvalTask:
    """State a task of this protocol; `senteval-compat/N` is the toolkit's Adam procedure."""
    compat = protocol.startswith("senteval-compat")
    return SentEvalTask(
        name=name,
        corpus=corpus,
        protocol=protocol,
        split="cv10" if holdout == "nested" else "test",
        metrics=("accuracy",),
        suites=suites,
        summary=summary,
        source="Conneau and Kiela 2018 (arXiv:1803.05449), facebookresearch/SentEval",
        corpora=(corpus,),
        stochastic=compat,
        classes=classes,
        holdout=holdout,
        compat=compat,
        **settings,
    )


@dataclass(frozen=True, kw_only=True)
class SignPolarity(Task):
    """The sign of mean ratings: logistic regression, C chosen in nested folds as SentEval does."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the texts of clear polarity; see `Task.prepare`."""
        examples = library.load(self.corpus, "all")
        rows, gold = signed(examples)
        groups = [(examples.groups or examples.ids)[i] for i in rows]
        documents = np.unique(groups, return_inverse=True)[1].astype(np.int32)
        outer = grouped_folds(groups)
        training = [np.setdiff1d(np.arange(len(rows)), held) for held in outer]
        inner = [grouped_folds([groups[i] for i in part]) for part in training]

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            from harness.probes.logistic import nested_cross_validation

            found = nested_cross_validation(embeddings, gold, 2, C_GRID, outer, inner)
            details = fit_facts("C", found.C, C_GRID, found.convergence)
            details |= {"classes": ["negative", "positive"], "interval": "bootstrap over documents"}
            counts = {"texts": len(gold), "documents": len(set(groups))}
            return classified(self, gold, found.predicted, 2, details, counts, documents)

        return Prepared(
            texts=tuple(examples.texts[i] for i in rows),
            fingerprint=combined_fingerprint(self.protocol, examples),
            score=score,
        )


def variants() -> list[Task]:
    """The tasks of this protocol, in the order of the paper's table."""
    lr, adam = "logistic regression to the optimum", "SentEval's Adam procedure"
    nested, recipes, extended = "nested 10 × 10 folds", ("paper", "recipes"), ("extended",)
    task = partial(_senteval, "polarity")
    other = partial(_senteval, suites=extended)
    imdb = partial(task, "imdb", holdout="folds-of-train", train_folds=IMDB_FOLDS, official=False)
    sst = partial(task, "sst5", holdout="split", classes=5)
    return [
        task("cr", "senteval-lr/1", "nested", f"CR, {nested}, {lr}", suites=recipes),
        task("mr", "senteval-lr/1", "nested", f"MR, {nested}, {lr}", suites=recipes),
        sst(protocol="senteval-lr/1", summary=f"SST-5, C chosen on dev, {lr}", suites=recipes),
        imdb(protocol="senteval-lr-128/1", summary=f"IMDB cut after 128 tokens, {lr}", max_length=128),
        task("cr", "senteval-compat/1", "nested", f"CR, {nested}, {adam}"),
        task("mr", "senteval-compat/1", "nested", f"MR, {nested}, {adam}"),
        sst(protocol="senteval-compat/1", summary=f"SST-5, {adam}"),
        task("sample", "senteval-lr/1", "split", "made-up sentences, no benchmark", suites=("sample",)),
        imdb(
            protocol="senteval-lr-512/1",
            summary=f"IMDB cut after 512 tokens, {lr}",
            suites=extended,
            max_length=512,
        ),
        task("sst2", "senteval-lr/1", "split", f"SST-2 (67,349 phrases to train), {lr}", suites=extended),
        task("mpqa", "senteval-lr/1", "nested", f"MPQA, {nested}, {lr}", suites=extended),
        *(
            SignPolarity(
                name="polarity",
                corpus=corpus,
                protocol="sign-kfold10/1",
                split="cv10",
                metrics=("accuracy", "macro.f1"),
                suites=(ratings_suite(corpus),),
                summary=f"{title}, positive or negative (|mean| ≥ 0.5), nested folds, {lr}",
                source="Hutto and Gilbert 2014 (ICWSM); folds and grid as Conneau and Kiela 2018",
                corpora=(corpus,),
            )
            for corpus, title in RATINGS.items()
        ),
        other("emotion", "isear", "senteval-lr/1", "nested", f"ISEAR, {nested}, {lr}", classes=7),
        other("subjectivity", "subj", "senteval-lr/1", "nested", f"SUBJ, {nested}, {lr}"),
        other(
            *("question-type", "trec", "senteval-lr/1", "folds-of-train"),
            f"TREC, C chosen by 10 folds of train, {lr}",
            classes=6,
            C_grid=TREC_C_GRID,
        ),
    ]
