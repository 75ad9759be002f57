"""Checkpoints are scored through the harness, on its embedded sample."""

import pytest

from carl.ablation.evaluation import DEFAULT_TASKS, Evaluation, chosen_tasks
from carl.trainer import Trainer
from harness.errors import UsageError
from harness.registry import tasks

SAMPLE = ("valence-arousal/sample/official/1", "polarity/sample/senteval-lr/1")


def test_the_scores_of_a_checkpoint_are_the_harness_s(bert, source, config, tmp_path):
    checkpoint = tmp_path / "full-s0"
    Trainer(config.changed(["steps=1"]), bert, [source], checkpoint).run()
    lines = []
    found = Evaluation(SAMPLE, None, tmp_path / "cache", "cpu", offline=True).scores(checkpoint, lines.append)
    assert set(found) == set(SAMPLE)
    assert {entry["status"] for entry in found.values()} == {"ok"}
    accuracy = found[SAMPLE[1]]["metrics"]["accuracy"]
    assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1
    assert any(f"accuracy {accuracy['value']:.4f}" in line for line in lines)
    records = list((checkpoint / "evaluation/records/dir%3Afull-s0").glob("*.json"))
    assert len(records) == 2
    assert not list((tmp_path / "cache/embeddings").rglob("*.npy"))


def test_what_has_no_number_says_why(tmp_path):
    (tmp_path / "empty").mkdir()
    found = Evaluation(SAMPLE[:1], None, tmp_path / "cache", "cpu").scores(tmp_path / "empty", lambda line: None)
    assert found[SAMPLE[0]]["status"] in ("weights-missing", "failed")
    assert found[SAMPLE[0]]["message"]


def test_tasks_are_those_of_table_v_unless_others_are_asked_for():
    assert chosen_tasks(None, []) == DEFAULT_TASKS
    assert set(DEFAULT_TASKS) <= set(tasks())
    assert set(chosen_tasks("sample", ["polarity"])) == {"polarity/sample/senteval-lr/1"}
    with pytest.raises(UsageError, match="unknown suite"):
        chosen_tasks("papre", [])
