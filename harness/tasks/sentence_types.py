"""What kind of sentence it is, probed by the SentEval protocol: SUBJ, TREC, and ISEAR's emotions in the same manner.

SUBJ (subjective or objective; Pang and Lee 2004) and TREC (six types of question; Li and Roth 2002) are SentEval's
own, and show whether an encoder that was trained for feelings still tells other things apart. ISEAR (seven emotions
in descriptions of situations; Scherer and Wallbott 1994) is not in the toolkit; as a corpus without parts it is
cross-validated as the toolkit does with those, by the multinomial form of the probe.
"""

from __future__ import annotations

from functools import partial

from harness.tasks.base import Task
from harness.tasks.polarity import TREC_C_GRID, senteval_task


def variants() -> list[Task]:
    """One task for each corpus."""
    lr = "logistic regression to the optimum"
    task = partial(senteval_task, protocol="senteval-lr/1", suites=("extended",))
    return [
        task("emotion", "isear", holdout="nested", summary=f"ISEAR, nested 10 × 10 folds, {lr}", classes=7),
        task("subjectivity", "subj", holdout="nested", summary=f"SUBJ, nested 10 × 10 folds, {lr}"),
        task(
            "question-type",
            "trec",
            holdout="folds-of-train",
            summary=f"TREC, C chosen by 10 folds of train, {lr}",
            classes=6,
            C_grid=TREC_C_GRID,
        ),
    ]
