"""A checkpoint's card with what was measured of it."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from carl.card import model_card
from carl.cli import carl
from carl.evaluations import evaluations_of
from carl.provenance import read_record
from harness.errors import RecordSkipped, UsageError
from harness.outcome import Metric
from harness.record import ModelFacts, Record, ResultStore
from harness.registry import find_encoder


@pytest.fixture
def results(shipped, tmp_path):
    """Records of these weights, and of others that must not count."""
    store = ResultStore(tmp_path)
    fingerprint = find_encoder(shipped.name).create(weights_dir=shipped).fingerprint
    polarity = Record(
        model=ModelFacts(name=shipped.name, fingerprint=fingerprint),
        **{"task": "polarity", "corpus": "mr", "protocol": "senteval-lr/1", "split": "cv10", "seed": 0, "status": "ok"},
        metrics={"accuracy": Metric(0.7654321, 0.75, 0.78), "other": Metric(1.0)},
        contamination={"state": "clean"},
    )
    affect = replace(
        polarity,
        **{"task": "valence-arousal", "corpus": "emobank", "protocol": "official/1", "split": "test"},
        metrics={"valence.mae": Metric(9.0), "arousal.pearson": Metric(0.4), "valence.pearson": Metric(0.6)},
        contamination={"state": "overlap"},
    )
    drawn = replace(polarity, task="few-shot", metrics={"at.4": Metric(0.1), "at.8": Metric(0.2)})
    for record in (
        polarity,
        affect,
        drawn,
        replace(drawn, seed=1, metrics={"at.4": Metric(0.3)}),
        replace(polarity, corpus="cr", status="failed"),
        replace(polarity, corpus="imdb", model=replace(polarity.model, fingerprint="of other weights")),
        replace(polarity, corpus="sst5", model=replace(polarity.model, name=f"{shipped.name}@mean")),
    ):
        store.save(record)
    return tmp_path


def test_only_these_weights_count(shipped, results):
    found = evaluations_of(shipped, shipped.name, results)
    assert {one.task: list(one.metrics) for one in found} == {
        "few-shot/mr/senteval-lr/1": ["at.4"],
        "polarity/mr/senteval-lr/1": ["accuracy"],
        "valence-arousal/emobank/official/1": ["valence.pearson", "arousal.pearson"],
    }
    assert {one.task.split("/")[1]: one.contamination for one in found} == {"mr": "clean", "emobank": "overlap"}


def test_the_card_is_written_again_with_them(shipped, results):
    before = (shipped / "README.md").read_text()
    try:
        done = CliRunner().invoke(carl, ["card", str(shipped), "--results-dir", str(results)])
        assert done.exception is None
        assert "3 evaluations" in done.stderr
        card = (shipped / "README.md").read_text()
        row = "| `polarity/mr/senteval-lr/1` | cv10 | accuracy | 0.7654 | 0.7500 to 0.7800 | clean |"
        assert row in card.splitlines()
        assert "| `valence-arousal/emobank/official/1` | test | arousal.pearson | 0.4000 |  | overlap |" in card
        section = card[card.index("\n## Evaluation") : card.index("\n## Limits")]
        assert card.replace(section, "") == before
    finally:
        (shipped / "README.md").write_text(before)


def test_no_results_no_section(shipped, tmp_path):
    assert evaluations_of(shipped, shipped.name, tmp_path / "none") == []
    assert "## Evaluation" not in model_card(read_record(shipped), None, [])


def test_a_damaged_record_is_named(shipped, results):
    next(results.rglob("*.json")).write_text("{")
    with pytest.warns(RecordSkipped):
        evaluations_of(shipped, shipped.name, results)


def test_a_backbones_card_is_its_own(finished_run, bert, tmp_path):
    run = finished_run(tmp_path, bert)
    record = json.loads((run / "training.json").read_text()) | {"start": "scratch", "teacher": None}
    del record["backbone"]
    (run / "training.json").write_text(json.dumps(record))
    result = CliRunner().invoke(carl, ["card", str(run)])
    assert isinstance(result.exception, UsageError)
    assert "is a backbone" in str(result.exception)
