"""Comparing recorded results: what is compared, what is left out and why, and every change between two measurements."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.comparison import NO_PREDICTIONS, compare
from harness.outcome import Metric
from harness.record import ModelFacts, Record, ResultStore
from harness.statistics.differences import mcnemar
from harness.statistics.scores import metrics_of

MR = "polarity/mr/senteval-lr/1"
EMOBANK = "valence-arousal/emobank/official/1"
GEOMETRY = "geometry/goemotions/ekman6-mapped/1"


def record(model, task_id, predictions, metrics, *, seed=0, status="ok", data="d", details=None):
    task, corpus, protocol = task_id.split("/", 2)
    numbers = metrics_of(predictions, metrics) if predictions else {name: Metric(0.5) for name in metrics}
    return Record(
        model=ModelFacts(name=model, fingerprint=f"f-{model}"),
        task=task,
        corpus=corpus,
        protocol=protocol,
        split="cv10",
        seed=seed,
        status=status,
        data=data,
        metrics=numbers if status == "ok" else {},
        details=details or {},
        contamination={"state": "clean"},
    )


def polarity(right, seed=0, n=400):
    gold = np.random.default_rng(1).integers(2, size=n)
    predicted = np.where(np.random.default_rng(seed).random(n) < right, gold, 1 - gold)
    return {"gold": gold.astype(np.int8), "predicted": predicted.astype(np.int8)}


def valence(noise, seed=0, n=300, groups=None):
    gold = np.random.default_rng(1).normal(size=n)
    predicted = gold + noise * np.random.default_rng(seed).normal(size=n)
    arrays = {"valence.gold": gold.astype(np.float32), "valence.predicted": predicted.astype(np.float32)}
    return arrays if groups is None else {**arrays, "group": groups}


@pytest.fixture
def store(tmp_path):
    store = ResultStore(tmp_path / "results")
    for model, right, noise in (("good", 0.9, 0.5), ("bad", 0.6, 3.0), ("good-copy", 0.9, 0.5)):
        seed = 0 if model != "bad" else 7
        for task_id, predictions, metrics in (
            (MR, polarity(right, seed), ["accuracy"]),
            (EMOBANK, valence(noise, seed), ["valence.pearson", "valence.mae"]),
            (GEOMETRY, {}, ["separation"]),
        ):
            store.save(record(model, task_id, predictions, metrics), predictions)
    return store


def compared(store, first, second, **options):
    return compare(store, list(store), first, second, **options)


def test_a_better_model_is_told_apart_by_the_right_test(store):
    found = compared(store, "bad", "good")
    assert [number.task_id for number in found.numbers] == [EMOBANK, GEOMETRY, MR] or len(found.numbers) == 3
    by_task = {number.task_id: number for number in found.numbers}
    accuracy, pearson, separation = by_task[MR], by_task[EMOBANK], by_task[GEOMETRY]
    bad, good = polarity(0.6, 7), polarity(0.9, 0)
    assert accuracy.test == "McNemar, exact"
    assert accuracy.p == mcnemar(bad["gold"] == bad["predicted"], good["gold"] == good["predicted"])
    assert accuracy.difference == pytest.approx(accuracy.second - accuracy.first)
    assert pearson.test == "Williams"
    assert separation.note == NO_PREDICTIONS
    assert separation.p is None
    assert [number.verdict(True) for number in (accuracy, pearson, separation)] == ["better", "better", "same number"]
    assert accuracy.verdict(False) == "worse"
    assert accuracy.verdict(None) == "higher"
    assert replace(accuracy, task_id=f"{MR}+limit-100").verdict(True) == "higher, not judged"
    assert accuracy.adjusted == pytest.approx(max(2 * min(accuracy.p, pearson.p), accuracy.p))


def test_only_one_protocol_on_the_same_data_is_compared(store):
    store.save(record("other", "polarity/mr/senteval-lr/2", polarity(0.8), ["accuracy"]), polarity(0.8))
    store.save(record("other", EMOBANK, valence(1.0), ["valence.pearson"], data="changed"), valence(1.0))
    store.save(record("other", GEOMETRY, {}, [], status="failed"))
    found = compared(store, "good", "other")
    assert found.numbers == ()
    reasons = {one.task_id: one.reason for one in found.left_out}
    assert reasons[MR] == "another protocol: other has senteval-lr/2"
    assert reasons["polarity/mr/senteval-lr/2"] == "another protocol: good has senteval-lr/1"
    assert reasons[EMOBANK] == "scored on different data"
    assert reasons[GEOMETRY] == "other: failed"


def test_predictions_that_do_not_fit_the_record_are_not_trusted(store):
    wrong = record("good", MR, polarity(0.9), ["accuracy"])
    store.save(replace(wrong, metrics={"accuracy": Metric(0.2)}), polarity(0.9))
    (number,) = compared(store, "bad", "good", tasks=[MR]).numbers
    assert "its record says 0.2000: measure again" in number.note
    assert number.p is None
    assert number.verdict(True) == "not tested"


def test_seeds_are_averaged(store):
    for seed in range(3):
        arrays = polarity(0.8, seed)
        store.save(record("seeded", MR, arrays, ["accuracy"], seed=seed), arrays)
    (number,) = compared(store, "bad", "seeded").numbers[:1]
    assert number.test == "paired bootstrap and seeds"
    assert number.second == pytest.approx(
        np.mean([(polarity(0.8, s)["gold"] == polarity(0.8, s)["predicted"]).mean() for s in range(3)])
    )


def test_williams_is_computed_from_the_stored_correlations(store):
    (number, *_) = compared(store, "bad", "good", tasks=[EMOBANK]).numbers
    one, two = valence(3.0, 7), valence(0.5, 0)
    r = np.corrcoef([one["valence.gold"], one["valence.predicted"], two["valence.predicted"]])
    determinant = np.linalg.det(r)
    mean = (r[0, 1] + r[0, 2]) / 2
    n = 300
    t = (r[0, 2] - r[0, 1]) * np.sqrt(
        (n - 1) * (1 + r[1, 2]) / (2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - r[1, 2]) ** 3)
    )
    assert number.p == pytest.approx(2 * stats.t.sf(abs(t), n - 3), rel=1e-3)
