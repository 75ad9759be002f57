"""Transfer trains on one corpus and tests on another, each on its own scale."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold, cross_val_predict

from harness.tasks.base import task_id
from harness.tasks.transfer import PENALTIES, variants

from .conftest import rated, vectors

TASKS = {task_id(task): task for task in variants() if "extended" in task.suites}
BOTH = ("valence", "arousal")


@pytest.fixture
def library(shelf):
    return shelf(
        emobank={
            "train": rated(90, 1, documents="abc"),
            "dev": rated(9, 2),
            "test": rated(40, 3, documents="abcdefgh"),
        },
        facebook={"all": rated(70, 4, dimensions=BOTH, scale=(1.0, 9.0))},
        emotales={"all": rated(60, 5, scale=(1.0, 9.0), documents="xyzuvw")},
    )


def scaled(examples, dimension):
    low, high = examples.scales[dimension]
    return 2 * (examples.labels[dimension] - low) / (high - low) - 1


@pytest.mark.parametrize(
    ("name", "source", "target"),
    [
        ("facebook/least-squares-from-emobank/1", ("emobank", "train"), ("facebook", "all")),
        ("emobank/least-squares-from-emotales/1", ("emotales", "all"), ("emobank", "test")),
    ],
)
def test_least_squares_of_the_source_predicts_the_target(library, name, source, target):
    task = TASKS[f"transfer/{name}"]
    ready = task.prepare(library)
    train, test = library.load(*source), library.load(*target)
    assert ready.texts == train.texts + test.texts
    assert ready.scored == len(test)
    gold = np.concatenate([scaled(train, "valence"), scaled(test, "valence")])
    X = vectors(ready.texts, gold)
    outcome = ready.evaluate(X, 0)
    n = len(train)
    expected = LinearRegression().fit(X[:n].astype(float), gold[:n]).predict(X[n:].astype(float))
    np.testing.assert_allclose(outcome.predictions["valence.predicted"], expected, atol=1e-5)
    assert outcome.metrics["valence.mae"].value == pytest.approx(np.abs(expected - gold[n:]).mean(), abs=1e-6)
    assert set(outcome.metrics) == set(task.metrics)
    assert ("group" in outcome.predictions) == (test.groups is not None)
    assert (outcome.counts["train"], outcome.counts["test"]) == (n, len(test))


def test_the_ridge_is_chosen_on_the_source_alone(library):
    task = TASKS["transfer/emobank/ridge-from-facebook/1"]
    ready = task.prepare(library)
    train, test = library.load("facebook", "all"), library.load("emobank", "test")
    Y = np.stack([scaled(train, d) for d in BOTH], axis=1)
    X = vectors(ready.texts, np.concatenate([scaled(train, "valence"), scaled(test, "valence")]), noise=2.0)
    outcome = ready.evaluate(X, 0)
    source = X[:70].astype(float)
    unit = source.var(axis=0).mean() * 70
    folds = KFold(10, shuffle=True, random_state=1111)
    errors = [
        ((cross_val_predict(Ridge(alpha=share * unit), source, Y, cv=folds) - Y) ** 2).mean() for share in PENALTIES
    ]
    assert outcome.details["source_errors"] == pytest.approx(errors, rel=1e-4)
    best = PENALTIES[int(np.argmin(errors))]
    assert outcome.details["penalty_share"] == best
    expected = Ridge(alpha=best * unit).fit(source, Y).predict(X[70:].astype(float))
    np.testing.assert_allclose(outcome.predictions["arousal.predicted"], expected[:, 1], atol=1e-5)
