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
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import probes
from harness.corpora.base import CorpusLibrary, Examples
from harness.outcome import Metric, Outcome
from harness.tasks.base import (
    FOLD_SEED,
    FOLDS,
    RATINGS,
    Classification,
    Prepared,
    Rows,
    Task,
    classified,
    fit_facts,
    folds,
    prepared,
    ratings_suite,
)

Classes = NDArray[np.int64]
Vectors = NDArray[np.float32]

#: The toolkit's grids in its scikit-learn mode (`senteval/tools/validation.py`): for nested folds and for fixed splits
#: (MR, CR, SST), and for folds of the training part (TREC).
C_GRID = tuple(2.0**power for power in range(-2, 4))
TREC_C_GRID = tuple(2.0**power for power in range(-1, 6))

#: Ratings on a scale of −4 to 4 that are nearer to 0 are no clear polarity.
CLEAR = 0.5

_SOURCE = "Conneau and Kiela 2018 (arXiv:1803.05449), facebookresearch/SentEval"

#: IMDB's folds of the training part.
IMDB_FOLDS = 5


def signed_rows(examples: Examples) -> Rows:
    """Rated texts with a clear polarity, positive or negative."""
    valence = np.asarray(examples.labels["valence"], dtype=np.float64)
    rows = np.flatnonzero(np.abs(valence) >= CLEAR)
    groups = tuple((examples.groups or examples.ids)[row] for row in rows)
    return Rows.of(examples, "all", rows, valence[rows] > 0, classes=("negative", "positive"), groups=groups)


@dataclass(frozen=True, kw_only=True)
class SentEvalTask(Classification):
    """One corpus under one protocol."""

    C_grid: tuple[float, ...] = C_GRID
    chosen_by: str = "accuracy"
    softmax: bool = False
    compat: bool = False
    official: bool = True
    """Whether rows stand in the toolkit's order; IMDB, which the toolkit does not have, keeps its own."""

    def rows(self, library: CorpusLibrary, split: str) -> Rows:
        """Rows of a split.

        The toolkit sorts each (`senteval/sst.py`), and its Adam procedure takes batches in that order.
        """
        examples = library.load(self.corpus, split)
        if self.corpus in RATINGS:
            return signed_rows(examples)
        order = official_order(examples) if self.official else list(range(len(examples)))
        return Rows.of(examples, split, order, examples.labels["label"][order])

    def choose(self, gold: Classes, predicted: Classes, classes: int, held_out: Sequence[Classes]) -> float:
        """Accuracy as the toolkit rounds it, or the mean of the folds'."""
        right = gold == predicted
        return percent([right[rows] for rows in held_out] if held_out else [right])

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the corpus and fix order, folds and splits; see `Task.prepare`."""
        if self.holdout == "nested":
            rows = self.rows(library, "all")
            return prepared(self, [rows], self._nested(rows))
        if not self.compat:
            return super().prepare(library)
        parts = [self.rows(library, split) for split in ("train", "dev", "test")]
        gold = np.concatenate([part.labels for part in parts])
        places = np.split(np.arange(len(gold)), np.cumsum([len(part) for part in parts])[:-1])

        def score(embeddings: Vectors, seed: int) -> Outcome:
            classes = len(parts[0].classes)
            found = probes.senteval_adam.split(embeddings, gold, classes, *places, seed=FOLD_SEED + seed)
            return classified(self, parts, found.predictions, _adam_facts(found))

        return prepared(self, parts, score)

    def _nested(self, rows: Rows) -> Callable[..., Outcome]:
        gold, classes = rows.labels, len(rows.classes)
        outer, inner = nested_folds(gold, rows.groups, self.fold_count)

        def score(embeddings: Vectors, seed: int) -> Outcome:
            if self.compat:
                adam = probes.senteval_adam.nested(embeddings, gold, classes, outer, inner, seed=FOLD_SEED + seed)
                predicted, details = adam.predictions, _adam_facts(adam)
            else:
                found = probes.logistic.nested_cross_validation(embeddings, gold, classes, self.C_grid, outer, inner)
                predicted, details = found.predicted, fit_facts("C", found.C, self.C_grid, found.convergence)
            if rows.groups is not None:
                return classified(self, [rows], predicted, details)
            details["fold_accuracies"] = [percent([gold[held] == predicted[held]]) for held in outer]
            outcome = classified(self, [rows], predicted, details)
            # The toolkit's number: the mean over folds, each in per cent with two decimals. That moves it, on MR and CR
            # by less than 0.00005; the interval moves along.
            value, plain = float(np.mean(details["fold_accuracies"])) / 100, outcome.metrics["accuracy"]
            ends = (end + value - plain.value for end in (plain.low or 0.0, plain.high or 0.0))
            low, high = (min(max(end, 0.0), 1.0) for end in ends)
            return replace(outcome, metrics={"accuracy": Metric(value, low, high)})

        return score


def percent(parts: Sequence[NDArray[np.bool_]]) -> float:
    """Accuracy in per cent, rounded to two decimals as the toolkit does: the mean of parts, which say what is right."""
    return round(100 * float(np.mean([part.mean() for part in parts])), 2)


def official_order(examples: Examples) -> list[int]:
    """Row numbers in SentEval's order: by token count, then label, else as in the files (`senteval/binary.py`).

    The folds depend on it.
    """
    label = examples.labels["label"]
    return sorted(range(len(examples)), key=lambda i: (len(examples.texts[i].split()), int(label[i])))


def nested_folds(
    gold: Classes, groups: Sequence[str] | None = None, count: int = FOLDS
) -> tuple[list[Classes], list[list[Classes]]]:
    """Held-out rows of the outer folds and, for each, of its inner folds (as places among its training rows)."""
    outer = folds(len(gold), labels=gold, groups=groups, count=count)
    inner = []
    for held in outer:
        rest = np.delete(np.arange(len(gold)), held)
        own = None if groups is None else [groups[row] for row in rest.tolist()]
        inner.append(folds(len(rest), labels=gold[rest], groups=own, count=count))
    return outer, inner


def _adam_facts(result: probes.senteval_adam.AdamResult) -> dict[str, Any]:
    facts = fit_facts("weight_decay", result.decays, probes.senteval_adam.DECAYS)
    return {**facts, "development": list(result.development), "fits": result.fits, "passes": result.passes}


def variants() -> list[Task]:
    """The tasks of this protocol, in the order of the paper's table; `senteval-compat` is the toolkit's Adam."""
    how = {"nested": "nested folds", "split": "chosen on dev", "folds-of-train": "chosen by folds of train"}
    recipes, extended = ("paper", "recipes"), ("extended",)
    imdb: dict[str, Any] = {"holdout": "folds-of-train", "fold_count": IMDB_FOLDS, "official": False}
    trec: dict[str, Any] = {"name": "question-type", "holdout": "folds-of-train", "C_grid": TREC_C_GRID}

    def task(
        title: str, corpus: str, protocol: str, suites: tuple[str, ...] = ("paper",), **settings: Any
    ) -> SentEvalTask:
        compat, holdout = protocol.startswith("senteval-compat"), settings.setdefault("holdout", "nested")
        return SentEvalTask(
            corpus=corpus,
            protocol=protocol,
            split="cv10" if holdout == "nested" else "test",
            suites=suites,
            summary=f"{title}, {'Adam' if compat else 'logistic regression to the optimum'}, {how[holdout]}",
            stochastic=compat,
            compat=compat,
            **{"name": "polarity", "metrics": ("accuracy",), "source": _SOURCE} | settings,
        )

    return [
        task("CR", "cr", "senteval-lr/1", recipes),
        task("MR", "mr", "senteval-lr/1", recipes),
        task("SST-5", "sst5", "senteval-lr/1", recipes, holdout="split"),
        task("IMDB cut after 128 tokens", "imdb", "senteval-lr-128/1", max_length=128, **imdb),
        task("CR", "cr", "senteval-compat/1"),
        task("MR", "mr", "senteval-compat/1"),
        task("SST-5", "sst5", "senteval-compat/1", holdout="split"),
        task("IMDB cut after 512 tokens", "imdb", "senteval-lr-512/1", extended, max_length=512, **imdb),
        task("SST-2 (67,349 phrases to train)", "sst2", "senteval-lr/1", extended, holdout="split"),
        task("MPQA", "mpqa", "senteval-lr/1", extended),
        *(
            task(
                f"{title}, positive or negative (|mean| ≥ 0.5)",
                corpus,
                "sign-kfold10/1",
                (ratings_suite(corpus),),
                metrics=("accuracy", "macro.f1"),
                source="Hutto and Gilbert 2014 (ICWSM); folds and grid as Conneau and Kiela 2018",
            )
            for corpus, title in RATINGS.items()
        ),
        task("ISEAR", "isear", "senteval-lr/1", extended, name="emotion"),
        task("SUBJ", "subj", "senteval-lr/1", extended, name="subjectivity"),
        task("TREC", "trec", "senteval-lr/1", extended, **trec),
    ]
