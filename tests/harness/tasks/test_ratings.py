"""The rating corpora: grouped folds, signs, transfer between domains, and the ceiling that the raters set."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold

from harness.corpora.base import Examples
from harness.tasks import geometry, polarity, transfer, valence_arousal
from harness.tasks.base import RATINGS, fit_facts, task_id

from .conftest import vectors

FAMILIES = (geometry, polarity, transfer, valence_arousal)
TASKS = {task_id(task): task for family in FAMILIES for task in family.variants() if task.corpus in RATINGS}


def ratings(n, seed):
    rng = np.random.default_rng(seed)
    truth = rng.normal(scale=1.5, size=n).clip(-3.5, 3.5)
    marks = np.round(truth[:, None] + rng.normal(size=(n, 8))).clip(-4, 4)
    marks[:, 6:][rng.random((n, 2)) < 0.5] = np.nan
    return Examples(
        texts=tuple(f"text {seed} {i}" for i in range(n)),
        ids=tuple(map(str, range(n))),
        labels={"valence": np.nanmean(marks, axis=1)},
        groups=tuple(f"d{i // 4}" for i in range(n)),
        scales={"valence": (-4.0, 4.0)},
        raters={"valence": marks},
    )


@pytest.fixture
def library(shelf):
    return shelf(**{name: {"all": ratings(120, seed)} for seed, name in enumerate(RATINGS)})


def test_every_domain_is_measured_in_every_family():
    assert len(TASKS) == 4 * 3 + 4 * 3
    assert {name.split("/")[1] for name in TASKS} == set(RATINGS)
    assert sum(task.suites == ("quick",) for task in TASKS.values()) == 3 * 3 + 3 * 2, "all but the films"


def test_folds_cut_no_document_and_the_raters_set_a_ceiling(library):
    task = TASKS["valence-arousal/ratings-films/grouped-kfold10/1"]
    ready = task.prepare(library)
    examples = library.load("ratings-films", "all")
    gold = examples.labels["valence"] / 4
    X = vectors(ready.texts, gold, noise=0.3)
    outcome = ready.evaluate(X, 0)
    assert tuple(outcome.metrics) == task.metrics
    expected = np.empty(120)
    for train, test in GroupKFold(10).split(X, groups=list(examples.groups)):
        A = np.c_[X[train].astype(float), np.ones(len(train))]
        expected[test] = np.c_[X[test], np.ones(len(test))] @ np.linalg.lstsq(A, gold[train], rcond=None)[0]
    # GroupKFold sorts groups by name, which the corpus's prefix does not change.
    np.testing.assert_allclose(outcome.predictions["valence.predicted"], expected, atol=1e-4)
    ceiling = outcome.metrics["valence.ceiling"]
    assert 0.85 < ceiling.low < ceiling.value < ceiling.high < 1
    assert outcome.counts["documents"] == 30


def test_polarity_is_the_sign_of_clear_means(library):
    task = TASKS["polarity/ratings-tweets/sign-kfold10/1"]
    ready = task.prepare(library)
    mean = library.load("ratings-tweets", "all").labels["valence"]
    kept = np.abs(mean) >= 0.5
    assert len(ready.texts) == kept.sum() < 120
    gold = mean[kept] > 0
    outcome = ready.evaluate(vectors(ready.texts, gold, noise=0.1), 0)
    np.testing.assert_array_equal(outcome.predictions["gold"], gold)
    assert outcome.metrics["accuracy"].value > 0.95
    assert outcome.details["folds_at_edge"].endswith("of 10")
    measured = TASKS["geometry/ratings-tweets/sign/1"].prepare(library)
    assert measured.texts == ready.texts
    assert measured.evaluate(vectors(ready.texts, gold, noise=0.1), 0).metrics["separation"].value > 0


def test_transfer_goes_from_one_domain_to_another(library):
    ready = TASKS["transfer/ratings-films/ridge-from-ratings-tweets/1"].prepare(library)
    gold = np.concatenate([library.load(f"ratings-{name}", "all").labels["valence"] for name in ("tweets", "films")])
    assert ready.evaluate(vectors(ready.texts, gold, noise=0.1), 0).metrics["valence.pearson"].value > 0.9


def test_a_value_at_the_edge_of_its_grid_is_counted():
    facts = fit_facts("C", [0.25, 8.0, 1.0], [0.25, 0.5, 1.0, 8.0])
    assert (facts["at_edge"], facts["folds_at_edge"]) == (False, "2 of 3")
    assert fit_facts("C", [8.0], [0.25, 8.0])["at_edge"]
