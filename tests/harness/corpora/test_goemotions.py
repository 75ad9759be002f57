from typing import Any

import numpy as np
import pytest

from harness.corpora import CorpusRegistry, Examples
from harness.corpora.goemotions import EMOTIONS, GoEmotions, ekman
from harness.errors import DataMissing


def examples_of(*labels: str) -> Examples:
    emotions = np.zeros((len(labels), len(EMOTIONS)), dtype=np.bool_)
    for row, names in enumerate(labels):
        emotions[row, [EMOTIONS.index(name) for name in names.split()]] = True
    texts = tuple(f"comment {i}" for i in range(len(labels)))
    return Examples(texts=texts, ids=texts, labels={"emotions": emotions}, classes=EMOTIONS)


COMMENTS = examples_of(
    "joy",  # one label
    "love admiration",  # two labels, one class
    "anger joy",  # two classes
    "neutral",  # neutral only
    "neutral grief",  # neutral beside an emotion
    "neutral fear nervousness",
    "disgust",
    "curiosity neutral remorse",
)


@pytest.mark.parametrize(
    ("reading", "classes", "expected"),
    [
        ("selected", 6, {0: "joy", 6: "disgust"}),
        ("single", 7, {0: "joy", 3: "neutral", 6: "disgust"}),
        ("single", 6, {0: "joy", 6: "disgust"}),
        ("mapped", 7, {0: "joy", 1: "joy", 3: "neutral", 6: "disgust"}),
        ("mapped", 6, {0: "joy", 1: "joy", 6: "disgust"}),
        ("neutral-dropped", 6, {0: "joy", 1: "joy", 4: "sadness", 5: "fear", 6: "disgust"}),
    ],
)
def test_readings(reading: Any, classes: Any, expected: dict[int, str]) -> None:
    rows, labels, names = ekman(COMMENTS, reading, classes)
    assert {int(row): names[label] for row, label in zip(rows, labels, strict=True)} == expected
    assert rows.dtype == labels.dtype == np.int64
    assert len(names) == classes
    assert names[:6] == ("anger", "disgust", "fear", "joy", "sadness", "surprise")


@pytest.mark.parametrize(
    ("reading", "classes", "counts"),
    [
        ("selected", 6, (4_343, 513, 554)),
        ("single", 7, (36_308, 4_548, 4_590)),
        ("single", 6, (23_485, 2_956, 2_984)),
        ("mapped", 7, (39_555, 4_946, 4_968)),
        ("mapped", 6, (26_732, 3_354, 3_362)),
        ("neutral-dropped", 6, (28_104, 3_527, 3_539)),
    ],
)
def test_published_counts(published: CorpusRegistry, reading: Any, classes: Any, counts: tuple[int, int, int]) -> None:
    splits = (published.load("goemotions", split) for split in ("train", "dev", "test"))
    assert tuple(len(ekman(examples, reading, classes).rows) for examples in splits) == counts


def test_the_hub_is_asked_where_the_file_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"text": 'He said "no"', "labels": [4, 27], "id": "a3"}]
    monkeypatch.setattr("datasets.load_dataset", lambda *_, split: {"validation": rows}[split])

    class Nowhere:
        offline = False

        def path(self, *forms: Any) -> Any:
            raise DataMissing("nowhere")

    nowhere: Any = Nowhere()
    assert GoEmotions().read("dev", nowhere).texts == ('He said "no"',)
    with pytest.raises(DataMissing, match="nowhere"):  # the hub cannot be reached either
        GoEmotions().read("train", nowhere)
    nowhere.offline = True
    with pytest.raises(DataMissing, match="nowhere"):
        GoEmotions().read("dev", nowhere)
