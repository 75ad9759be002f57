"""The regression tasks equal scikit-learn on the rows that their protocols name."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold

from harness.tasks.base import task_id
from harness.tasks.valence_arousal import GROUPED_LONGEST, held_out_documents, variants

from .conftest import rated, vectors

TASKS = {task_id(task): task for task in variants()}


def emobank(documents=None):
    return {
        "train": rated(60, 1, documents=documents),
        "dev": rated(10, 2, documents=documents),
        "test": rated(25, 3, documents=documents),
    }


def scaled(examples, dimension, low=1.0, high=5.0):
    return 2 * (examples.labels[dimension] - low) / (high - low) - 1


def test_official_is_least_squares_from_train_to_test(shelf):
    corpus = emobank()
    prepared = TASKS["valence-arousal/emobank/official/1"].prepare(shelf(emobank=corpus))
    assert prepared.texts == corpus["train"].texts + corpus["test"].texts
    gold = np.concatenate([scaled(corpus["train"], "valence"), scaled(corpus["test"], "valence")])
    X = vectors(prepared.texts, gold)
    outcome = prepared.evaluate(X, 0)
    expected = LinearRegression().fit(X[:60].astype(float), gold[:60]).predict(X[60:].astype(float))
    np.testing.assert_allclose(outcome.predictions["valence.predicted"], expected, atol=1e-5)
    np.testing.assert_allclose(outcome.predictions["valence.gold"], gold[60:], atol=1e-6)
    assert outcome.metrics["valence.mae"].value == pytest.approx(np.abs(expected - gold[60:]).mean(), abs=1e-6)
    assert outcome.metrics["valence.pearson"].value == pytest.approx(np.corrcoef(expected, gold[60:])[0, 1], abs=1e-6)
    assert set(outcome.metrics) == set(TASKS["valence-arousal/emobank/official/1"].metrics)
    assert outcome.counts == {"train": 60, "test": 25}


def test_the_paper_s_unit_scales_by_the_observed_range_of_the_whole_corpus(shelf):
    corpus = emobank()
    prepared = TASKS["valence-arousal/emobank/official/1"].prepare(shelf(emobank=corpus))
    outcome = prepared.evaluate(vectors(prepared.texts, np.zeros(85)), 0)
    for dimension in ("valence", "arousal", "dominance"):
        raw = np.concatenate([part.labels[dimension] for part in corpus.values()])
        factor = 4 / (raw.max() - raw.min())
        ours = outcome.metrics[f"{dimension}.mae"].value
        assert outcome.details["mae_observed"][dimension] == pytest.approx(ours * factor)


@pytest.mark.parametrize(("corpus", "dimensions"), [("facebook", 2), ("emotales", 3)])
def test_ten_folds_are_scikit_learn_s(shelf, corpus, dimensions):
    examples = rated(80, 4, scale=(1.0, 9.0))
    task = TASKS[f"valence-arousal/{corpus}/kfold10/1"]
    prepared = task.prepare(shelf(**{corpus: {"all": examples}}))
    assert len(task.dimensions) == dimensions
    gold = scaled(examples, "arousal", 1, 9)
    X = vectors(examples.texts, gold)
    outcome = prepared.evaluate(X, 0)
    expected = np.empty(80)
    for train, test in KFold(10, shuffle=True, random_state=1111).split(X):
        expected[test] = LinearRegression().fit(X[train].astype(float), gold[train]).predict(X[test].astype(float))
    np.testing.assert_allclose(outcome.predictions["arousal.predicted"], expected, atol=1e-5)


def test_pooled_scales_each_corpus_by_its_own_scale(shelf):
    library = shelf(
        emobank=emobank(["a", "b"]),
        facebook={"all": rated(30, 5, scale=(1.0, 9.0))},
        emotales={"all": rated(20, 6, scale=(1.0, 9.0), documents=["t"])},
    )
    prepared = TASKS["valence-arousal/pooled/pooled/1"].prepare(library)
    assert len(prepared.texts) == 95 + 30 + 20
    outcome = prepared.evaluate(vectors(prepared.texts, np.zeros(145)), 0)
    gold = outcome.predictions["valence.gold"]
    np.testing.assert_allclose(gold[:60], scaled(library.load("emobank", "train"), "valence"), atol=1e-6)
    np.testing.assert_allclose(gold[95:125], scaled(library.load("facebook", "all"), "valence", 1, 9), atol=1e-6)
    assert set(outcome.metrics) == {
        f"{d}.{m}" for d in ("valence", "arousal") for m in ("pearson", "spearman", "mae", "ccc", "r2")
    }
    assert outcome.counts["documents"] == 2 + 30 + 1


def test_grouped_holds_whole_documents_out(shelf):
    documents = [f"d{i}" for i in range(30)]
    n = 2400
    groups = [documents[i % 30] for i in range(n)] + ["novel"] * (GROUPED_LONGEST + 1)
    test = held_out_documents(groups)
    held = {groups[i] for i in test}
    assert 1000 <= len(test) <= 1000 + GROUPED_LONGEST
    assert "novel" not in held
    assert held.isdisjoint({groups[i] for i in set(range(len(groups))) - set(test.tolist())})
    np.testing.assert_array_equal(test, held_out_documents(list(groups)))


def test_rows_must_fit_the_texts(shelf):
    prepared = TASKS["valence-arousal/emobank/official/1"].prepare(shelf(emobank=emobank()))
    with pytest.raises(ValueError, match="85 texts"):
        prepared.evaluate(np.zeros((84, 3), dtype=np.float32), 0)


def test_the_fingerprint_follows_the_labels(shelf):
    first, second = emobank(), emobank()
    second["test"].labels["valence"][0] += 0.5
    task = TASKS["valence-arousal/emobank/official/1"]
    assert task.prepare(shelf(emobank=first)).fingerprint != task.prepare(shelf(emobank=second)).fingerprint
