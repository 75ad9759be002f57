"""Polarity of whole texts, probed by the SentEval protocol on MR, CR, SST, MPQA and, in its spirit, IMDB.

See `harness.tasks.senteval` for the protocol's two forms and its ways of holding rows out. IMDB is not in SentEval:
its strength is chosen on five folds of the training part.
"""

from __future__ import annotations

from functools import partial

from harness.tasks.base import Task
from harness.tasks.senteval import senteval_task

#: IMDB's folds of the training part.
IMDB_FOLDS = 5


def variants() -> list[Task]:
    """The tasks of this family, in the order of the paper's table."""
    lr, adam = "logistic regression to the optimum", "SentEval's Adam procedure"
    task = partial(senteval_task, "polarity")
    imdb = partial(task, "imdb", holdout="folds-of-train", train_folds=IMDB_FOLDS, official=False)
    return [
        task("cr", "senteval-lr/1", "nested", f"CR, nested 10 × 10 folds, {lr}", recipes=True),
        task("mr", "senteval-lr/1", "nested", f"MR, nested 10 × 10 folds, {lr}", recipes=True),
        task("sst5", "senteval-lr/1", "split", f"SST-5, strength chosen on dev, {lr}", classes=5, recipes=True),
        imdb(protocol="senteval-lr-128/1", summary=f"IMDB cut after 128 tokens, {lr}", max_length=128),
        task("sample", "senteval-lr/1", "split", "the embedded sample; no benchmark of record", suite="sample"),
        imdb(
            protocol="senteval-lr-512/1",
            summary=f"IMDB cut after 512 tokens, {lr}",
            suite="extended",
            max_length=512,
        ),
        task("sst2", "senteval-lr/1", "split", f"SST-2 (67,349 phrases to train), {lr}", suite="extended"),
        task("mpqa", "senteval-lr/1", "nested", f"MPQA, nested 10 × 10 folds, {lr}", suite="extended"),
        task("cr", "senteval-compat/1", "nested", f"CR, nested 10 × 10 folds, {adam}", suite="extended"),
        task("mr", "senteval-compat/1", "nested", f"MR, nested 10 × 10 folds, {adam}", suite="extended"),
        task("sst5", "senteval-compat/1", "split", f"SST-5, {adam}", classes=5, suite="extended"),
    ]
