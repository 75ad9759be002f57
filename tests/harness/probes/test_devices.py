"""Everything is made where the features lie, so that a GPU's tensors stay on it.

No GPU is needed to find out: with a default device that holds no numbers, whatever is made without saying where
cannot be mixed with the features.
"""

import numpy as np
import pytest
import torch

from harness.probes import geometry, least_squares, logistic, ridge, senteval_compat

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(60, 5, generator=GENERATOR)
TARGETS = torch.randn(60, 2, generator=GENERATOR)
LABELS = (X[:, 0] + torch.randn(60, generator=GENERATOR) > 0).long()
FOLDS = np.array_split(np.random.default_rng(0).permutation(60), 3)
INNER = [np.array_split(np.arange(60 - len(fold)), 3) for fold in FOLDS]

CALLS = {
    "nested": lambda: logistic.nested_cross_validation(X, LABELS, [0.5, 2.0], FOLDS, INNER).logits,
    "folds": lambda: logistic.cross_validation(X, LABELS, [0.5, 2.0], FOLDS, watched=X).accuracies,
    "decide": lambda: logistic.cross_validation(X, LABELS, [1.0]).decide(X, 0),
    "multinomial": lambda: logistic.multinomial(X, LABELS + (X[:, 1] > 0), 3, [1.0]).decide(X, 0),
    "least squares": lambda: least_squares.cross_fit(X, TARGETS, FOLDS).predictions,
    "predict": lambda: least_squares.least_squares(X, TARGETS).predict(X),
    "ridge": lambda: ridge.ridge_cross_fit(X, TARGETS, [1.0, 10.0], FOLDS),
    "geometry": lambda: np.array(list(vars(geometry.geometry(X, LABELS)).values())),
    "compat": lambda: senteval_compat.split(X, LABELS, 2, *np.split(np.arange(60), [30, 45])).predictions,
}


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_made_on_the_default_device(name):
    expected = CALLS[name]()
    with torch.device("meta"):
        found = CALLS[name]()
    np.testing.assert_array_equal(found, expected)
