from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.corpora.emotales import EmoTales
from harness.corpora.shelves import Library
from harness.errors import DataInvalid, DataMissing

JSON = "emotales/emotales_data.json"
MEANS = "emotales/emotales_means.csv"
NAN = float("nan")
RATINGS: list[tuple[str, str, list[tuple[float, float, float]]]] = [
    ("TheGoose", "The Goose", [(5, 5, 5)] * 6),
    ("TheGoose", "Once a goose, fat and merry, lived by a pond.", [(7, 4, 5), (8, 5, 5), (6, 4, 6), (8, 4, 5)]),
    ("TheGoose", "Nobody rated this.", []),
    ("TheStorm", "Then the storm came.", [(1, 9, 2), (2, 8, 1), (2, 9, 1)]),
]


def table(wrong_means: bool = True) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "SENTENCE": {str(i): text for i, (_, text, _) in enumerate(RATINGS)},
        "ID": {str(i): tale for i, (tale, _, _) in enumerate(RATINGS)},
    }
    for rater in range(14):
        for axis, suffix in enumerate(("", "_ACT", "_POW")):
            columns[f"ANNOTATOR_{rater + 1}{suffix}"] = {
                str(i): (ratings[rater][axis] if rater < len(ratings) else NAN)
                for i, (_, _, ratings) in enumerate(RATINGS)
            }
    if wrong_means:  # The published averages are wrong and must not be read.
        for name in ("HUMAN", "avg_action", "avg_power"):
            columns[name] = {str(i): 9.0 for i in range(len(RATINGS))}
    return columns


def means() -> str:
    lines = ["tale,text,valence,activation,power,n_annotators"]
    for tale, text, ratings in RATINGS:
        values = [f"{sum(axis) / len(ratings):.6f}" for axis in zip(*ratings, strict=True)] or ["", "", ""]
        lines.append(f'{tale},"{text}",{",".join(values)},{len(ratings)}')
    return "\n".join(lines) + "\n"


@pytest.fixture
def corpus(tiny: Callable[..., Any]) -> Any:
    return tiny(EmoTales, {JSON: json.dumps(table()).encode()}, {"all": (3,)})


def test_means_are_those_of_the_raters(corpus: Any) -> None:
    examples = corpus.read("all")
    assert examples.texts == tuple(text for _, text, ratings in RATINGS if ratings)
    assert examples.ids == ("TheGoose-0", "TheGoose-1", "TheStorm-3")
    assert examples.groups == ("TheGoose", "TheGoose", "TheStorm")
    assert examples.labels["valence"].tolist() == [5.0, 7.25, 5 / 3]
    assert examples.labels["arousal"].tolist() == [5.0, 4.25, 26 / 3]
    assert examples.labels["dominance"].tolist() == [5.0, 5.25, 4 / 3]
    assert examples.scales == dict.fromkeys(("valence", "arousal", "dominance"), (1.0, 9.0))


def test_the_derived_means_are_the_same_data(corpus: Any) -> None:
    corpus.path(JSON).unlink()
    corpus.path(MEANS).write_text(means(), encoding="utf-8")
    assert "1.666667" in means()
    assert corpus.read("all").fingerprint == corpus.truth["all"].fingerprint


def test_neither_file_names_both(corpus: Any) -> None:
    corpus.path(JSON).unlink()
    message = r"emotales_data\.json is not in .* emotales/emotales_means\.csv would also do"
    with pytest.raises(DataMissing, match=message):
        corpus.read("all")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("ANNOTATOR_9_POW"), "column ANNOTATOR_9_POW: the column is not there"),
        (lambda t: t["ANNOTATOR_2_ACT"].update({"1": 10}), "column ANNOTATOR_2_ACT: record '1': expected an integer"),
        (lambda t: t["ANNOTATOR_2"].update({"1": 6.5}), "column ANNOTATOR_2: record '1': expected an integer"),
        (lambda t: t["ANNOTATOR_2"].update({"1": "six"}), "column ANNOTATOR_2: record '1'"),
        (lambda t: t["ID"].pop("1"), "record '1' has no text or no tale"),
        (lambda t: t["SENTENCE"].update({"1": None}), "record '1' has no text or no tale"),
        (lambda t: t["ANNOTATOR_1"].update({"3": 9}), "edited"),
        (lambda t: t["SENTENCE"].pop("3"), "expected 3 rows of emotales/all, found 2"),
    ],
)
def test_faults_in_the_json_are_named(corpus: Any, change: Callable[[Any], Any], message: str) -> None:
    columns = table()
    change(columns)
    corpus.path(JSON).write_text(json.dumps(columns), encoding="utf-8")
    with pytest.raises(DataInvalid, match=message):
        corpus.read("all")


def test_broken_json_is_placed(corpus: Any) -> None:
    corpus.edit(JSON, lambda raw: raw[: len(raw) // 2])
    with pytest.raises(DataInvalid, match=r"line 1, column .*: no JSON here"):
        corpus.read("all")
    corpus.edit(JSON, lambda raw: b"[1, 2]")
    with pytest.raises(DataInvalid, match="expected an object"):
        corpus.read("all")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",7.250000,", ",7.2,", "line 3, column valence: 7.2 is not a mean of 4 integers"),
        (",7.250000,", ",10,", "line 3, column valence: expected a number from 1 to 9"),
        (",4\n", ",four\n", "line 3, column n_annotators: expected a number from 0, found 'four'"),
    ],
)
def test_faults_in_the_means_are_named(corpus: Any, old: str, new: str, message: str) -> None:
    corpus.path(JSON).unlink()
    corpus.path(MEANS).write_text(means().replace(old, new), encoding="utf-8")
    with pytest.raises(DataInvalid, match=message):
        corpus.read("all")


def test_published(published: Library) -> None:
    examples = published.load("emotales", "all")
    columns = {name: np.asarray(column) for name, column in examples.labels.items()}
    assert len(examples) == 1_395
    assert examples.groups is not None
    assert len(set(examples.groups)) == 18
    assert {name: (round(v.min(), 2), round(v.max(), 2)) for name, v in columns.items()} == {
        "valence": (1.33, 8.67),
        "arousal": (1.0, 8.5),
        "dominance": (1.0, 9.0),
    }
    assert examples.texts[0] == "Cinderella"  # a title
    assert examples.raters is not None
    for name, marks in examples.raters.items():
        assert marks.shape == (1_395, 14)
        assert (~np.isnan(marks)).sum(axis=1).min() == 6
        assert np.array_equal(np.nanmean(marks, axis=1), columns[name])
    assert int(((columns["valence"] == 5) & (columns["arousal"] == 5)).sum()) == 69


def test_published_means_give_the_same_rows(published: Library, tmp_path: Any) -> None:
    assert published.data_dir is not None
    source = published.data_dir / MEANS
    (tmp_path / "emotales").mkdir()
    (tmp_path / MEANS).write_bytes(source.read_bytes())
    alone = Library(tmp_path, tmp_path / "cache", offline=True)
    assert alone.load("emotales", "all").fingerprint == published.load("emotales", "all").fingerprint
