"""Result files of mteb are read strictly, and stand beside our records without entering them."""

import json

import pytest
from click.testing import CliRunner

from harness.cli.compare import import_mteb
from harness.interop import beside, read_mteb
from harness.outcome import Metric
from harness.record import ModelFacts, Record, ResultStore


def document(name="ImdbClassification", **changes):
    """A result as mteb 2 writes it."""
    scores = {"accuracy": 0.7, "f1": 0.69, "main_score": 0.7, "hf_subset": "default", "languages": ["eng-Latn"],
              "scores_per_experiment": [{"accuracy": 0.7}], "ap": None}  # fmt: skip
    return {
        "task_name": name,
        "mteb_version": "2.26.24",
        "scores": {"test": [scores]},
        "evaluation_time": 3.2,
        **changes,
    }


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "mteb" / "org__small-model" / "rev1"
    place.mkdir(parents=True)
    (place / "ImdbClassification.json").write_text(json.dumps(document()))
    (place / "Banking77Classification.json").write_text(json.dumps(document("Banking77Classification")))
    return tmp_path / "mteb"


@pytest.fixture
def store(tmp_path):
    store = ResultStore(tmp_path / "results")
    for name, weights, protocol, value in (
        ("small", "org/small-model", "senteval-lr-512/1", 0.81),
        ("small", "org/small-model", "senteval-lr-128/1", 0.79),
        ("other", "org/other", "senteval-lr-512/1", 0.5),
    ):
        store.save(
            Record(
                model=ModelFacts(name=name, weights=weights),
                task="polarity",
                corpus="imdb",
                protocol=protocol,
                split="test",
                seed=0,
                status="ok",
                metrics={"accuracy": Metric(value)},
            )
        )
    return store


def test_scores_carry_their_protocol(folder):
    scores = read_mteb(folder)
    assert [(s.task, s.metric, s.value) for s in scores] == [
        ("Banking77Classification", "accuracy", 0.7),
        ("Banking77Classification", "macro.f1", 0.69),
        ("ImdbClassification", "accuracy", 0.7),
        ("ImdbClassification", "macro.f1", 0.69),
    ]
    imdb = scores[2]
    assert (imdb.model, imdb.split, imdb.subset) == ("org/small-model", "test", "default")
    assert imdb.matches == "polarity/imdb"
    assert imdb.protocol.startswith("mteb 2.26.24: 16 training texts")
    assert (scores[0].matches, scores[0].protocol) == ("", "mteb 2.26.24")


def test_a_score_without_value_loses_no_other(folder):
    file = folder / "org__small-model" / "rev1" / "STS.json"
    file.write_text(json.dumps(document("STS", scores={"test": [{"main_score": float("nan"), "accuracy": 0.5}]})))
    assert [(one.task, one.value) for one in read_mteb(folder)].count(("STS", 0.5)) == 1
    assert len(read_mteb(folder)) == 5


def test_our_records_of_the_same_model_stand_beside(folder, store):
    pairs = beside(read_mteb(folder), list(store))
    found = {(score.task, score.metric): [r.protocol for r in records] for score, records in pairs}
    assert sorted(found["ImdbClassification", "accuracy"]) == ["senteval-lr-128/1", "senteval-lr-512/1"]
    assert found["ImdbClassification", "macro.f1"] == []
    assert found["Banking77Classification", "accuracy"] == []


@pytest.mark.parametrize("name", ["hf:org/small-model", "st:org/small-model@mean", "org/small-model"])
def test_undeclared_models_are_known_by_their_name(folder, name):
    record = Record(
        model=ModelFacts(name=name), task="polarity", corpus="imdb", protocol="p/1", split="test", seed=0, status="ok",
        metrics={"accuracy": Metric(0.8)},
    )  # fmt: skip
    pairs = beside(read_mteb(folder), [record])
    assert sum(records == [record] for _, records in pairs) == 1


def run(*arguments):
    done = CliRunner().invoke(import_mteb, [str(argument) for argument in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.output


def test_the_command_keeps_both_protocols_apart(folder, store, tmp_path):
    rows = json.loads(run(folder, "--results-dir", store.directory, "--format", "json"))
    assert sorted(row["ours"] for row in rows if row["metric"] == "accuracy") == [0.79, 0.81]
    assert {row["our protocol"] for row in rows} == {"senteval-lr-512/1", "senteval-lr-128/1", "not measured here"}
    assert all(row["mteb's protocol"].startswith("mteb 2.26.24") for row in rows)
    shown = run(folder, "--results-dir", store.directory)
    assert "Without a counterpart" in shown
    assert "Banking77Classification" in run(folder, "--results-dir", store.directory, "--all", "--format", "csv")
    assert "not measured here" in run(folder, "--results-dir", tmp_path / "nothing")
