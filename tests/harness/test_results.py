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


def document_of(one):
    """What a record's file says, without the checksum."""
    document = json.loads(one.to_json())
    del document["checksum"]
    return document


def test_a_record_comes_back_equal():
    for one in (record(), record(status="failed", metrics={}, failure=Failure(kind="E", message="m"))):
        assert Record.from_json(one.to_json()) == one


def test_equal_records_are_equal_bytes():
    assert record().to_json() == record(metrics={"accuracy": Metric(0.75, 0.7, 0.8)}).to_json()


def test_a_newer_schema_asks_for_an_upgrade():
    newer = document_of(record()) | {"checksum": "of another make", "schema": SCHEMA + 1}
    with pytest.raises(RecordInvalid, match=f"schema {SCHEMA + 1}.*upgrade"):
        Record.from_json(json.dumps(newer), "here.json")


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("status", "fine", "fine"),
        ("seed", "0", "seed"),
        ("seed", True, "seed"),
        ("metrics", {"accuracy": {"value": "high"}}, "metrics.accuracy.value"),
        ("metrics", {"accuracy": {"value": float("nan")}}, "NaN"),
        ("model", None, "model"),
        ("model", {"name": 5}, "name"),
        ("counts", {"texts": 1.5}, "texts"),
        ("schema", 0, "schema"),
        ("failure", "broke", "failure"),
    ],
)
def test_what_does_not_fit_is_named(field, value, named):
    document = document_of(record())
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


def test_a_record_of_before_there_were_checksums_is_read():
    assert Record.from_json(json.dumps(document_of(record()))) == record()


def test_white_space_and_order_do_not_damage_a_record():
    document = json.loads(record().to_json())
    assert Record.from_json(json.dumps(dict(reversed(document.items())))) == record()


def test_every_flipped_byte_of_a_record_is_found_or_changes_nothing():
    one = record(details={"note": "Zürich", "strengths": (0.25, 1e-07)})
    raw = one.to_json().encode()
    again = Record.from_json(raw.decode())
    unnoticed = 0
    for place in range(len(raw)):
        for bit in range(8):
            flipped = bytearray(raw)
            flipped[place] ^= 1 << bit
            try:
                assert Record.from_json(flipped.decode()) == again
            except (RecordInvalid, UnicodeDecodeError):
                continue
            unnoticed += 1
    # White space, `e` for `E`, and the name of the checksum itself.
    assert unnoticed < 0.08 * 8 * len(raw)


def test_a_flipped_digit_of_a_stored_record_is_found(tmp_path):
    store = ResultStore(tmp_path)
    path = store.save(record())
    path.write_text(path.read_text().replace("0.75", "0.76"))
    with pytest.raises(RecordInvalid, match="checksum"):
        store.get(*record().key)


def test_a_flipped_schema_is_damage_and_no_newer_version():
    with pytest.raises(RecordInvalid, match="damaged"):
        Record.from_json(record().to_json().replace(f'"schema": {SCHEMA}', '"schema": 9'))


@pytest.mark.parametrize("damage", ["flip", "truncate", "gone", "another's"])
def test_damaged_predictions_are_found_with_their_record(tmp_path, damage):
    store = ResultStore(tmp_path)
    path = store.save(record(), {"gold": np.arange(300)}).with_suffix(".npz")
    raw = bytearray(path.read_bytes())
    if damage == "flip":
        raw[30] ^= 1  # in the name of a member, which zip's own checksum does not cover
        path.write_bytes(raw)
    elif damage == "truncate":
        path.write_bytes(raw[:-1])
    elif damage == "gone":
        path.unlink()
    else:
        path.write_bytes(pack({"gold": np.arange(301)}))
    with pytest.raises(RecordInvalid, match=path.name):
        store.get(*record().key)
    if damage == "gone":  # a table of records without them, as somebody may publish it, can still be read
        assert store.predictions(next(iter(store))) is None
        return
    with pytest.raises(RecordInvalid, match=path.name):
        store.predictions(next(iter(store)))


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
