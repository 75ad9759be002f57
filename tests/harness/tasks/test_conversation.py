"""Emotion in conversations: what the encoder reads, how the strength is chosen, and that dialogues are resampled."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

from harness.corpora.base import Examples
from harness.statistics.scores import classification_metrics, metrics_of
from harness.tasks.base import task_id
from harness.tasks.conversation import SIX, in_context, variants

from .conftest import vectors

#: Three values are enough to choose from, and the weakest penalties take scikit-learn long.
C_GRID = (2.0**-4, 2.0**-2, 1.0)
TASKS = {task_id(task): replace(task, C_grid=C_GRID) for task in variants()}
EVERY = (*SIX[::-1], "fearful", "no agreement")


def spoken(n, seed, names, *, each=5, sessions=("Session1",)):
    """Dialogues of a few utterances, every class present."""
    rng = np.random.default_rng(seed)
    gold = np.concatenate([np.arange(len(names)), rng.integers(len(names), size=n - len(names))])
    dialogues = [f"{sessions[i // each % len(sessions)]}/d{seed}-{i // each:03}" for i in range(n)]
    return Examples(
        texts=tuple(f"utterance {seed} {i}" for i in range(n)),
        ids=tuple(map(str, range(n))),
        labels={"label": gold.astype(np.int64)},
        groups=tuple(dialogues),
        classes=tuple(names),
    )


def models(X, y):
    return [LogisticRegression(C=C, tol=1e-8, max_iter=5_000).fit(X, y) for C in C_GRID]


def test_meld_is_chosen_by_weighted_f1_on_dev_and_resampled_by_dialogue(shelf):
    names = ("a", "b", "c")
    splits = {"train": spoken(150, 1, names), "dev": spoken(60, 2, names), "test": spoken(80, 3, names)}
    task = TASKS["conversation/meld/utterance/1"]
    ready = task.prepare(shelf(meld=splits))
    assert ready.texts == tuple(text for part in splits.values() for text in part.texts)
    gold = np.concatenate([part.labels["label"] for part in splits.values()])
    X = vectors(ready.texts, np.eye(3)[gold], noise=2.0)
    outcome = ready.evaluate(X, 0)
    fitted = models(X[:150].astype(float), gold[:150])
    scores = [f1_score(gold[150:210], m.predict(X[150:210].astype(float)), average="weighted") for m in fitted]
    assert outcome.details["development"] == pytest.approx(scores)
    expected = fitted[int(np.argmax(scores))].predict(X[210:].astype(float))
    np.testing.assert_array_equal(outcome.predictions["predicted"], expected)
    assert tuple(outcome.metrics) == task.metrics == ("weighted.f1", "accuracy", "macro.f1")
    assert outcome.metrics["weighted.f1"].value == pytest.approx(f1_score(gold[210:], expected, average="weighted"))
    assert outcome.metrics["accuracy"].value == pytest.approx(accuracy_score(gold[210:], expected))
    by_dialogue = classification_metrics(gold[210:], expected, 3, np.arange(80) // 5)
    assert outcome.metrics == {name: by_dialogue[name] for name in task.metrics}
    assert outcome.metrics["accuracy"] != classification_metrics(gold[210:], expected, 3)["accuracy"]
    assert metrics_of(outcome.predictions, task.metrics) == outcome.metrics
    assert outcome.counts == {"train": 150, "dev": 60, "test": 80, "documents": 16}


def test_iemocap_leaves_out_sessions_and_scores_six_classes(shelf):
    train = spoken(240, 1, EVERY, sessions=("Session1", "Session2", "Session3"))
    test = spoken(90, 2, EVERY, sessions=("Session5",))
    ready = TASKS["conversation/iemocap/utterance/1"].prepare(shelf(iemocap={"train": train, "test": test}))
    kept = [[row for row, i in enumerate(part.labels["label"]) if EVERY[i] in SIX] for part in (train, test)]
    assert ready.texts == tuple(part.texts[row] for part, rows in zip((train, test), kept, strict=True) for row in rows)
    y, gold = (
        np.array([SIX.index(EVERY[part.labels["label"][row]]) for row in rows])
        for part, rows in zip((train, test), kept, strict=True)
    )
    X = vectors(ready.texts, np.eye(6)[np.concatenate([y, gold])], noise=2.0)
    outcome = ready.evaluate(X, 0)
    X = X.astype(float)
    sessions = np.array([train.groups[row].split("/")[0] for row in kept[0]])
    guesses = np.empty((len(C_GRID), len(y)), dtype=int)
    for session in np.unique(sessions):
        held = sessions == session
        for place, model in enumerate(models(X[: len(y)][~held], y[~held])):
            guesses[place, held] = model.predict(X[: len(y)][held])
    scores = [f1_score(y, own, average="weighted") for own in guesses]
    assert outcome.details["development"] == pytest.approx(scores)
    best = C_GRID[int(np.argmax(scores))]
    expected = LogisticRegression(C=best, tol=1e-8, max_iter=5_000).fit(X[: len(y)], y).predict(X[len(y) :])
    np.testing.assert_array_equal(outcome.predictions["predicted"], expected)
    np.testing.assert_array_equal(outcome.predictions["gold"], gold)
    assert outcome.details["classes"] == list(SIX)
    assert outcome.counts == {"train": len(y), "test": len(gold), "documents": 18}


def test_turns_without_a_scored_class_are_context_all_the_same(shelf):
    names = ("neutral", "no agreement", *(name for name in SIX if name != "neutral"))
    part = Examples(
        texts=("Well?", "[BREATHING]", "Fine.", "Go."),
        ids=("a", "b", "c", "d"),
        labels={"label": np.array([0, 1, 0, 0])},
        groups=("Session5/x", "Session5/x", "Session5/x", "Session5/y"),
        classes=names,
    )
    ready = TASKS["conversation/iemocap/context-5/1"].prepare(shelf(iemocap={"train": part, "test": part}))
    assert ready.texts == ("Well?", "Well?\n[BREATHING]\nFine.", "Go.") * 2
    alone = TASKS["conversation/iemocap/utterance/1"].prepare(shelf(iemocap={"train": part, "test": part}))
    assert alone.fingerprint != ready.fingerprint


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.text("ab ", max_size=30), st.sampled_from("xyz")), max_size=12),
    st.integers(1, 4),
    st.integers(1, 12),
)
def test_the_utterance_stays_whole_and_last_and_the_oldest_words_go_first(said, previous, words):
    texts, dialogues = [text for text, _ in said], [dialogue for _, dialogue in said]
    for row, joined in enumerate(in_context(texts, dialogues, previous, words)):
        assert joined.endswith(texts[row])
        assert len(joined.split()) <= max(words, len(texts[row].split()))
        own = [text for text, dialogue in said[: row + 1] if dialogue == dialogues[row]]
        together = " ".join(own[-previous - 1 :]).split()
        room = max(words, len(texts[row].split()))
        assert joined.split() == together[len(together) - min(len(together), room) :]
