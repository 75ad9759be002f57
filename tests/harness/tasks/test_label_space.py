"""Clusters, retrieval, neighbours, few shots and calibration are what their names say, on the emotion task's rows."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, f1_score, fowlkes_mallows_score, log_loss
from sklearn.neighbors import KNeighborsClassifier

from harness.probes.neighbours import retrieve
from harness.statistics.bootstrap import resamples
from harness.tasks import emotion, few_shot, label_space
from harness.tasks.base import mean_metric, task_id

from .conftest import classed, vectors

FAMILIES = (emotion, few_shot, label_space)
TASKS = {task_id(task): task for family in FAMILIES for task in family.variants()}
NAMES = ("anger", "disgust", "fear", "joy", "sadness", "surprise")


@pytest.fixture
def sample():
    return {
        split: classed(n, seed, 6, label="emotion", names=NAMES)
        for seed, (split, n) in enumerate({"train": 200, "dev": 80, "test": 120}.items())
    }


def on_sample(task, **changes):
    """The same task on the made-up corpus."""
    return replace(task, corpus="sample", corpora=("sample",), **changes)


def embedded(ready, parts, noise=1.0):
    gold = np.concatenate([part.labels["emotion"] for part in parts])
    assert ready.texts == tuple(text for part in parts for text in part.texts)
    return vectors(ready.texts, np.eye(6)[gold], noise=noise), gold


def test_the_mean_of_scores_is_resampled_as_every_other_number():
    scores = np.random.default_rng(0).uniform(size=50)
    found = mean_metric(scores)
    draws = resamples(50).astype(float) @ scores / 50
    assert found.value == pytest.approx(scores.mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])))


def test_clusters_are_scored_against_the_emotions(shelf, sample):
    task = on_sample(TASKS["clustering/goemotions/ekman6-mapped/1"])
    ready = task.prepare(shelf(sample=sample))
    X, gold = embedded(ready, [sample["test"]], noise=0.4)
    outcome = ready.evaluate(X, 0)
    parts = outcome.predictions["cluster"]
    for name, reference in (
        ("ami", adjusted_mutual_info_score),
        ("ari", adjusted_rand_score),
        ("fms", fowlkes_mallows_score),
    ):
        number = outcome.metrics[name]
        assert number.value == pytest.approx(reference(gold, parts))
        assert number.low < number.value < number.high
    assert tuple(outcome.metrics) == task.metrics
    assert outcome.metrics["ami"].value > 0.3
    assert np.sum(outcome.details["table"]) == 120


def test_retrieval_averages_over_the_queries(shelf, sample):
    task = on_sample(TASKS["retrieval/goemotions/ekman6-mapped/1"])
    ready = task.prepare(shelf(sample=sample))
    X, gold = embedded(ready, [sample["test"]])
    outcome = ready.evaluate(X, 0)
    found = retrieve(X, gold)
    assert outcome.metrics["mrr"].value == pytest.approx(found.reciprocal_rank.mean())
    assert outcome.metrics["precision_at_1"].value == pytest.approx(found.precision_at_1.mean())
    assert outcome.metrics["map_at_r"].value == pytest.approx(found.map_at_r.mean())
    classes = [found.map_at_r[gold == one].mean() for one in range(6)]
    assert outcome.details["per_class"]["joy"]["map_at_r"] == pytest.approx(classes[3])
    assert tuple(outcome.metrics) == task.metrics


def test_neighbours_are_counted_on_dev_and_scored_on_test(shelf, sample):
    task = on_sample(TASKS["nearest-neighbours/goemotions/ekman6-mapped/1"])
    ready = task.prepare(shelf(sample=sample))
    X, gold = embedded(ready, sample.values())
    outcome = ready.evaluate(X, 0)
    assert outcome.details["sizes"] == [1, 3, 5, 11, 21, 51, 101]
    best = outcome.details["neighbours"]
    assert max(outcome.details["development"]) == outcome.details["development"][outcome.details["sizes"].index(best)]
    model = KNeighborsClassifier(best, metric="cosine", algorithm="brute").fit(X[:200].astype(float), gold[:200])
    shares = model.predict_proba(X[280:].astype(float))
    sure = np.sort(shares, axis=1)[:, -1] > np.sort(shares, axis=1)[:, -2] + 1e-9
    np.testing.assert_array_equal(outcome.predictions["predicted"][sure], shares[sure].argmax(axis=1))
    assert outcome.metrics["macro.f1"].value == pytest.approx(
        f1_score(gold[280:], outcome.predictions["predicted"], average="macro")
    )
    assert tuple(outcome.metrics) == task.metrics


def test_a_few_shot_number_is_the_mean_over_draws_and_its_interval_holds_both_samples(shelf, sample):
    task = on_sample(
        TASKS["few-shot/goemotions/ekman6-mapped/1"],
        sizes=(2, 8),
        draws=5,
        metrics=("curve.f1", "n2.macro.f1", "n2.accuracy", "n8.macro.f1", "n8.accuracy"),
    )
    ready = task.prepare(shelf(sample=sample))
    X, _ = embedded(ready, [sample["train"], sample["test"]])
    outcome = ready.evaluate(X, 0)
    assert tuple(outcome.metrics) == task.metrics
    for size, draws in zip((2, 8), outcome.details["draws"]["macro.f1"], strict=True):
        number = outcome.metrics[f"n{size}.macro.f1"]
        assert number.value == pytest.approx(np.mean(draws))
        # Wider than the draws alone would make it: t with four degrees of freedom is 2.78.
        assert number.high - number.low > 2 * 1.9 * np.std(draws, ddof=1) / np.sqrt(5)
    assert outcome.metrics["curve.f1"].value == pytest.approx(
        np.mean([outcome.metrics[f"n{size}.macro.f1"].value for size in (2, 8)])
    )
    assert outcome.metrics["n8.accuracy"].value > outcome.metrics["n2.accuracy"].value
    assert ready.evaluate(X, 0).metrics == outcome.metrics
    assert ready.evaluate(X, 1).metrics != outcome.metrics


def test_calibration_is_of_the_emotion_probe_itself(shelf, sample):
    task = on_sample(TASKS["calibration/goemotions/ekman6-mapped/1"])
    ready = task.prepare(shelf(sample=sample))
    X, gold = embedded(ready, sample.values())
    outcome = ready.evaluate(X, 0)
    own = on_sample(emotion.variants()[0]).prepare(shelf(sample=sample)).evaluate(X, 0)
    assert outcome.details["C"] == own.details["C"]
    shares = outcome.predictions["probabilities"]
    np.testing.assert_array_equal(shares.argmax(axis=1), own.predictions["predicted"])
    model = LogisticRegression(C=outcome.details["C"], tol=1e-8, max_iter=20_000)
    expected = model.fit(X[:200].astype(float), gold[:200]).predict_proba(X[280:].astype(float))
    np.testing.assert_allclose(shares, expected, atol=1e-5)
    assert outcome.metrics["log_loss"].value == pytest.approx(log_loss(gold[280:], expected), abs=1e-5)
    assert outcome.metrics["ece"].low is None
    assert sum(row["share"] for row in outcome.details["reliability"]) == pytest.approx(1)
    assert tuple(outcome.metrics) == task.metrics
