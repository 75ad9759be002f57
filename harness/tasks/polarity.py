"""Polarity probing by the SentEval protocol (Conneau and Kiela 2018) on MR, CR, SST and, in its spirit, IMDB.

Two protocols, never in one column. `senteval-lr` is the toolkit's scikit-learn mode solved to the optimum: L2
logistic regression, features as given, strengths C from 2⁻² to 2³. `senteval-compat` is its PyTorch mode: Adam,
early stopping, weight decay as strength, for comparison with tables made that way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.tasks.base import Metric, Outcome, Prepared, PreparedTask, Task, TaskFacts, combined_fingerprint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples

#: SentEval's grid in its scikit-learn mode, for MR, CR and SST (`senteval/tools/validation.py`).
STRENGTHS = tuple(2.0**power for power in range(-2, 4))

FOLDS = 10
#: Seed of all folds; the toolkit has it hard-coded, whatever its seed option says.
FOLD_SEED = 1111

#: IMDB is not in SentEval: its strength is chosen on this many folds of the training part.
IMDB_FOLDS = 5

Score = Callable[["NDArray[np.float32]", int], Outcome]


@dataclass(frozen=True, kw_only=True)
class Polarity(TaskFacts):
    """One corpus under one protocol."""

    classes: int
    holdout: Literal["nested", "split", "folds-of-train"]
    compat: bool = False

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
                from harness.probes.logistic import nested_cross_validation

                nested = nested_cross_validation(embeddings, gold, STRENGTHS, outer, inner)
                predicted = (nested.logits > 0).astype(np.int64)
                details = {"strengths": list(nested.strengths), "convergence": _convergence(nested.convergence)}
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
                decide, details = _fits(embeddings[:first], labels[:first], self.classes, embeddings[first:])
                scores = [
                    round(100 * float((decide(embeddings[first:second], i) == labels[first:second]).mean()), 2)
                    for i in range(len(STRENGTHS))
                ]
                best = int(np.argmax(scores))
                predicted = decide(embeddings[second:], best)
                details |= {"strength": STRENGTHS[best], "development": scores}
            counts = {"train": first, "dev": second - first, "test": len(gold)}
            return self._outcome(gold, predicted, details, counts)

        return self._prepared(texts, [train, dev, test], score)

    def _folds_of_train(self, library: CorpusLibrary) -> PreparedTask:
        import numpy as np
        from sklearn.model_selection import StratifiedKFold

        train, test = (library.load(self.corpus, split) for split in ("train", "test"))
        labels, gold = (np.asarray(part.labels["label"], dtype=np.int64) for part in (train, test))
        splitter = StratifiedKFold(IMDB_FOLDS, shuffle=True, random_state=FOLD_SEED)
        folds = [held.astype(np.int64) for _, held in splitter.split(np.zeros((len(labels), 1)), labels)]

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            from harness.probes.logistic import cross_validation, first_best

            held = embeddings[len(labels) :]
            fits = cross_validation(embeddings[: len(labels)], labels, STRENGTHS, folds, watched=held)
            best = first_best(fits.accuracies)
            predicted = (fits.decide(held, best) > 0).astype(np.int64)
            details = {
                "strength": STRENGTHS[best],
                "development": [round(100 * float(row.mean()), 2) for row in fits.accuracies],
                "convergence": _convergence(fits.convergence),
            }
            return self._outcome(gold, predicted, details, {"train": len(labels), "test": len(gold)})

        return self._prepared((*train.texts, *test.texts), [train, test], score)

    def _prepared(self, texts: tuple[str, ...], examples: Sequence[Examples], score: Score) -> PreparedTask:
        return PreparedTask(texts=texts, fingerprint=combined_fingerprint(self.protocol, *examples), score=score)

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


def _fits(
    X: NDArray[np.float32], y: NDArray[np.int64], classes: int, evaluated: NDArray[np.float32]
) -> tuple[Callable[[NDArray[np.float32], int], NDArray[np.int64]], dict[str, Any]]:
    """Fits at every strength: a function from rows and a place in the grid to classes, and facts for the record."""
    import numpy as np

    if classes == 2:
        from harness.probes.logistic import cross_validation

        binary = cross_validation(X, y, STRENGTHS, watched=evaluated)
        return lambda rows, i: (binary.decide(rows, i) > 0).astype(np.int64), {
            "convergence": _convergence(binary.convergence)
        }
    from harness.probes.logistic import multinomial

    fits = multinomial(X, y, classes, STRENGTHS)
    return lambda rows, i: fits.decide(rows, i).argmax(axis=1), {"convergence": _convergence(fits.convergence)}


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


def _task(
    corpus: str,
    protocol: str,
    holdout: Literal["nested", "split", "folds-of-train"],
    summary: str,
    *,
    classes: int = 2,
    suite: str = "paper",
    max_length: int | None = None,
) -> Polarity:
    compat = protocol.startswith("senteval-compat")
    return Polarity(
        name="polarity",
        corpus=corpus,
        protocol=protocol,
        split="cv10" if holdout == "nested" else "test",
        metrics=("accuracy",),
        suites=(suite,),
        summary=summary,
        source="Conneau and Kiela 2018 (arXiv:1803.05449), facebookresearch/SentEval",
        corpora=(corpus,),
        max_length=max_length,
        stochastic=compat,
        classes=classes,
        holdout=holdout,
        compat=compat,
    )


def variants() -> list[Task]:
    """The tasks of this family, in the order of the paper's table."""
    lr, adam = "logistic regression to the optimum", "SentEval's Adam procedure"
    tasks = [
        _task("cr", "senteval-lr/1", "nested", f"CR, nested 10 × 10 folds, {lr}"),
        _task("mr", "senteval-lr/1", "nested", f"MR, nested 10 × 10 folds, {lr}"),
        _task("sst5", "senteval-lr/1", "split", f"SST-5, strength chosen on dev, {lr}", classes=5),
        _task("imdb", "senteval-lr-128/1", "folds-of-train", f"IMDB cut after 128 tokens, {lr}", max_length=128),
        _task("sample", "senteval-lr/1", "split", "the embedded sample; no benchmark of record", suite="sample"),
    ]
    tasks += [
        _task(
            "imdb",
            "senteval-lr-512/1",
            "folds-of-train",
            f"IMDB cut after 512 tokens, {lr}",
            suite="extended",
            max_length=512,
        ),
        _task("sst2", "senteval-lr/1", "split", f"SST-2 (67,349 phrases to train), {lr}", suite="extended"),
        _task("cr", "senteval-compat/1", "nested", f"CR, nested 10 × 10 folds, {adam}", suite="extended"),
        _task("mr", "senteval-compat/1", "nested", f"MR, nested 10 × 10 folds, {adam}", suite="extended"),
        _task("sst5", "senteval-compat/1", "split", f"SST-5, {adam}", classes=5, suite="extended"),
    ]
    return list(tasks)
