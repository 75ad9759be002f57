"""Records survive the disk, and what is no record is refused by name."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RecordInvalid
from harness.outcome import Metric
from harness.results import SCHEMA, Failure, ModelFacts, Record, ResultStore, pack


def record(**changes):
    fields = {
        "model": ModelFacts(name="minilm", family="bert", max_length=256, parameters=22),
        "task": "polarity",
        "corpus": "mr",
        "protocol": "senteval-lr/1",
        "split": "cv10",
        "seed": 0,
        "status": "ok",
        "metrics": {"accuracy": Metric(0.75, 0.7, 0.8)},
        "counts": {"texts": 10},
        "details": {"strengths": [0.25, 0.5]},
        "contamination": {"state": "clean"},
        "timings": {"score": 0.5},
        "environment": {"torch": "2.13.0"},
        "created": "2026-01-01T00:00:00+00:00",
    }
    return Record(**{**fields, **changes})


def test_a_record_comes_back_equal():
    for one in (record(), record(status="failed", metrics={}, failure=Failure(kind="E", message="m"))):
        assert Record.from_json(one.to_json()) == one


def test_equal_records_are_equal_bytes():
    assert record().to_json() == record(metrics={"accuracy": Metric(0.75, 0.7, 0.8)}).to_json()


def test_a_newer_schema_asks_for_an_upgrade():
    newer = json.loads(record().to_json()) | {"schema": SCHEMA + 1}
    with pytest.raises(RecordInvalid, match=f"schema {SCHEMA + 1}.*upgrade"):
        Record.from_json(json.dumps(newer), "here.json")


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("status", "fine", "fine"),
        ("seed", "0", "seed"),
        ("seed", True, "seed"),
        ("metrics", {"accuracy": {"value": "high"}}, "metrics.accuracy.value"),
        ("metrics", {"accuracy": {"value": float("nan")}}, "finite"),
        ("model", None, "model"),
        ("model", {"name": 5}, "name"),
        ("counts", {"texts": 1.5}, "texts"),
        ("schema", 0, "schema"),
        ("failure", "broke", "failure"),
    ],
)
def test_what_does_not_fit_is_named(field, value, named):
    document = json.loads(record().to_json())
    document[field] = value
    with pytest.raises(RecordInvalid, match=named):
        Record.from_json(json.dumps(document), "here.json")


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda v: st.dictionaries(st.text(), v)))
def test_any_json_is_a_record_or_refused(document):
    with pytest.raises(RecordInvalid):
        Record.from_json(json.dumps(document))


@given(st.text())
def test_any_text_is_refused(text):
    with pytest.raises(RecordInvalid):
        Record.from_json(text)


names = st.text(min_size=1, max_size=400, alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(model=names, corpus=names.filter(lambda c: "/" not in c))
def test_no_name_leaves_the_directory(tmp_path_factory, model, corpus):
    store = ResultStore(tmp_path_factory.getbasetemp() / "names")
    path = store.path(model, f"polarity/{corpus}/p/1", 0)
    assert path.parent.parent == store.records_dir
    assert path.resolve().is_relative_to(store.records_dir.resolve())
    assert max(len(part.encode()) for part in path.parts) <= 255


def test_the_store_keeps_records_and_predictions(tmp_path):
    store = ResultStore(tmp_path)
    one = record()
    store.save(one, {"predicted": np.array([1, 0], dtype=np.int8), "gold": np.array([1, 1], dtype=np.int8)})
    store.save(record(model=ModelFacts(name="lexicon")))
    assert [r.model.name for r in store] == ["lexicon", "minilm"]
    kept = store.get("minilm", "polarity/mr/senteval-lr/1", 0)
    assert kept == one
    predictions = store.predictions(one)
    assert predictions is not None
    assert predictions["predicted"].tolist() == [1, 0]
    assert store.predictions(record(model=ModelFacts(name="lexicon"))) is None
    assert store.get("minilm", "polarity/cr/senteval-lr/1", 0) is None


def test_a_damaged_record_is_named(tmp_path):
    store = ResultStore(tmp_path)
    path = store.save(record())
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(RecordInvalid, match=path.name):
        list(store)


def test_predictions_are_the_same_bytes_whenever_written():
    arrays = {"b": np.arange(4), "a": np.zeros(3, dtype=np.float32)}
    assert pack(arrays) == pack(dict(reversed(arrays.items())))


def test_damaged_predictions_are_named(tmp_path):
    store = ResultStore(tmp_path)
    store.save(record(), {"gold": np.arange(3)})
    path = store.path(*record().key).with_suffix(".npz")
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(RecordInvalid, match="damaged"):
        store.predictions(record())
