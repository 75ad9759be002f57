"""The tweet tasks choose by their official metric, on dev or by folds, and equal scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, recall_score
from sklearn.model_selection import StratifiedKFold

from harness.tasks.base import task_id
from harness.tasks.polarity import C_GRID
from harness.tasks.tweets import variants

from .conftest import classed, vectors

TASKS = {task_id(task): task for task in variants()}


def softmax_regression(C, X, y):
    """Two classes as a multinomial model, which the probe is: half the penalty for the difference of the weights."""
    return LogisticRegression(C=2 * C if len(set(y)) == 2 else C, tol=1e-9, max_iter=20_000).fit(X, y)


def test_sentiment_is_chosen_by_macro_recall_on_dev(shelf):
    splits = {"train": classed(150, 1, 3), "dev": classed(60, 2, 3), "test": classed(80, 3, 3)}
    task = TASKS["tweet-sentiment/semeval2017-task4a/tweets-lr/1"]
    ready = task.prepare(shelf(**{"semeval2017-task4a": splits}))
    gold = np.concatenate([part.labels["label"] for part in splits.values()])
    X = vectors(ready.texts, np.eye(3)[gold], noise=1.5)
    outcome = ready.evaluate(X, 0)
    models = [softmax_regression(C, X[:150].astype(float), gold[:150]) for C in C_GRID]
    scores = [recall_score(gold[150:210], m.predict(X[150:210].astype(float)), average="macro") for m in models]
    assert outcome.details["development"] == pytest.approx(scores)
    expected = models[int(np.argmax(scores))].predict(X[210:].astype(float))
    np.testing.assert_array_equal(outcome.predictions["predicted"], expected)
    recall = outcome.metrics["macro.recall"]
    assert recall.value == pytest.approx(recall_score(gold[210:], expected, average="macro"))
    assert recall.low < recall.value < recall.high
    assert tuple(outcome.metrics) == task.metrics == ("macro.recall", "accuracy", "macro.f1")


def test_sarcasm_is_chosen_by_folds_of_training(shelf):
    splits = {"train": classed(80, 1, 2), "test": classed(40, 2, 2)}
    ready = TASKS["sarcasm/isarcasmeval/tweets-lr/1"].prepare(shelf(isarcasmeval=splits))
    y, gold = splits["train"].labels["label"], splits["test"].labels["label"]
    X = vectors(ready.texts, np.eye(2)[np.concatenate([y, gold])], noise=1.5).astype(float)
    outcome = ready.evaluate(X.astype(np.float32), 0)
    scores = []
    for C in C_GRID:
        guess = np.empty(80, dtype=int)
        for rows, held in StratifiedKFold(10, shuffle=True, random_state=1111).split(y, y):
            guess[held] = softmax_regression(C, X[:80][rows], y[rows]).predict(X[:80][held])
        scores.append(f1_score(y, guess))
    assert outcome.details["development"] == pytest.approx(scores)
    best = C_GRID[int(np.argmax(scores))]
    expected = softmax_regression(best, X[:80], y).predict(X[80:])
    np.testing.assert_array_equal(outcome.predictions["predicted"], expected)
    assert outcome.counts == {"train": 80, "test": 40}
