"""The emotion task equals scikit-learn's multinomial regression, chosen on dev by macro F1; geometry its functions."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score

from harness.probes.geometry import geometry
from harness.tasks import emotion
from harness.tasks import geometry as geometry_task
from harness.tasks.base import task_id

from .conftest import classed, vectors

TASKS = {task_id(task): task for task in (*emotion.variants(), *geometry_task.variants())}
#: The weakest penalties take scikit-learn long.
C_GRID = (2.0**-4, 2.0**-1, 2.0**2)
NAMES = ("anger", "disgust", "fear", "joy", "sadness", "surprise")


def on_sample(task, **changes):
    """The same task on the made-up corpus."""
    return replace(task, corpus="sample", corpora=("sample",), **changes)


@pytest.fixture
def sample():
    return {
        split: classed(n, seed, 6, label="emotion", names=NAMES)
        for seed, (split, n) in enumerate({"train": 240, "dev": 90, "test": 120}.items())
    }


def test_the_probe_is_scikit_learn_s_and_dev_chooses(shelf, sample):
    prepared = on_sample(TASKS["emotion/goemotions/ekman6-single/1"], C_grid=C_GRID).prepare(shelf(sample=sample))
    gold = np.concatenate([part.labels["emotion"] for part in sample.values()])
    X = vectors(prepared.texts, np.eye(6)[gold], noise=1.2)
    outcome = prepared.evaluate(X, 0)
    models = [LogisticRegression(C=C, tol=1e-8, max_iter=20_000).fit(X[:240].astype(float), gold[:240]) for C in C_GRID]
    scores = [f1_score(gold[240:330], m.predict(X[240:330].astype(float)), average="macro") for m in models]
    assert outcome.details["development"] == pytest.approx(scores)
    best = int(np.argmax(scores))
    assert outcome.details["C"] == C_GRID[best]
    expected = models[best].predict(X[330:].astype(float))
    np.testing.assert_array_equal(outcome.predictions["predicted"], expected)
    assert outcome.details["confusion"] == confusion_matrix(gold[330:], expected).tolist()
    assert outcome.metrics["macro.f1"].value == pytest.approx(f1_score(gold[330:], expected, average="macro"))
    assert outcome.metrics["weighted.recall"].value == pytest.approx(outcome.metrics["accuracy"].value)
    assert sum(row["support"] for row in outcome.details["per_class"].values()) == 120
    assert set(outcome.metrics) == set(emotion.METRICS)


def test_geometry_is_measured_on_the_test_rows_alone(shelf, sample):
    prepared = on_sample(TASKS["geometry/goemotions/ekman6-mapped/1"]).prepare(shelf(sample=sample))
    assert prepared.texts == sample["test"].texts
    gold = sample["test"].labels["emotion"]
    X = vectors(prepared.texts, np.eye(6)[gold])
    outcome = prepared.evaluate(X, 0)
    found = geometry(X, gold)
    assert outcome.metrics["alignment"].value == found.alignment
    assert outcome.metrics["uniformity"].value == found.uniformity
    assert 0 < outcome.metrics["separation"].value < 1
    assert 1 < outcome.metrics["effective_rank"].value <= 12
