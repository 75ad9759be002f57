"""Tweets: sentiment, irony and sarcasm, each with the metric of its shared task.

L2 logistic regression on frozen vectors, features as given, SentEval's grid of C (2⁻² to 2³). C is
chosen on the development split by the task's own metric, or by ten stratified folds of training where there is no such
split (iSarcasmEval). Official metrics: macro recall for sentiment (Rosenthal et al. 2017, where it is called AvgRec),
F1 of the ironic class (Van Hee et al. 2018), F1 of the sarcastic class (Abu Farha et al. 2022); accuracy and macro F1
beside them. Texts are encoded as published: TweetEval has users masked, the others have not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.tasks.base import FOLD_SEED, FOLDS, Outcome, Prepared, Task, classified, combined_fingerprint, fit_facts
from harness.tasks.emotion import chosen_fit
from harness.tasks.polarity import C_GRID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary


@dataclass(frozen=True, kw_only=True)
class Tweets(Task):
    """One corpus with its own training part."""

    classes: int
    holdout: Literal["split", "folds-of-train"]

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the parts; see `Task.prepare`."""
        from sklearn.model_selection import StratifiedKFold

        names = ("train", "dev", "test") if self.holdout == "split" else ("train", "test")
        parts = [library.load(self.corpus, name) for name in names]
        labels = [np.asarray(part.labels["label"], dtype=np.int64) for part in parts]
        splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=FOLD_SEED)

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            X, *development, test = np.split(embeddings, np.cumsum([len(part) for part in parts])[:-1])
            fits, best, scores = chosen_fit(
                *(X, labels[0], self.classes, self.metrics[0]),
                grid=C_GRID,
                dev=(development[0], labels[1]) if development else None,
                folds=[] if development else [held for _, held in splitter.split(X, labels[0])],
            )
            details = {
                **fit_facts("C", [C_GRID[best]], C_GRID, fits.convergence),
                "development": scores,
                "classes": list(parts[-1].classes),
            }
            counts = {name: len(part) for name, part in zip(names, parts, strict=True)}
            return classified(self, labels[-1], fits.decide(test, best).argmax(axis=1), self.classes, details, counts)

        return Prepared(
            texts=tuple(text for part in parts for text in part.texts),
            fingerprint=combined_fingerprint(self.protocol, *parts),
            score=score,
            scored=len(parts[-1]),
        )


def variants() -> list[Task]:
    """One task for each corpus."""
    semeval = "SemEval-2017 task 4 A, three classes, trained on 2013 to 2016"
    sentiment = "TweetEval sentiment, three classes"
    barbieri = "Barbieri et al. 2020 (arXiv:2010.12421)"
    rosenthal, abu_farha = "Rosenthal, Farra and Nakov 2017 (SemEval)", "Abu Farha et al. 2022 (SemEval)"
    irony, sarcasm = "TweetEval irony, F1 of the ironic class", "iSarcasmEval in English, F1 of the sarcastic class"
    return [
        Tweets(
            name=name,
            corpus=corpus,
            protocol="tweets-lr/1",
            split="test",
            metrics=("macro.recall" if classes == 3 else "positive.f1", "accuracy", "macro.f1"),
            suites=("extended",),
            summary=summary,
            source=source,
            corpora=(corpus,),
            classes=classes,
            holdout="folds-of-train" if corpus == "isarcasmeval" else "split",
        )
        for name, corpus, classes, summary, source in (
            ("tweet-sentiment", "semeval2017-task4a", 3, semeval, rosenthal),
            ("tweet-sentiment", "tweeteval-sentiment", 3, sentiment, f"{barbieri}, cardiffnlp/tweeteval"),
            ("irony", "tweeteval-irony", 2, irony, f"{barbieri}; Van Hee et al. 2018 (SemEval)"),
            ("sarcasm", "isarcasmeval", 2, sarcasm, f"{abu_farha}, iabufarha/iSarcasmEval"),
        )
    ]
