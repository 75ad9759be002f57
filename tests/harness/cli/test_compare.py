"""`bench compare` as a user meets it."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from harness.cli.compare import compare
from harness.record import ModelFacts, Record, ResultStore
from harness.statistics.scores import metrics_of

TASK = "polarity/mr/senteval-lr/1"


def save(store, model, right, seed, task="polarity", corpus="mr", protocol="senteval-lr/1", state="clean"):
    gold = np.random.default_rng(1).integers(2, size=300).astype(np.int8)
    predicted = np.where(np.random.default_rng(seed).random(300) < right, gold, 1 - gold).astype(np.int8)
    predictions = {"gold": gold, "predicted": predicted}
    record = Record(
        model=ModelFacts(name=model, fingerprint=model),
        task=task,
        corpus=corpus,
        protocol=protocol,
        split="cv10",
        seed=0,
        status="ok",
        data="d",
        contamination={"state": state},
        metrics=metrics_of(predictions, ["accuracy", "macro.f1"]),
    )
    store.save(record, predictions)
    return record


@pytest.fixture
def results(tmp_path):
    store = ResultStore(tmp_path / "results")
    save(store, "good", 0.9, 2)
    save(store, "bad", 0.6, 3)
    save(store, "good", 0.9, 2, protocol="senteval-compat/1")
    return tmp_path / "results"


def bench(*arguments):
    """The command's output; errors are raised."""
    done = CliRunner().invoke(compare, [str(a) for a in arguments], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.output


def test_two_models_in_every_format(results):
    plain = bench("bad", "good", "--results-dir", results)
    assert "McNemar, exact" in plain
    assert "better" in plain
    assert "Not compared, no record of bad: polarity/mr/senteval-compat/1" in plain
    text = bench("bad", "good", "--results-dir", results, "--format", "csv")
    (row,) = csv.DictReader(text.splitlines())
    assert (row["task"], row["metric"], row["verdict"]) == (TASK, "accuracy", "better")
    assert float(row["difference"]) == pytest.approx(float(row["second"]) - float(row["first"]))
    assert float(row["low"]) > 0
    text = bench("bad", "good", "--results-dir", results, "--format", "json")
    (number,) = json.loads(text)["numbers"]
    assert number["p"] == pytest.approx(float(row["p"]))


def test_what_has_seen_the_texts_is_not_called_better(results):
    save(ResultStore(results), "seen", 0.9, 2, state="overlap")
    plain = bench("bad", "seen", "--results-dir", results)
    assert "higher*, not judged" in plain
    assert "better" not in plain
    assert "* seen may have seen the texts" in plain
    text = bench("bad", "seen", "--results-dir", results, "--format", "csv")
    (row,) = csv.DictReader(text.splitlines())
    assert row["seen"] == "seen"
