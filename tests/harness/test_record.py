"""The result records: what is refused, and the directory of them."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RecordInvalid, RecordNewer, RecordSkipped
from harness.outcome import Metric
from harness.record import SCHEMA, Failure, ModelFacts, Record, ResultStore, environment, pack


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
    document = json.loads(record().to_json())
    assert Record.from_json(json.dumps(dict(reversed(document.items())))) == record()


def test_a_newer_schema_asks_for_an_upgrade():
    newer = document_of(record()) | {"checksum": "of another make", "schema": SCHEMA + 1}
    with pytest.raises(RecordNewer, match="upgrade"):
        Record.from_json(json.dumps(newer))
    # A flipped bit in the schema is damage, not a newer version.
    with pytest.raises(RecordInvalid, match="damaged"):
        Record.from_json(record().to_json().replace(f'"schema": {SCHEMA}', '"schema": 9'))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "fine"),
        ("seed", "0"),
        ("seed", True),
        ("metrics", {"accuracy": {"value": "high"}}),
        ("metrics", {"accuracy": {"value": float("nan")}}),
        ("metrics", {"valence.pearson": {"value": 2.0, "low": None, "high": None}}),
        ("metrics", {"macro.f1": {"value": 82.1, "low": None, "high": None}}),
        ("metrics", {"uniformity": {"value": -1.0, "low": 0.0, "high": -2.0}}),
        ("metrics", {"uniformity": {"value": 1e300, "low": None, "high": None}}),
        ("model", None),
        ("model", {"name": 5}),
        ("model", {"name": "m", "max_length": 10**30}),
        ("counts", {"texts": 1.5}),
        ("schema", 0),
        ("failure", "broke"),
        ("details", {"classes": [1]}),
        ("contamination", {"matches": [{"counts": {"texts": 1.5}}]}),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(field, value):
    document = document_of(record())
    document[field] = value
    with pytest.raises(RecordInvalid):
        Record.from_json(json.dumps(document))


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
    assert store.get("minilm", "polarity/mr/senteval-lr/1", 0) == one
    predictions = store.predictions(one)
    assert predictions is not None
    assert predictions["predicted"].tolist() == [1, 0]
    assert store.predictions(record(model=ModelFacts(name="lexicon"))) is None
    assert store.get("minilm", "polarity/cr/senteval-lr/1", 0) is None


def test_a_record_out_of_range_is_not_written(tmp_path):
    for value in (2.0, float("nan")):
        with pytest.raises(RecordInvalid):
            ResultStore(tmp_path).save(record(metrics={"valence.pearson": Metric(value)}))
    assert not list(tmp_path.rglob("*.json"))


def test_a_record_without_a_checksum_is_unverified():
    assert Record.from_json(record().to_json()).verified
    document = json.loads(record().to_json())
    for changed in (document_of(record()), document | {"checksum": document["checksum"].upper()}):
        assert not Record.from_json(json.dumps(changed)).verified


def test_every_flipped_byte_of_a_record_is_found_or_changes_nothing():
    raw = record(details={"note": "Zürich"}).to_json().encode()
    again = Record.from_json(raw.decode())
    for place in range(len(raw)):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << place % 7
        try:
            assert (found := Record.from_json(flipped.decode())) == again or not found.verified
        except (RecordInvalid, UnicodeDecodeError):
            continue


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
    if damage == "gone":  # records that were published without predictions can still be shown
        assert store.predictions(next(iter(store))) is None
        return
    with pytest.raises(RecordInvalid, match=path.name):
        store.predictions(next(iter(store)))


def test_a_damaged_record_is_named_and_skipped(tmp_path):
    store = ResultStore(tmp_path)
    good, damaged = store.save(record()), store.save(record(model=ModelFacts(name="lexicon")))
    moved = store.path("bert", "polarity/cr/senteval-lr/1", 0)
    moved.parent.mkdir()
    moved.write_bytes(good.read_bytes())
    damaged.write_bytes(damaged.read_bytes()[:-30])
    with pytest.warns(RecordSkipped) as caught:
        assert [one.model.name for one in store] == ["minilm"]
    assert [str(path) in str(warning.message) for path, warning in zip((moved, damaged), caught, strict=True)]
    with pytest.raises(RecordInvalid, match=moved.name):
        store.get("bert", "polarity/cr/senteval-lr/1", 0)


def test_the_environment_names_versions_and_code_alone():
    assert {"python", "platform", "cores", "code", "numpy", "torch"} <= set(environment())
