"""A plugin for the tests of memory: a corpus of any number of made-up texts, and tasks that fit probes on all.

`install` declares it in a folder for `PYTHONPATH`, as an installed distribution would be; `MANY_TEXTS` in the
environment says how many texts there are.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from harness.corpora.base import CorpusCard, Examples, row_ids
from harness.tasks.emotion import METRICS, Emotion
from harness.tasks.senteval import senteval_task
from harness.tasks.valence_arousal import ValenceArousal

NAME = "many-texts"
_PARTS = {"train": 0.8, "dev": 0.1, "test": 0.1}
_WORDS = (
    *(
        "happy",
        "sad",
        "angry",
        "afraid",
        "calm",
        "awful",
        "lovely",
        "dull",
        "great",
        "horrible",
        "not",
        "never",
        "very",
    ),
    *("the", "a", "day", "film", "house", "friend", "road", "river", "was", "is", "felt", "looked", "and", "but", "so"),
    *(
        "slowly",
        "today",
        "again",
        "work",
        "letter",
        "rain",
        "music",
        "dinner",
        "!",
        "?",
        "...",
        "we",
        "you",
        "they",
        "I",
    ),
)


def _rows(split: str) -> int:
    return int(int(os.environ["MANY_TEXTS"]) * _PARTS[split])


class ManyTexts:
    """Random words; the labels lean on what some of them mean, so that probes have something to find."""

    @property
    def card(self) -> CorpusCard:
        return CorpusCard(
            name=NAME,
            title="Made-up texts",
            rows={split: _rows(split) for split in _PARTS},
            labels="valence and arousal, 0 to 1; label: 0 or 1; emotion: one of six",
            licence="MIT",
            citation="none",
        )

    def read(self, split: str, files: object) -> Examples:
        import numpy as np

        generator = np.random.default_rng(list(_PARTS).index(split))
        n = _rows(split)
        drawn = generator.integers(len(_WORDS), size=(n, 12))
        texts = tuple(" ".join([_WORDS[i] for i in row]) for row in drawn)
        felt = np.clip(0.5 + 0.1 * ((drawn % 13 == 0).sum(axis=1) - (drawn % 13 == 1).sum(axis=1)), 0, 1)
        noisy = np.clip(felt + generator.normal(0, 0.1, n), 0, 1)
        return Examples(
            texts=texts,
            ids=row_ids(split, n),
            labels={
                "valence": noisy,
                "arousal": np.clip(1 - noisy + generator.normal(0, 0.1, n), 0, 1),
                "label": (noisy > 0.5).astype(np.int64),
                "emotion": np.minimum((noisy * 6).astype(np.int64), 5),
            },
            scales={"valence": (0.0, 1.0), "arousal": (0.0, 1.0)},
            classes=("anger", "disgust", "fear", "joy", "sadness", "surprise"),
        )


def tasks() -> list[Any]:
    """Least squares on a split and over folds, and logistic regression with two classes and with six."""
    shared: dict[str, Any] = {"corpus": NAME, "corpora": (NAME,), "suites": ("extended",), "summary": "", "source": ""}
    dimensions = ("valence", "arousal")
    numbers = ("valence.pearson", "arousal.pearson")
    return [
        ValenceArousal(
            name="valence-arousal",
            protocol="official/1",
            split="test",
            metrics=numbers,
            holdout="split",
            dimensions=dimensions,
            **shared,
        ),
        ValenceArousal(
            name="valence-arousal",
            protocol="kfold10/1",
            split="cv10",
            metrics=numbers[:1],
            holdout="folds",
            dimensions=dimensions[:1],
            **shared,
        ),
        senteval_task("polarity", NAME, "senteval-lr/1", "split", "", suite="extended"),
        Emotion(
            name="emotion",
            protocol="ekman6-single/1",
            split="test",
            metrics=METRICS,
            reading="single",
            classes=6,
            **shared,
        ),
    ]


def install(folder: Path) -> None:
    """Declare corpus and tasks to whoever has `folder` on the path."""
    shutil.copy(__file__, folder / "affectbench_many_texts.py")
    facts = folder / "affectbench_many_texts-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: affectbench-many-texts\nVersion: 1.0\n", "utf-8")
    (facts / "entry_points.txt").write_text(
        "[bench.corpora]\nmany-texts = affectbench_many_texts:ManyTexts\n"
        "[bench.tasks]\nmany-texts = affectbench_many_texts:tasks\n",
        "utf-8",
    )
