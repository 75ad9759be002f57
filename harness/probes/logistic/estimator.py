"""Logistic regression as a scikit-learn estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from harness.probes.logistic.multinomial import multinomial
from harness.probes.logistic.selection import cross_validation

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LogisticProbe(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regression, ½‖w‖² + C Σ log-loss, intercept unpenalised, solved to the optimum.

    Two classes are fitted as a binary model and more as a multinomial one, as scikit-learn does.

    Args:
        C: inverse strength of the penalty, positive.
        tolerance: largest Newton decrement √(gᵀ H⁻¹ g) at the solution.

    Attributes:
        classes_: the labels, sorted.
        coef_: (1, d) for two classes, else (classes, d).
        intercept_: (1,) or (classes,).
        convergence_: tolerance asked for and decrement reached; see `selection.Convergence`.
    """

    def __init__(self, C: float = 1.0, tolerance: float = 1e-6) -> None:
        self.C = C
        self.tolerance = tolerance

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the model to features (n, d) and labels (n,)."""
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(y)
        if not (self.C > 0 and self.tolerance > 0):
            raise ValueError(f"C and tolerance must be positive, got {self.C} and {self.tolerance}")
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs two classes, but y holds only one class: {self.classes_[0]!r}")
        if len(self.classes_) == 2:
            binary = cross_validation(X, codes, [self.C], tolerance=self.tolerance)
            self.coef_, self.intercept_ = binary.weights, binary.intercepts
            self.convergence_ = binary.convergence
        else:
            several = multinomial(X, codes, len(self.classes_), [self.C], tolerance=self.tolerance)
            self.coef_, self.intercept_ = several.weights[0], several.intercepts[0]
            self.convergence_ = several.convergence
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Logits: (m,) for two classes, else (m, classes)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        logits = X.astype(np.float64) @ self.coef_.T + self.intercept_
        return np.asarray(logits[:, 0] if len(self.classes_) == 2 else logits)

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest label of each row (m,)."""
        logits = self.decision_function(X)
        return np.asarray(self.classes_[(logits > 0).astype(int) if logits.ndim == 1 else logits.argmax(axis=1)])

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities (m, classes)."""
        logits = self.decision_function(X)
        if logits.ndim == 1:
            logits = np.stack([np.zeros_like(logits), logits], axis=1)
        likely = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(likely / likely.sum(axis=1, keepdims=True))
