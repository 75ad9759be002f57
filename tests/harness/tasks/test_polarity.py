"""The polarity tasks are SentEval's protocol: order, folds, selection and the reported number."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from harness.errors import DataInvalid
from harness.tasks import polarity
from harness.tasks.base import Rows, classified, task_id
from harness.tasks.polarity import C_GRID, nested_folds, official_order

from .conftest import classed, vectors

TASKS = {task_id(task): task for task in polarity.variants()}


def fitted(C, X, y):
    return LogisticRegression(C=C, tol=1e-8, max_iter=10_000).fit(X.astype(float), y)


def test_nested_folds_are_the_toolkit_s():
    gold = np.random.default_rng(0).integers(2, size=150)
    outer, inner = nested_folds(gold)
    splitter = StratifiedKFold(10, shuffle=True, random_state=1111)
    for (train, test), rows, parts in zip(splitter.split(gold, gold), outer, inner, strict=True):
        np.testing.assert_array_equal(rows, test)
        for (_, held), part in zip(splitter.split(train, gold[train]), parts, strict=True):
            np.testing.assert_array_equal(part, held)


def test_a_corpus_must_name_its_classes(shelf):
    examples = replace(classed(120, 1, 2), classes=())
    with pytest.raises(DataInvalid, match="names no classes"):
        TASKS["polarity/mr/senteval-lr/1"].prepare(shelf(mr={"all": examples}))


def test_nested_cross_validation_equals_the_plain_loop(shelf):
    examples = classed(120, 1, 2)
    prepared = replace(TASKS["polarity/mr/senteval-lr/1"], fold_count=3).prepare(shelf(mr={"all": examples}))
    order = official_order(examples)
    assert prepared.texts == tuple(examples.texts[i] for i in order)
    gold = examples.labels["label"][order]
    X = vectors(prepared.texts, gold, noise=2.0)
    outcome = prepared.evaluate(X, 0)
    splitter = StratifiedKFold(3, shuffle=True, random_state=1111)
    accuracies, strengths = [], []
    for train, test in splitter.split(X, gold):
        scores = []
        for C in C_GRID:
            inner = [
                fitted(C, X[train][a], gold[train][a]).score(X[train][b].astype(float), gold[train][b])
                for a, b in splitter.split(X[train], gold[train])
            ]
            scores.append(round(100 * np.mean(inner), 2))
        strengths.append(C_GRID[int(np.argmax(scores))])
        model = fitted(strengths[-1], X[train], gold[train])
        np.testing.assert_array_equal(outcome.predictions["predicted"][test], model.predict(X[test].astype(float)))
        accuracies.append(round(100 * model.score(X[test].astype(float), gold[test]), 2))
    assert outcome.details["C"] == strengths
    assert outcome.metrics["accuracy"].value == pytest.approx(np.mean(accuracies) / 100)
    assert outcome.metrics["accuracy"].low < outcome.metrics["accuracy"].value < outcome.metrics["accuracy"].high


def test_the_interval_of_a_small_set_stays_within_0_and_1(shelf):
    prepared = TASKS["polarity/mr/senteval-lr/1"].prepare(shelf(mr={"all": classed(105, 1, 2)}))
    gold = prepared.evaluate(np.zeros((105, 2), np.float32), 0).predictions["gold"].astype(int)
    X = np.eye(2, dtype=np.float32)[gold]
    X[:3] = 1 - X[:3]
    accuracy = prepared.evaluate(X, 0).metrics["accuracy"]
    assert 0.9 < accuracy.low < accuracy.value < accuracy.high <= 1


def test_predictions_of_many_classes_do_not_wrap_around():
    examples, labels = classed(300, 1, 2), np.arange(300) % 150
    rows = Rows("test", examples.texts, labels, tuple(map(str, range(150))), examples)
    outcome = classified(TASKS["polarity/mr/senteval-lr/1"], [rows], labels, {})
    np.testing.assert_array_equal(outcome.predictions["predicted"], labels)


def test_a_fixed_split_chooses_its_strength_on_dev(shelf):
    splits = {"train": classed(150, 1, 5), "dev": classed(60, 2, 5), "test": classed(80, 3, 5)}
    prepared = TASKS["polarity/sst5/senteval-lr/1"].prepare(shelf(sst5=splits))
    orders = [(part, official_order(part)) for part in splits.values()]
    assert prepared.texts == tuple(part.texts[i] for part, order in orders for i in order)
    gold = np.concatenate([part.labels["label"][order] for part, order in orders])
    X = vectors(prepared.texts, np.eye(5)[gold], noise=1.0)
    outcome = prepared.evaluate(X, 0)
    models = [fitted(C, X[:150], gold[:150]) for C in C_GRID]
    scores = [round(100 * m.score(X[150:210].astype(float), gold[150:210]), 2) for m in models]
    assert outcome.details["development"] == pytest.approx(scores)
    assert outcome.details["C"] == C_GRID[int(np.argmax(scores))]
    expected = models[int(np.argmax(scores))].predict(X[210:].astype(float))
    np.testing.assert_array_equal(outcome.predictions["predicted"], expected)
    assert outcome.metrics["accuracy"].value == pytest.approx((expected == gold[210:]).mean())
    assert outcome.counts == {"train": 150, "dev": 60, "test": 80}


def test_imdb_chooses_its_strength_by_folds_of_train(shelf):
    splits = {"train": classed(100, 1, 2), "test": classed(70, 2, 2)}
    task = TASKS["polarity/imdb/senteval-lr-128/1"]
    assert task.max_length == 128
    assert TASKS["polarity/imdb/senteval-lr-512/1"].max_length == 512
    prepared = task.prepare(shelf(imdb=splits))
    gold = np.concatenate([part.labels["label"] for part in splits.values()])
    X = vectors(prepared.texts, gold, noise=1.5)
    outcome = prepared.evaluate(X, 0)
    splitter = StratifiedKFold(5, shuffle=True, random_state=1111)
    folds = list(splitter.split(X[:100], gold[:100]))
    scores = [
        np.mean([fitted(C, X[a], gold[a]).score(X[b].astype(float), gold[b]) for a, b in folds]).round(4)
        for C in C_GRID
    ]
    assert outcome.details["C"] == C_GRID[int(np.argmax(scores))]
    expected = fitted(outcome.details["C"], X[:100], gold[:100]).predict(X[100:].astype(float))
    np.testing.assert_array_equal(outcome.predictions["predicted"], expected)


def test_the_adam_protocol_depends_on_the_seed_and_learns(shelf):
    task = replace(TASKS["polarity/cr/senteval-compat/1"], fold_count=3)
    assert task.stochastic
    examples = classed(240, 1, 2)
    prepared = task.prepare(shelf(cr={"all": examples}))
    gold = examples.labels["label"][official_order(examples)]
    X = vectors(prepared.texts, gold, noise=0.3)
    first, again, other = (prepared.evaluate(X, seed) for seed in (0, 0, 1))
    assert first.metrics == again.metrics
    assert first.metrics["accuracy"].value > 0.6
    assert not np.array_equal(first.predictions["predicted"], other.predictions["predicted"]) or (
        first.details["passes"] != other.details["passes"]
    )
