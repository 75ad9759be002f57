"""What a record says of a checkpoint's training."""

import json

import pytest

from baselines.minilm import MiniLM
from carl.provenance import is_backbone, origin, read_record, trained_on
from harness.errors import WeightsInvalid

SOURCES = [{"name": "emobank:train"}, {"name": "facebook"}]
PRETRAINED = {
    "sources": [{"name": "reddit-self"}],
    "config": {"teacher": "minilm"},
    "start": "transfer",
    "teacher": {"name": "minilm", "title": "MiniLM-L6"},
}


def test_what_the_backbone_saw_counts():
    record = {"sources": SOURCES, "backbone": {"name": "minilm"}}
    assert trained_on(record) == ("emobank:train", "facebook", *MiniLM.card.training_data)
    assert not is_backbone(record)


def test_a_recorded_history_is_believed_before_a_card():
    known = {"sources": SOURCES, "backbone": {"name": "minilm", "training_data": ["facebook", "stories"]}}
    assert trained_on(known) == ("emobank:train", "facebook", "stories")
    assert trained_on({"sources": SOURCES, "backbone": {"name": "minilm", "training_data": None}}) is None
    assert trained_on({**known, "trained_on": ["mr"]}) == ("mr",)
    assert trained_on({**known, "trained_on": None}) is None


def test_a_backbone_that_nobody_declared_makes_it_unknown():
    assert trained_on({"sources": SOURCES, "backbone": {"name": "dir:mine"}}) is None


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "minilm"),
        ({"teacher": None}, "minilm"),
        ({"start": "scratch"}, "minilm"),
        ({"start": "scratch", "teacher": None}, None),
    ],
)
def test_a_pretrained_backbone_descends_from_start_and_teacher(changes, name):
    record = {**PRETRAINED, **changes}
    assert is_backbone(record)
    before = origin(record)
    assert (before and before["name"]) == name
    assert trained_on(record) == ("reddit-self", *(MiniLM.card.training_data if name else ()))


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "3", "{}", '{"name": "x"}', "[" * 2000),
        '{"name": "x", "config": {}, "sources": [], "step": 1, "steps": 1}',
        '{"name": "x", "config": {}, "sources": [], "step": 1, "steps": 1, "teacher": null, "start": "transfer"}',
        '{"name": "x", "config": {}, "sources": [], "step": 1, "steps": 1, "backbone": {"name": "m", "title": 3}}',
    ],
)
def test_records_that_are_none(tmp_path, content):
    (tmp_path / "training.json").write_text(content)
    with pytest.raises(WeightsInvalid, match=r"training\.json"):
        read_record(tmp_path)


def test_a_record_is_read(tmp_path):
    record = {"name": "x", "config": {}, "backbone": {"name": "minilm"}, "sources": [], "step": 1, "steps": 1}
    (tmp_path / "training.json").write_text(json.dumps(record))
    assert read_record(tmp_path) == record
