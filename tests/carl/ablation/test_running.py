"""Runs of an ablation are resumed, never repeated, and do not take each other along."""

import json

import numpy as np
import pytest
import torch

from carl.ablation.plan import ablation_plan
from carl.ablation.results import read_result
from carl.ablation.running import Ablation, Data, outlook
from carl.checkpointing import has_state
from carl.trainer import STATE, Trainer
from carl.training_data import training_data
from harness.errors import StorageFault, UsageError
from harness.transformer.checkpoint import read_tensors

TASK = "polarity/made-up/p/1"


class Watching:
    def __init__(self):
        self.lines, self.counts = [], []

    def say(self, line):
        self.lines.append(line)

    def ended(self, results):
        self.counts.append(len(results))


class Scoring:
    """In place of the harness: the sum of a checkpoint's weights as its accuracy."""

    tasks = (TASK,)

    def __init__(self):
        self.seen = []

    def scores(self, checkpoint, report):
        self.seen.append(checkpoint.name)
        weights = read_tensors(checkpoint / "model.safetensors")
        value = float(sum(tensor.double().abs().sum() for tensor in weights.values()))
        return {TASK: {"status": "ok", "metrics": {"accuracy": {"value": value, "low": None, "high": None}}}}


class Development:
    def __init__(self, items, labels):
        self.items, self.labels = items, labels

    def scores(self, embed):
        return {"score": float(embed(self.items).mean())}

    def held_out(self):
        return self.items, self.labels


@pytest.fixture
def ablation(bert, source, config, tmp_path):
    """Makes the same ablation again, as a new call of the command would."""
    plan = ablation_plan(config.changed(["steps=2", "evaluate_every=2"]), ["full", "no-ptd", "no-target"], 2, tmp_path)
    reads = []

    def read(wanted):
        reads.append(wanted.max_length)
        return training_data(bert, [source], wanted.max_length)

    def make(**options):
        shared = training_data(bert, [source], config.max_length)
        development = Development(shared.items[:20], shared.labels[:20])
        given = Ablation(plan, bert, Data(read), development, Scoring(), Watching(), **options)
        given.reads = reads
        return given

    return make


def test_every_run_gives_a_result_and_texts_are_tokenised_once(ablation):
    whole = ablation()
    assert whole.run()
    assert [result.status for result in whole.results.values()] == ["ok"] * 7
    assert whole.evaluation.seen == [run.directory.name for run in whole.plan.runs]
    assert whole.reads == [32]
    assert whole.progress.counts == list(range(1, 8))
    scores = [result.tasks[TASK]["metrics"]["accuracy"]["value"] for result in whole.results.values()]
    assert len(set(scores)) == 7
    assert all(np.isfinite(result.development["score"]) for result in whole.results.values())


def test_weights_go_unless_they_are_kept(ablation):
    whole = ablation()
    whole.run()
    left = {path.name for path in (whole.plan.runs[1].directory).iterdir()}
    assert left == {"result.json", "training.json", "training"}
    assert not has_state(whole.plan.runs[1].directory / STATE)
    assert [path.name for path in (whole.plan.runs[1].directory / "training").iterdir()] == ["curves.jsonl"]


def test_kept_weights_are_those_of_a_run_of_its_own(ablation, bert, source, tmp_path):
    whole = ablation(keep_weights=True)
    whole.run()
    run = whole.plan.runs[2]
    alone = Trainer(run.config, bert, [source], tmp_path / "alone", development=whole.development)
    alone.run()
    files = [(path / "model.safetensors").read_bytes() for path in (run.directory, tmp_path / "alone")]
    assert files[0] == files[1]
    before = read_tensors(whole.plan.runs[0].directory / "model.safetensors")
    name = "embeddings.LayerNorm.weight"
    assert torch.equal(before[name], bert.tensors[name].half())


def test_what_is_finished_is_not_done_again(ablation):
    ablation().run()
    again = ablation()
    assert again.run()
    assert again.evaluation.seen == again.reads[1:] == again.progress.lines == []
    assert len(again.results) == 7


def test_an_interrupted_ablation_goes_on(ablation):
    whole = ablation(keep_weights=True)
    whole.run()
    expected = {run: json.loads((run.directory / "result.json").read_text()) for run in whole.plan.runs}
    for run in whole.plan.runs[1:]:
        for path in ("result.json", "README.md", "model.safetensors"):
            (run.directory / path).unlink()
    first = ablation()
    first.progress.say = lambda line: first.stop() if "step 1/2" in line else None
    assert not first.run()
    waiting = first.plan.runs[1]
    assert outlook(waiting, (TASK,)) == "go on training"
    assert outlook(first.plan.runs[2], (TASK,)) == "train"
    assert read_result(waiting) is None
    second = ablation()
    assert second.run()
    for run, result in expected.items():
        found = json.loads((run.directory / "result.json").read_text())
        assert found["tasks"] == result["tasks"]
        assert found["development"] == result["development"]


def test_out_of_time_a_trained_run_is_scored_by_the_next_call(ablation, monkeypatch):
    first = ablation()
    now = [0.0]
    monkeypatch.setattr("carl.ablation.running.time.monotonic", lambda: now[0])
    first.progress.say = lambda line: now.__setitem__(0, 5.0 if "step 2/2" in line else now[0])
    assert not first.run(seconds=3.0)
    run = first.plan.runs[1]
    assert outlook(run, (TASK,)) == "score"
    second = ablation()
    assert second.run()
    assert not any("step" in line for line in second.progress.lines[:2])


def test_one_failing_run_leaves_the_others_alone(ablation, monkeypatch):
    real = Trainer.run

    def fail(trainer, **options):
        if trainer.config.name.endswith("no-ptd"):
            raise RuntimeError("out of memory")
        return real(trainer, **options)

    monkeypatch.setattr(Trainer, "run", fail)
    whole = ablation()
    assert whole.run()
    assert [result.status for result in whole.results.values()] == ["ok", "ok", "failed", "ok", "ok", "failed", "ok"]
    assert "  FAILED: RuntimeError: out of memory" in whole.progress.lines
    monkeypatch.setattr(Trainer, "run", real)
    again = ablation()
    assert again.run()
    assert again.evaluation.seen == ["no-ptd-s0", "no-ptd-s1"]
    assert {result.status for result in again.results.values()} == {"ok"}


def test_a_task_without_a_number_keeps_the_weights_for_another_try(ablation, monkeypatch):
    lacking = {TASK: {"status": "data-missing", "message": "nowhere"}}
    monkeypatch.setattr(Scoring, "scores", lambda self, checkpoint, report: lacking)
    first = ablation()
    assert first.run()
    assert (first.plan.runs[1].directory / "model.safetensors").is_file()
    monkeypatch.undo()
    second = ablation()
    assert second.run()
    assert all(result.covers([TASK]) for result in second.results.values())
    assert not any("step" in line for line in second.progress.lines)


def test_results_of_another_configuration_or_other_data_are_refused(ablation, bert, other_source, config, tmp_path):
    whole = ablation()
    whole.run()
    other = ablation_plan(config.changed(["steps=3", "evaluate_every=2"]), ["full"], 1, tmp_path)
    with pytest.raises(UsageError, match=r"another configuration \(steps differ\)"):
        read_result(other.runs[0])
    changed = ablation()
    (changed.plan.runs[-1].directory / "result.json").unlink()
    changed.data = Data(lambda wanted: training_data(bert, [other_source], wanted.max_length))
    with pytest.raises(UsageError, match="trained on other texts"):
        changed.run()
    (changed.plan.runs[0].directory / "result.json").write_text("{")
    with pytest.raises(StorageFault, match="remove it"):
        changed.run()


def test_data_are_shared_by_configurations_that_agree_in_what_was_read(config):
    read = []

    def reader(wanted):
        read.append((wanted.sources, wanted.scaling))
        return object()

    data = Data(reader)
    first = data.of(config)
    assert data.of(config.changed(["seed=5", "lambda_ptd=0"])) is first
    assert data.of(config.changed(["scaling=observed"])) is not first
    assert data.of(config.changed(["seed=7"])) is first
    assert len(read) == 2
