"""Drift is a difference of two sets of vectors; one model alone has none."""

import numpy as np
import pytest

from harness.errors import NotApplicable
from harness.tasks.drift import variants

from .conftest import rated

(TASK,) = variants()


@pytest.fixture
def ready(shelf):
    return TASK.prepare(shelf(emobank={"test": rated(60, 1)}))


def test_the_three_numbers(ready):
    rng = np.random.default_rng(0)
    backbone = rng.normal(size=(60, 8)).astype(np.float32)
    moved = (0.5 * backbone + rng.normal(size=(60, 8))).astype(np.float32)
    outcome = ready.evaluate_against(moved, backbone, 0)
    x, y = moved.astype(float), backbone.astype(float)
    assert outcome.metrics["delta_emb"].value == pytest.approx(((x - y) ** 2).mean())
    assert outcome.metrics["relative_drift"].value == pytest.approx(((x - y) ** 2).sum() / ((y - y.mean(0)) ** 2).sum())
    cosines = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(x, y, strict=True)]
    assert outcome.metrics["cosine"].value == pytest.approx(np.mean(cosines))
    assert all(number.low < number.value < number.high for number in outcome.metrics.values())
    assert tuple(outcome.metrics) == TASK.metrics


def test_the_backbone_itself_has_not_moved(ready):
    vectors = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    metrics = ready.evaluate_against(vectors, vectors, 0).metrics
    assert metrics["delta_emb"].value == metrics["relative_drift"].value == 0
    assert metrics["cosine"].value == pytest.approx(1)


def test_what_cannot_be_compared_says_so(ready):
    with pytest.raises(NotApplicable, match="8 dimensions and the backbone's 6"):
        ready.evaluate_against(np.zeros((60, 8), np.float32), np.zeros((60, 6), np.float32), 0)
    with pytest.raises(NotApplicable, match="against the backbone's vectors"):
        ready.evaluate(np.zeros((60, 8), np.float32), 0)
