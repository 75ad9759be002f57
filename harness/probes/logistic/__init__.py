"""Logistic regression as probes need it: whole folds and grids of strengths at once, solved to the optimum.

The objective is scikit-learn's: ½‖w‖² + C Σ log-loss, intercept unpenalised, features as given.
"""

from harness.probes.logistic.binary import TOLERANCE
from harness.probes.logistic.multinomial import MultinomialFits, multinomial
from harness.probes.logistic.selection import (
    Convergence,
    CrossValidated,
    Nested,
    cross_validation,
    first_best,
    nested_cross_validation,
)

__all__ = [
    "TOLERANCE",
    "Convergence",
    "CrossValidated",
    "MultinomialFits",
    "Nested",
    "cross_validation",
    "first_best",
    "multinomial",
    "nested_cross_validation",
]
