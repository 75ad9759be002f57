"""The heads are the harness's probes: same fits, same choices, same scores, and scikit-learn agrees."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from carl.head_fitting import fit_affect, fit_emotions, fit_heads
from carl.heads import Heads
from harness.tasks import emotion, valence_arousal


def vectors_of(texts):
    """Made-up vectors of 12 numbers: a few things that can be counted in a text."""
    words = ("glad", "kind", "warm", "fine", "awful", "cold", "late", "unkind", "rain", "train", "very")
    return np.array([[len(text) / 50, *(text.count(word) for word in words)] for text in texts], np.float32)


@pytest.fixture(scope="module")
def heads(affect_library):
    return fit_heads(vectors_of, affect_library)


def outcome(variants, task_id, library):
    """What the task of the leaderboard makes of the same vectors."""
    from harness.tasks.base import task_id as identity

    task = next(one for one in variants if identity(one) == task_id)
    prepared = task.prepare(library)
    return prepared.evaluate(vectors_of(prepared.texts), 0)


def test_affect_scores_are_the_leaderboards(heads, affect_library):
    found = outcome(valence_arousal.variants(), heads.affect.protocol, affect_library)
    for name, score in heads.affect.scores.items():
        expected = found.metrics[name]
        assert (score.value, score.low, score.high) == pytest.approx(
            (expected.value, expected.low, expected.high), abs=1e-5
        )
    assert (heads.affect.fitted, heads.affect.scored) == (found.counts["train"], found.counts["test"])


def test_emotion_scores_are_the_leaderboards(heads, affect_library):
    found = outcome(emotion.variants(), heads.emotion.protocol, affect_library)
    for name in ("accuracy", "macro.f1"):
        assert heads.emotion.scores[name] == found.metrics[name]
    assert f"C = {found.details['C']:g} " in heads.emotion.method
    labels = found.predictions["gold"]
    assert heads.emotion.scores["largest.class"].value == np.bincount(labels).max() / len(labels)
    assert 0 <= heads.emotion.scores["calibration.error"].value <= 1


def test_affect_is_least_squares(affect_library):
    head = fit_affect(vectors_of, affect_library)
    train, test = affect_library.load("emobank", "train"), affect_library.load("emobank", "test")
    gold = np.stack([(train.labels[name] - 3) / 2 for name in ("valence", "arousal")], axis=1)
    reference = LinearRegression().fit(vectors_of(train.texts).astype(np.float64), gold)
    assert head(vectors_of(test.texts)) == pytest.approx(reference.predict(vectors_of(test.texts)), abs=1e-5)


def test_emotions_are_logistic_regression(affect_library):
    head = fit_emotions(vectors_of, affect_library)
    train, test = affect_library.load("goemotions", "train"), affect_library.load("goemotions", "test")
    strength = float(head.method.partition("C = ")[2].split()[0])
    reference = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000)
    reference.fit(vectors_of(train.texts).astype(np.float64), train.labels["emotion"])
    heads = Heads(affect=head, emotion=head)
    assert head.outputs == train.classes
    assert heads.probabilities(vectors_of(test.texts)) == pytest.approx(
        reference.predict_proba(vectors_of(test.texts).astype(np.float64)), abs=1e-4
    )


def test_test_splits_decide_nothing(affect_library):
    class OtherTest:
        def load(self, name, split):
            return affect_library.load(name, "dev" if split == "test" else split)

    one, other = fit_heads(vectors_of, affect_library), fit_heads(vectors_of, OtherTest())
    for name in ("affect", "emotion"):
        assert np.array_equal(getattr(one, name).weight, getattr(other, name).weight)
        assert getattr(one, name).scores != getattr(other, name).scores
