"""Minimal pairs are scored by the direction in which valence moves."""

import numpy as np
import pytest

from harness.tasks.diagnostics import minimal_pairs, variants

from .conftest import rated

(TASK,) = variants()
PAIRS = minimal_pairs()
KINDS = np.array([pair.kind for pair in PAIRS])
DIRECTION = np.array([pair.direction for pair in PAIRS])
RATED = {name: {"all": rated(100, 7, dimensions=("valence",), scale=(-4, 4))} for name in TASK.corpora}
LEARNT = np.concatenate([splits["all"].labels["valence"] for splits in RATED.values()]) / 4


@pytest.fixture
def metrics(shelf):
    """Numbers for vectors that hold a valence of each text and hardly anything else."""

    def score(base, edited, noise=1e-3):
        valence = np.concatenate([LEARNT, base, edited])
        rest = noise * np.random.default_rng(0).normal(size=(len(valence), 3))
        outcome = TASK.prepare(shelf(**RATED)).evaluate(np.column_stack([valence, rest]).astype(np.float32), 0)
        assert outcome.counts == {"train": 300, "pairs": 240}
        return {name: outcome.metrics[name].value for name in TASK.metrics}

    return score


def test_an_encoder_that_follows_the_rules_is_right_and_steady(metrics):
    found = metrics(0 * DIRECTION - 0.2, 0.4 * DIRECTION - 0.2)
    assert found["directed.accuracy"] == 1
    assert found["irrelevant.shift"] < 0.05


def test_an_encoder_that_ignores_edits_is_wrong_everywhere(metrics):
    base = np.random.default_rng(0).uniform(-1, 1, size=len(PAIRS))
    assert list(metrics(base, base, noise=0).values()) == [0.0] * 5


def test_each_kind_counts_its_own_pairs(metrics):
    moved = np.where(KINDS == "negation", 0.5 * DIRECTION, np.where(KINDS == "irrelevant", 0.8, -0.5 * DIRECTION))
    found = metrics(np.zeros(len(PAIRS)), moved)
    assert found["negation.accuracy"] == 1
    assert found["intensity.accuracy"] == found["contrast.accuracy"] == 0
    assert found["directed.accuracy"] == pytest.approx(1 / 3)
    assert found["irrelevant.shift"] > 1
