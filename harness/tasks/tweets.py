"""Tweets: sentiment, irony and sarcasm, each with the metric of its shared task.

L2 logistic regression on frozen vectors, features as given, SentEval's grid of C (2⁻² to 2³). C is
chosen on the development split by the task's own metric, or by ten stratified folds of training where there is no such
split (iSarcasmEval). Official metrics: macro recall for sentiment (Rosenthal et al. 2017, where it is called AvgRec),
F1 of the ironic class (Van Hee et al. 2018), F1 of the sarcastic class (Abu Farha et al. 2022); accuracy and macro F1
beside them. Texts are encoded as published: TweetEval has users masked, the others have not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.metrics import classification, confusion, per_class
from harness.statistics import classification_metrics, percentile, weightings
from harness.tasks.base import FOLD_SEED, FOLDS, Metric, Outcome, Prepared, Task, combined_fingerprint, fit_facts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples

    Floats = NDArray[np.float64]
    Classes = NDArray[np.int64]

C_GRID = tuple(2.0**power for power in range(-2, 4))


@dataclass(frozen=True, kw_only=True)
class Tweets(Task):
    """One corpus with its own training part."""

    classes: int
    holdout: Literal["split", "folds-of-train"]

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the parts; see `Task.prepare`."""
        names = ("train", "dev", "test") if self.holdout == "split" else ("train", "test")
        parts = [library.load(self.corpus, name) for name in names]
        labels = [np.asarray(part.labels["label"], dtype=np.int64) for part in parts]
        ends = np.cumsum([len(part) for part in parts])

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            from harness.probes.logistic import cross_validate, multinomial

            train, *others = np.split(embeddings, ends[:-1])
            if self.holdout == "split":
                dev, test = others
                fits = multinomial(train, labels[0], self.classes, C_GRID)
                development = [
                    self._official(labels[1], fits.decide(dev, place).argmax(axis=1)) for place in range(len(C_GRID))
                ]
            else:
                (test,) = others
                folds = [held for _, held in _folds(labels[0])]
                crossed = cross_validate(train, labels[0], self.classes, C_GRID, folds, softmax=True)
                development = [self._official(labels[0], own) for own in crossed.predicted]
                fits = multinomial(train, labels[0], self.classes, C_GRID)
            best = int(np.argmax(development))
            predicted = fits.decide(test, best).argmax(axis=1)
            return Outcome(
                metrics=self._numbers(labels[-1], predicted),
                details={
                    **fit_facts("C", [C_GRID[best]], C_GRID, fits.convergence),
                    "development": development,
                    "classes": list(parts[-1].classes),
                },
                predictions={"gold": labels[-1].astype(np.int8), "predicted": predicted.astype(np.int8)},
                counts={name: len(part) for name, part in zip(names, parts, strict=True)},
            )

        return Prepared(
            texts=_texts(parts),
            fingerprint=combined_fingerprint(self.protocol, *parts),
            score=score,
            scored=len(parts[-1]),
        )

    def _official(self, gold: Classes, predicted: Classes) -> float:
        """The main metric of a set of predictions."""
        return float(self._under(np.ones((1, len(gold))), gold, predicted)[self.metrics[0]][0])

    def _under(self, weights: Floats, gold: Classes, predicted: Classes) -> dict[str, Floats]:
        """The metrics under weightings of the rows (draws, n) → (draws,)."""
        tables = confusion(weights, gold, predicted, self.classes)
        f1 = per_class(tables)[2]
        return {**classification(tables), "positive.f1": f1[:, -1]}

    def _numbers(self, gold: Classes, predicted: Classes) -> dict[str, Metric]:
        """Every metric with its interval."""
        numbers = classification_metrics(gold, predicted, self.classes)
        if "positive.f1" in self.metrics:
            value = float(self._under(np.ones((1, len(gold))), gold, predicted)["positive.f1"][0])
            draws = [self._under(weights, gold, predicted)["positive.f1"] for weights in weightings(len(gold))]
            numbers["positive.f1"] = Metric(value, *percentile(np.concatenate(draws)))
        return {name: numbers[name] for name in self.metrics}


def _folds(labels: Classes) -> Iterator[tuple[Classes, Classes]]:
    from sklearn.model_selection import StratifiedKFold

    splits: Iterator[tuple[Classes, Classes]] = StratifiedKFold(FOLDS, shuffle=True, random_state=FOLD_SEED).split(
        labels, labels
    )
    return splits


def _texts(parts: Sequence[Examples]) -> tuple[str, ...]:
    return tuple(text for part in parts for text in part.texts)


def _task(
    name: str,
    corpus: str,
    official: str,
    summary: str,
    source: str,
    *,
    classes: int = 2,
    holdout: Literal["split", "folds-of-train"] = "split",
) -> Tweets:
    return Tweets(
        name=name,
        corpus=corpus,
        protocol="tweets-lr/1",
        split="test",
        metrics=(official, *(other for other in ("accuracy", "macro.f1") if other != official)),
        suites=("extended",),
        summary=summary,
        source=source,
        corpora=(corpus,),
        classes=classes,
        holdout=holdout,
    )


def variants() -> list[Task]:
    """One task for each corpus."""
    return [
        _task(
            "tweet-sentiment",
            "semeval2017-task4a",
            "macro.recall",
            "SemEval-2017 task 4 A, three classes, trained on 2013 to 2016",
            "Rosenthal, Farra and Nakov 2017 (SemEval)",
            classes=3,
        ),
        _task(
            "tweet-sentiment",
            "tweeteval-sentiment",
            "macro.recall",
            "TweetEval sentiment, three classes",
            "Barbieri et al. 2020 (arXiv:2010.12421), cardiffnlp/tweeteval",
            classes=3,
        ),
        _task(
            "irony",
            "tweeteval-irony",
            "positive.f1",
            "TweetEval irony, F1 of the ironic class",
            "Barbieri et al. 2020 (arXiv:2010.12421); Van Hee et al. 2018 (SemEval)",
        ),
        _task(
            "sarcasm",
            "isarcasmeval",
            "positive.f1",
            "iSarcasmEval in English, F1 of the sarcastic class",
            "Abu Farha et al. 2022 (SemEval), iabufarha/iSarcasmEval",
            holdout="folds-of-train",
        ),
    ]
