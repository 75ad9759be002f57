"""Minimal pairs are scored by the direction in which valence moves."""

import numpy as np
import pytest

from harness.corpora.sample import Sample, minimal_pairs
from harness.tasks.diagnostics import variants

(TASK,) = variants()
PAIRS = minimal_pairs()


class Embedded:
    """The embedded corpus alone."""

    def load(self, name, split):
        assert name == "sample"
        return Sample().read(split)


@pytest.fixture(scope="module")
def ready():
    return TASK.prepare(Embedded())


def scores(ready, valence, seed=0):
    """Outcome for vectors that hold a valence of each text, which the probe then reads off."""
    rng = np.random.default_rng(seed)
    X = np.concatenate([np.asarray(valence)[:, None], 1e-3 * rng.normal(size=(len(valence), 3))], axis=1)
    return ready.evaluate(X.astype(np.float32), 0)


def texts_valence(ready, base, edited):
    train, dev = (Sample().read(split).labels["valence"] for split in ("train", "dev"))
    return np.concatenate([train, dev, base, edited])


def test_an_encoder_that_follows_the_rules_is_right_and_steady(ready):
    direction = np.array([pair.direction for pair in PAIRS])
    outcome = scores(ready, texts_valence(ready, 0 * direction - 0.2, 0.4 * direction - 0.2))
    assert outcome.metrics["directed.accuracy"].value == 1
    assert outcome.metrics["irrelevant.shift"].value < 0.05
    assert outcome.counts == {"train": 1200, "dev": 300, "pairs": 240}
    assert tuple(outcome.metrics) == TASK.metrics


def test_a_bag_of_words_that_ignores_edits_is_wrong_everywhere(ready):
    base = np.random.default_rng(0).uniform(-1, 1, size=len(PAIRS))
    train, dev = (Sample().read(split).labels["valence"] for split in ("train", "dev"))
    X = np.concatenate([train, dev, base, base])[:, None].astype(np.float32)
    metrics = ready.evaluate(X, 0).metrics
    assert [metrics[name].value for name in TASK.metrics] == [0.0] * 5


def test_each_kind_counts_its_own_pairs(ready):
    kinds = np.array([pair.kind for pair in PAIRS])
    direction = np.array([pair.direction for pair in PAIRS])
    moved = np.where(kinds == "negation", 0.5 * direction, np.where(kinds == "irrelevant", 0.8, -0.5 * direction))
    metrics = scores(ready, texts_valence(ready, np.zeros(len(PAIRS)), moved)).metrics
    assert metrics["negation.accuracy"].value == 1
    assert metrics["intensity.accuracy"].value == metrics["contrast.accuracy"].value == 0
    assert metrics["directed.accuracy"].value == pytest.approx(1 / 3)
    assert metrics["irrelevant.shift"].value > 1
