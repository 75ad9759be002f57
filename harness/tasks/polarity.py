"""Polarity of whole texts, probed by the SentEval protocol on MR, CR, SST, MPQA and, in its spirit, IMDB and ratings.

See `harness.tasks.senteval` for the protocol's two forms and its ways of holding rows out. IMDB is not in SentEval:
its C is chosen on five folds of the training part. Texts of the rating corpora are positive or negative by the sign of
their mean rating, those nearer to 0 than 0.5 left out; the nested folds cut no document apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from harness.statistics import classification_metrics
from harness.tasks.base import Outcome, Prepared, Task, combined_fingerprint, fit_facts
from harness.tasks.ratings import RATINGS, grouped_folds, signed
from harness.tasks.senteval import C_GRID, senteval_task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary

#: IMDB's folds of the training part.
IMDB_FOLDS = 5


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
            numbers = classification_metrics(gold, found.predicted, 2, documents.tolist())
            return Outcome(
                metrics={name: numbers[name] for name in self.metrics},
                details={
                    **fit_facts("C", found.C, C_GRID, found.convergence),
                    "classes": ["negative", "positive"],
                    "interval": "bootstrap over documents",
                },
                predictions={
                    "gold": gold.astype(np.int8),
                    "predicted": found.predicted.astype(np.int8),
                    "group": documents,
                },
                counts={"texts": len(gold), "documents": len(set(groups))},
            )

        return Prepared(
            texts=tuple(examples.texts[i] for i in rows),
            fingerprint=combined_fingerprint(self.protocol, examples),
            score=score,
        )


def variants() -> list[Task]:
    """The tasks of this family, in the order of the paper's table."""
    lr, adam = "logistic regression to the optimum", "SentEval's Adam procedure"
    nested, recipes, extended = "nested 10 × 10 folds", ("paper", "recipes"), ("extended",)
    task = partial(senteval_task, "polarity")
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
                suites=("quick",),
                summary=f"{title}, positive or negative (|mean| ≥ 0.5), nested folds, {lr}",
                source="Hutto and Gilbert 2014 (ICWSM); folds and grid as Conneau and Kiela 2018",
                corpora=(corpus,),
            )
            for corpus, title in RATINGS.items()
        ),
    ]
