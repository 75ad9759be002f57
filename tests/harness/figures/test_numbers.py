"""What figures compute, against independent implementations."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from harness.figures.planes import project


def test_projection_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 12)) * np.arange(12, 0, -1)
    points, explained = project(vectors.astype(np.float32))
    unit = vectors.astype(np.float32).astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    other = PCA(2).fit(unit)
    np.testing.assert_allclose(np.abs(points), np.abs(other.transform(unit)), atol=1e-8)
    np.testing.assert_allclose(explained, other.explained_variance_ratio_, rtol=1e-8)
    assert ((points**3).sum(axis=0) > 0).all()
