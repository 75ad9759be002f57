"""Classification of frozen sentence vectors by the SentEval protocol (Conneau and Kiela 2018).

Two protocols, never in one column. `senteval-lr` is the toolkit's scikit-learn mode solved to the optimum: L2
logistic regression, features as given, strengths C from 2⁻² to 2³ (2⁻¹ to 2⁵ for TREC). `senteval-compat` is its
PyTorch mode: Adam, early stopping, weight decay as strength, for comparison with tables made that way.

Three ways of holding rows out, the toolkit's own: `nested` 10 × 10 folds where a corpus is one part, the strength
chosen on the development part of a `split`, and by `folds-of-train` where there is a test part but no development one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.tasks.base import Metric, Outcome, Prepared, PreparedTask, TaskFacts, combined_fingerprint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples
    from harness.probes.logistic import CrossValidated

#: The toolkit's grids in its scikit-learn mode (`senteval/tools/validation.py`): for nested folds and for fixed splits
#: (MR, CR, SST), and for folds of the training part (TREC).
STRENGTHS = tuple(2.0**power for power in range(-2, 4))
TREC_STRENGTHS = tuple(2.0**power for power in range(-1, 6))

FOLDS = 10
#: Seed of all folds; the toolkit has it hard-coded, whatever its seed option says.
FOLD_SEED = 1111

Score = Callable[["NDArray[np.float32]", int], Outcome]

#: Rows and a place in the grid to classes.
Decide = Callable[["NDArray[np.float32]", int], "NDArray[np.int64]"]


@dataclass(frozen=True, kw_only=True)
class SentEvalTask(TaskFacts):
    """One corpus under one protocol."""

    classes: int
    holdout: Literal["nested", "split", "folds-of-train"]
    compat: bool = False
    train_folds: int = FOLDS
    """Folds of the training part that choose the strength under `folds-of-train`."""
    strengths: tuple[float, ...] = STRENGTHS
    official: bool = True
    """Whether rows stand in the toolkit's order; IMDB, which the toolkit does not have, keeps its own."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the corpus and fix order, folds and splits; see `Task.prepare`."""
        if self.holdout == "nested":
            return self._nested(library)
        if self.holdout == "split":
            return self._split(library)
        return self._folds_of_train(library)

    def _nested(self, library: CorpusLibrary) -> PreparedTask:
        import numpy as np

        examples = library.load(self.corpus, "all")
        order = official_order(examples)
        gold = np.asarray(examples.labels["label"], dtype=np.int64)[order]
        outer, inner = nested_folds(gold)

        def score(embeddings: NDArray[np.float32], seed: int) -> Outcome:
            details: dict[str, Any]
            if self.compat:
                from harness.probes import senteval_compat

                result = senteval_compat.nested(embeddings, gold, self.classes, outer, inner, seed=FOLD_SEED + seed)
                predicted, details = result.predictions, _compat_details(result)
            else:
                predicted, details = _nested_fits(embeddings, gold, self.classes, self.strengths, outer, inner)
            folds = [round(100 * float((predicted[rows] == gold[rows]).mean()), 2) for rows in outer]
            details["fold_accuracies"] = folds
            # The toolkit's number: the mean over folds, each in per cent with two decimals.
            return self._outcome(gold, predicted, details, {"texts": len(gold)}, float(np.mean(folds)) / 100)

        return self._prepared(tuple(examples.texts[i] for i in order), [examples], score)

    def _split(self, library: CorpusLibrary) -> PreparedTask:
        import numpy as np

        train, dev, test = (library.load(self.corpus, split) for split in ("train", "dev", "test"))
        # The toolkit sorts each split (`senteval/sst.py`), and its Adam procedure takes batches in that order.
        orders = [(part, official_order(part)) for part in (train, dev, test)]
        labels = np.concatenate([np.asarray(part.labels["label"], dtype=np.int64)[order] for part, order in orders])
        texts = tuple(part.texts[i] for part, order in orders for i in order)
        first, second = len(train), len(train) + len(dev)
        gold = labels[second:]

        def score(embeddings: NDArray[np.float32], seed: int) -> Outcome:
            details: dict[str, Any]
            if self.compat:
                from harness.probes import senteval_compat

                rows = np.arange(len(labels))
                result = senteval_compat.split(
                    embeddings,
                    labels,
                    self.classes,
                    rows[:first],
                    rows[first:second],
                    rows[second:],
                    seed=FOLD_SEED + seed,
                )
                predicted, details = result.predictions, _compat_details(result)
            else:
                decide, details = _fits(
                    embeddings[:first], labels[:first], self.classes, self.strengths, embeddings[first:]
                )
                scores = [
                    round(100 * float((decide(embeddings[first:second], i) == labels[first:second]).mean()), 2)
                    for i in range(len(self.strengths))
                ]
                best = int(np.argmax(scores))
                predicted = decide(embeddings[second:], best)
                details |= {"strength": self.strengths[best], "development": scores}
            counts = {"train": first, "dev": second - first, "test": len(gold)}
            return self._outcome(gold, predicted, details, counts)

        return self._prepared(texts, [train, dev, test], score, scored=len(gold))

    def _folds_of_train(self, library: CorpusLibrary) -> PreparedTask:
        import numpy as np
        from sklearn.model_selection import StratifiedKFold

        parts = [library.load(self.corpus, split) for split in ("train", "test")]
        orders = [official_order(part) if self.official else list(range(len(part))) for part in parts]
        labels, gold = (
            np.asarray(part.labels["label"], dtype=np.int64)[order] for part, order in zip(parts, orders, strict=True)
        )
        texts = tuple(part.texts[i] for part, order in zip(parts, orders, strict=True) for i in order)
        splitter = StratifiedKFold(self.train_folds, shuffle=True, random_state=FOLD_SEED)
        folds = [held.astype(np.int64) for _, held in splitter.split(np.zeros((len(labels), 1)), labels)]

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            from harness.probes.logistic import first_best

            held = embeddings[len(labels) :]
            decide, accuracies, details = _fold_fits(
                embeddings[: len(labels)], labels, self.classes, self.strengths, folds, held
            )
            best = first_best(accuracies)
            predicted = decide(held, best)
            details = {
                "strength": self.strengths[best],
                "development": [round(100 * float(row.mean()), 2) for row in accuracies],
                **details,
            }
            return self._outcome(gold, predicted, details, {"train": len(labels), "test": len(gold)})

        return self._prepared(texts, parts, score, scored=len(gold))

    def _prepared(
        self, texts: tuple[str, ...], examples: Sequence[Examples], score: Score, scored: int | None = None
    ) -> PreparedTask:
        fingerprint = combined_fingerprint(self.protocol, *examples)
        return PreparedTask(texts=texts, fingerprint=fingerprint, score=score, scored=scored)

    def _outcome(
        self,
        gold: NDArray[np.int64],
        predicted: NDArray[np.int64],
        details: dict[str, Any],
        counts: dict[str, int],
        reported: float | None = None,
    ) -> Outcome:
        import numpy as np

        from harness.statistics import classification_metrics

        accuracy = classification_metrics(gold, predicted, self.classes)["accuracy"]
        if reported is not None:
            # Rounding by fold moves the mean by less than 0.00005; the interval moves along.
            shift = reported - accuracy.value
            accuracy = Metric(reported, (accuracy.low or 0.0) + shift, (accuracy.high or 0.0) + shift)
        predictions = {"gold": gold.astype(np.int8), "predicted": predicted.astype(np.int8)}
        return Outcome(metrics={"accuracy": accuracy}, details=details, predictions=predictions, counts=counts)


def official_order(examples: Examples) -> list[int]:
    """Row numbers in SentEval's order: by token count, then label, else as in the files (`senteval/binary.py`).

    The folds depend on it.
    """
    label = examples.labels["label"]
    return sorted(range(len(examples)), key=lambda i: (len(examples.texts[i].split()), int(label[i])))


def nested_folds(gold: NDArray[np.int64]) -> tuple[list[NDArray[np.int64]], list[list[NDArray[np.int64]]]]:
    """Held-out rows of the outer folds and, for each, of its inner folds (as places among its training rows)."""
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=FOLD_SEED)
    outer, inner = [], []
    for train, held in splitter.split(np.zeros((len(gold), 1)), gold):
        outer.append(held.astype(np.int64))
        parts = splitter.split(np.zeros((len(train), 1)), gold[train])
        inner.append([part.astype(np.int64) for _, part in parts])
    return outer, inner


def _nested_fits(
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    classes: int,
    strengths: Sequence[float],
    outer: Sequence[NDArray[np.int64]],
    inner: Sequence[Sequence[NDArray[np.int64]]],
) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """Out-of-fold classes, and facts for the record."""
    import numpy as np

    if classes == 2:
        from harness.probes.logistic import nested_cross_validation

        binary = nested_cross_validation(X, y, strengths, outer, inner)
        predicted = (binary.logits > 0).astype(np.int64)
        return predicted, {"strengths": list(binary.strengths), "convergence": _convergence(binary.convergence)}
    from harness.probes.several_classes import nested_classes

    several = nested_classes(X, y, classes, strengths, outer, inner)
    return several.predicted, {
        "strengths": list(several.strengths),
        "convergence": _convergence(several.convergence),
    }


def _fold_fits(
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    classes: int,
    strengths: Sequence[float],
    folds: Sequence[NDArray[np.int64]],
    evaluated: NDArray[np.float32],
) -> tuple[Decide, NDArray[np.float64], dict[str, Any]]:
    """Fits of all rows at every strength, held-out accuracies (strengths, folds), and facts for the record."""
    if classes == 2:
        from harness.probes.logistic import cross_validation

        binary = cross_validation(X, y, strengths, folds, watched=evaluated)
        decide = _binary_decision(binary)
        return decide, binary.accuracies, {"convergence": _convergence(binary.convergence)}
    from harness.probes.several_classes import fold_accuracies

    decide, details = _fits(X, y, classes, strengths, evaluated)
    return decide, fold_accuracies(X, y, classes, strengths, folds), details


def _fits(
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    classes: int,
    strengths: Sequence[float],
    evaluated: NDArray[np.float32],
) -> tuple[Decide, dict[str, Any]]:
    """Fits at every strength: a function from rows and a place in the grid to classes, and facts for the record."""
    if classes == 2:
        from harness.probes.logistic import cross_validation

        binary = cross_validation(X, y, strengths, watched=evaluated)
        return _binary_decision(binary), {"convergence": _convergence(binary.convergence)}
    from harness.probes.logistic import multinomial

    fits = multinomial(X, y, classes, strengths, evaluated)
    return lambda rows, i: fits.decide(rows, i).argmax(axis=1), {"convergence": _convergence(fits.convergence)}


def _binary_decision(fits: CrossValidated) -> Decide:
    import numpy as np

    return lambda rows, i: (fits.decide(rows, i) > 0).astype(np.int64)


def _convergence(facts: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(facts)


def _compat_details(result: Any) -> dict[str, Any]:
    return {
        "weight_decays": list(result.strengths),
        "development": list(result.development),
        "fits": result.fits,
        "passes": int(result.passes),
    }


def senteval_task(
    name: str,
    corpus: str,
    protocol: str,
    holdout: Literal["nested", "split", "folds-of-train"],
    summary: str,
    *,
    classes: int = 2,
    suite: str = "paper",
    recipes: bool = False,
    **settings: Any,
) -> SentEvalTask:
    """State a task of this protocol.

    Args:
        name: family, as in the long table.
        corpus: its corpus.
        protocol: `senteval-lr…/N`, or `senteval-compat/N` for the toolkit's Adam procedure.
        holdout: how rows are held out.
        summary: one line for listings.
        classes: number of classes.
        suite: the suite it belongs to.
        recipes: whether it belongs to the suite of re-trained recipes as well.
        settings: further fields of `SentEvalTask`.
    """
    compat = protocol.startswith("senteval-compat")
    return SentEvalTask(
        name=name,
        corpus=corpus,
        protocol=protocol,
        split="cv10" if holdout == "nested" else "test",
        metrics=("accuracy",),
        suites=(suite, "recipes") if recipes else (suite,),
        summary=summary,
        source="Conneau and Kiela 2018 (arXiv:1803.05449), facebookresearch/SentEval",
        corpora=(corpus,),
        stochastic=compat,
        classes=classes,
        holdout=holdout,
        compat=compat,
        **settings,
    )
