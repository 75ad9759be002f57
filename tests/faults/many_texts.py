"""A plugin for the tests of memory: a corpus of any number of made-up texts, and tasks over all of them.

`install` declares it in a folder for `PYTHONPATH`, as an installed distribution would be; `MANY_TEXTS` in the
environment says how many texts there are.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.corpora.base import CorpusCard, Examples, row_ids
from harness.tasks import transfer
from harness.tasks.base import Metric, Outcome, PreparedTask, TaskFacts, combined_fingerprint
from harness.tasks.clustering import EmotionClustering
from harness.tasks.emotion import METRICS, Emotion
from harness.tasks.geometry import EmotionGeometry
from harness.tasks.nearest_neighbours import EmotionNeighbours
from harness.tasks.retrieval import EmotionRetrieval
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


@dataclass(frozen=True, kw_only=True)
class Ridge(TaskFacts):
    """The ridge of `transfer`, from the training texts to the test texts."""

    def prepare(self, library: Any) -> PreparedTask:
        train, test = (library.load(NAME, split) for split in ("train", "test"))

        def score(embeddings: Any, _seed: int) -> Outcome:
            import numpy as np

            Y = np.stack([train.labels["valence"], train.labels["arousal"]], axis=1)
            predicted, details = transfer._ridge(embeddings[: len(train)], Y, embeddings[len(train) :])
            found = float(np.corrcoef(predicted[:, 0], test.labels["valence"])[0, 1])
            return Outcome(metrics={"valence.pearson": Metric(found)}, details=details, counts={"train": len(train)})

        texts = (*train.texts, *test.texts)
        return PreparedTask(texts=texts, fingerprint=combined_fingerprint(self.protocol, train, test), score=score)


@dataclass(frozen=True, kw_only=True)
class Shape(TaskFacts):
    """What of geometry takes a time that grows with the rows and not with their square."""

    def prepare(self, library: Any) -> PreparedTask:
        train = library.load(NAME, "train")

        def score(embeddings: Any, _seed: int) -> Outcome:
            from harness.probes import geometry

            emotion = train.labels["emotion"]
            values = {
                "alignment": geometry.alignment(embeddings, emotion),
                "separation": geometry.separation(embeddings, emotion),
                "effective_rank": geometry.effective_rank(embeddings),
            }
            metrics = {name: Metric(value) for name, value in values.items()}
            return Outcome(metrics=metrics, counts={"train": len(train)})

        return PreparedTask(texts=train.texts, fingerprint=combined_fingerprint(self.protocol, train), score=score)


def tasks() -> list[Any]:
    """Probes that are fitted: least squares, ridge, logistic regression; and what compares the rows of a split."""
    shared: dict[str, Any] = {"corpus": NAME, "corpora": (NAME,), "suites": ("extended",), "summary": "", "source": ""}
    compared: dict[str, Any] = {**shared, "protocol": "train/1", "split": "train", "reading": "single", "classes": 6}
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
        Ridge(name="ridge", protocol="split/1", split="test", metrics=numbers[:1], **shared),
        Shape(
            name="shape",
            protocol="train/1",
            split="train",
            metrics=("alignment", "separation", "effective_rank"),
            **shared,
        ),
        EmotionGeometry(
            name="geometry", metrics=("separation", "alignment", "uniformity", "effective_rank"), **compared
        ),
        EmotionClustering(name="clustering", metrics=("ami", "ari", "fms"), stochastic=True, **compared),
        EmotionRetrieval(name="retrieval", metrics=("map_at_r", "mrr", "precision_at_1"), **compared),
        EmotionNeighbours(name="nearest-neighbours", metrics=("macro.f1", "accuracy"), **{**compared, "split": "test"}),
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
