"""The plainly written suite measures what ours measures: its numbers are ours."""

from pathlib import Path

import numpy as np
import pytest

from harness.corpora.shelves import Library
from harness.perf import plain_suite
from harness.perf.plain_suite import TASKS
from harness.registry import select_tasks, tasks


@pytest.mark.parametrize("suite", sorted(TASKS))
def test_its_tasks_are_all_of_the_suite_but_imdb(suite):
    ours = [task for task in select_tasks(suite, []) if "/imdb/" not in task]
    assert set(TASKS[suite]) <= set(ours)
    assert suite == "sample" or set(TASKS[suite]) == set(ours)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_its_numbers_are_ours(monkeypatch):
    monkeypatch.setattr(plain_suite, "_DRAWS", 2)
    monkeypatch.setattr(plain_suite, "_EMOTION_GRID", [1.0])
    monkeypatch.setattr("harness.tasks.emotion.STRENGTHS", (1.0,))
    library = Library(None, Path("nowhere"), offline=True)

    def vector(text):
        generator = np.random.default_rng(sum(text.encode()))
        return generator.normal(size=8)

    def encode(corpus, texts):
        return np.array([vector(text) for text in texts], dtype=np.float32)

    numbers, seconds = plain_suite.run("sample", library, encode)
    assert seconds > 0
    for task, number in numbers.items():
        prepared = tasks()[task].prepare(library)
        outcome = prepared.evaluate(encode("", prepared.texts), 0)
        ours = next(iter(outcome.metrics.values())).value
        # scikit-learn stops at its own tolerance: a decision or two of 500 may differ.
        assert number == pytest.approx(ours, abs=1e-5 if "valence" in task or "geometry" in task else 0.005), task
