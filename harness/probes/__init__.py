"""Probes of frozen embeddings: arrays in, numbers out, one file a probe.

`logistic` (whole grids of folds and C at once), `linear` (least squares and ridge), `senteval_adam` (SentEval's Adam
procedure), `geometry`. Vectors are finite and fit the texts, as `harness.encoder` checks.

`probes.logistic` is imported when it is first asked for, as are the others: a listing of tasks needs no torch.
"""

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.probes import geometry, linear, logistic, senteval_adam

__all__ = ["geometry", "linear", "logistic", "senteval_adam"]

#: Rows held out together; the folds of one cross-validation hold out each row once.
Folds: TypeAlias = "Sequence[NDArray[np.int64]]"


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
