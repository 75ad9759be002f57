"""A run from start to checkpoint: it learns, resumes bit by bit, and chooses by development data."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from carl.curves import read_curves
from carl.trainer import Trainer
from carl.training_data import training_data
from harness.errors import StorageFault, UsageError
from harness.transformer.checkpoint import read_tensors


def weights(trainer):
    return {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}


def curve(trainer):
    lines = read_curves(trainer.output / "training" / "curves.jsonl")
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


class Scripted:
    """Development data whose scores are given in advance."""

    def __init__(self, scores, items, labels):
        self.given, self.items, self.labels = list(scores), items, labels
        self.shapes = []

    def scores(self, embed):
        self.shapes.append(embed(self.items).shape)
        return {"dev_valence_r": 0.5, "score": self.given.pop(0)}

    def held_out(self):
        return self.items, self.labels


def scripted(trainer, scores):
    trainer.development = Scripted(scores, trainer.items[:20], trainer.labels[:20])
    return trainer


def test_training_lowers_the_loss(bert, source, config, tmp_path):
    trainer = Trainer(config.changed(["dropout=0", "form=kl", "epochs=8"]), bert, [source], tmp_path)
    assert trainer.steps == 48
    assert trainer.run()
    losses = [line["mccl"] for line in curve(trainer)]
    assert np.mean(losses[-8:]) < 0.7 * np.mean(losses[:8])


@pytest.mark.parametrize("settings", [[], ["accumulation=2", "projection_norm=layer", "selection=random"]])
def test_resuming_continues_bit_by_bit(bert, source, config, tmp_path, settings):
    config = config.changed(settings)
    whole = Trainer(config, bert, [source], tmp_path / "whole")
    assert whole.run()
    assert not Trainer(config, bert, [source], tmp_path / "parts").run(until=3)
    torch.rand(5)  # a caller's own random numbers make no difference
    assert not Trainer(config, bert, [source], tmp_path / "parts").run(until=7)
    last = Trainer(config, bert, [source], tmp_path / "parts")
    assert last.run()
    expected, found = weights(whole), weights(last)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert curve(whole) == curve(last)
    files = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "parts")]
    assert files[0] == files[1]


def test_a_crash_goes_on_from_the_last_saved_state(bert, source, config, tmp_path, monkeypatch):
    whole = Trainer(config, bert, [source], tmp_path / "whole")
    whole.run()
    crashed = Trainer(config, bert, [source], tmp_path / "crashed")
    update = crashed._update

    def fail(step, *, measure):
        if step == 8:
            raise RuntimeError("power cut")
        return update(step, measure=measure)

    monkeypatch.setattr(crashed, "_update", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        crashed.run()
    again = Trainer(config, bert, [source], tmp_path / "crashed")
    again.restore()
    assert again.progress.step == 5
    assert again.run()
    assert all(torch.equal(tensor, weights(again)[name]) for name, tensor in weights(whole).items())
    assert curve(again) == curve(whole)


def test_a_stop_saves_and_the_run_goes_on(bert, source, config, tmp_path):
    trainer = Trainer(config, bert, [source], tmp_path)
    trainer.report = lambda line: trainer.stop() if line.startswith("step 4/") else None
    assert not trainer.run()
    assert not (tmp_path / "model.safetensors").exists()
    again = Trainer(config, bert, [source], tmp_path)
    assert again.run()
    assert [line["step"] for line in curve(again)] == list(range(1, again.steps + 1))


def test_no_time_left_saves_and_the_run_goes_on(bert, source, config, tmp_path):
    assert not Trainer(config, bert, [source], tmp_path / "parts").run(seconds=0)
    trainer = Trainer(config, bert, [source], tmp_path / "parts")
    assert trainer.run(seconds=3600)
    whole = Trainer(config, bert, [source], tmp_path / "whole")
    assert whole.run()
    assert all(torch.equal(tensor, weights(trainer)[name]) for name, tensor in weights(whole).items())


def test_a_state_in_pieces_is_the_same_state(bert, source, config, tmp_path):
    size = 50_000
    first = Trainer(config, bert, [source], tmp_path / "pieces", piece_size=size)
    assert not first.run(until=3)
    files = sorted((tmp_path / "pieces/training").glob("state.pt*"))
    assert len(files) > 2
    assert max(file.stat().st_size for file in files) <= size
    again = Trainer(config, bert, [source], tmp_path / "pieces")
    assert not again.run(until=4)
    assert [file.name for file in (tmp_path / "pieces/training").glob("state.pt*")] == ["state.pt"]
    Trainer(config, bert, [source], tmp_path / "whole").run(until=4)
    whole = Trainer(config, bert, [source], tmp_path / "whole")
    whole.restore()
    assert all(torch.equal(tensor, weights(again)[name]) for name, tensor in weights(whole).items())


def test_tokenised_texts_are_shared_between_runs(bert, source, config, tmp_path):
    data = training_data(bert, [source], config.max_length)
    shared = Trainer(config.changed(["steps=2"]), bert, data, tmp_path / "shared")
    own = Trainer(config.changed(["steps=2"]), bert, [source], tmp_path / "own")
    assert shared.items is data.items
    assert shared.run()
    assert own.run()
    assert all(torch.equal(tensor, weights(own)[name]) for name, tensor in weights(shared).items())
    assert data.digest == own.data.digest
    assert data.digest != training_data(bert, [source.select(range(90))], config.max_length).digest


def test_a_state_of_another_run_is_refused(bert, roberta, source, other_source, config, tmp_path):
    Trainer(config, bert, [source], tmp_path).run(until=1)
    with pytest.raises(UsageError, match=r"another configuration \(learning_rate, seed differ\)"):
        Trainer(config.changed(["seed=1", "learning_rate=1"]), bert, [source], tmp_path).run()
    with pytest.raises(UsageError, match="other data"):
        Trainer(config, bert, [other_source], tmp_path).run()
    with pytest.raises(UsageError, match="another backbone"):
        Trainer(config, roberta, [source], tmp_path).run()
    Trainer(config, bert, [source], tmp_path).state_path.write_bytes(b"damaged")
    with pytest.raises(StorageFault, match="remove it to begin again"):
        Trainer(config, bert, [source], tmp_path).run()


def test_seeds_differ_and_repeat(bert, source, config, tmp_path):
    runs = []
    for place, seed in enumerate((0, 0, 1)):
        trainer = Trainer(config.changed([f"seed={seed}", "steps=2"]), bert, [source], tmp_path / str(place))
        trainer.run()
        runs.append(weights(trainer)["online.backbone.embeddings.word_embeddings.weight"])
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_the_callers_random_numbers_are_left_alone(bert, source, config, tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    Trainer(config.changed(["steps=2"]), bert, [source], tmp_path).run()
    assert torch.equal(torch.rand(4), expected)


def test_the_best_step_on_development_data_is_written(bert, source, config, tmp_path):
    trainer = scripted(Trainer(config, bert, [source], tmp_path), [9.0, 0.2, 0.8, 0.3])
    kept = {}
    look = trainer._look

    def remember(curves):
        look(curves)
        kept[trainer.progress.step] = trainer._encoder()["embeddings.LayerNorm.weight"].clone()

    trainer._look = remember
    assert trainer.run()
    assert list(kept) == [0, 6, 12, 18]
    assert trainer.development.shapes == [(20, bert.shape.hidden)] * 4
    record = json.loads((tmp_path / "training.json").read_text())
    assert (record["best_step"], record["scores"]["score"]) == (12, 0.8)
    written = read_tensors(tmp_path / "model.safetensors")["embeddings.LayerNorm.weight"]
    assert torch.equal(written, kept[12].half())
    assert not torch.equal(written, kept[18].half())


def test_the_choice_survives_an_interruption(bert, source, config, tmp_path):
    first = scripted(Trainer(config, bert, [source], tmp_path), [0.1, 0.9])
    assert not first.run(until=8)
    again = scripted(Trainer(config, bert, [source], tmp_path), [0.3, 0.4])
    assert again.run()
    assert again.progress.best_step == 6
    written = read_tensors(tmp_path / "model.safetensors")["embeddings.LayerNorm.weight"]
    assert torch.equal(written, first.best["embeddings.LayerNorm.weight"].half())


def test_looking_at_development_data_changes_nothing(bert, source, config, tmp_path):
    blind = Trainer(config, bert, [source], tmp_path / "blind")
    blind.run()
    seeing = scripted(Trainer(config, bert, [source], tmp_path / "seeing"), [0.1] * 4)
    seeing.run()
    assert all(torch.equal(tensor, weights(seeing)[name]) for name, tensor in weights(blind).items())


def test_curves_hold_what_is_to_be_watched(bert, source, config, tmp_path):
    trainer = scripted(Trainer(config.changed(["steps=6"]), bert, [source], tmp_path), [0.1, 0.2])
    trainer.run()
    lines = curve(trainer)
    names = {name for line in lines for name in line}
    assert names >= {
        *("loss", "mccl", "ptd", "auc_attacked", "auc_clean", "hidden_change", "share_changed", "perturbation"),
        *("spread", "effective_rank", "gradient_norm", "learning_rate", "momentum", "target_moved"),
        *("dev_valence_r", "score", "held_out_auc_attacked", "held_out_auc_clean"),
    }
    assert lines[1]["momentum"] == pytest.approx(0.99)
    assert all(value is None or np.isfinite(value) for line in lines for value in line.values())


@pytest.mark.parametrize(
    "settings", [["lambda_ptd=0"], ["lambda_mccl=0"], ["target=online"], ["similarity=polarity"], ["form=fit-labels"]]
)
def test_every_arm_trains(bert, source, config, tmp_path, settings):
    trainer = Trainer(config.changed([*settings, "steps=3"]), bert, [source], tmp_path)
    before = weights(trainer)
    assert trainer.run()
    after = weights(trainer)
    assert not torch.equal(
        before["online.backbone.embeddings.word_embeddings.weight"],
        after["online.backbone.embeddings.word_embeddings.weight"],
    )
    if settings == ["target=online"]:
        for name in after:
            if name.startswith("target."):
                assert torch.equal(after[name], after[name.replace("target.", "online.", 1)]), name


def test_texts_longer_than_the_backbone_takes_and_too_few_texts(bert, source, config, tmp_path):
    with pytest.raises(UsageError, match="max_length is 500"):
        Trainer(config.changed(["max_length=500"]), bert, [source], tmp_path)
    with pytest.raises(UsageError, match="at least two"):
        Trainer(config, bert, [source.select([0])], tmp_path)


def test_fewer_texts_than_a_batch_are_one_batch(bert, source, config, tmp_path):
    trainer = Trainer(config, bert, [source.select(range(5))], tmp_path)
    assert (trainer.batch, trainer.steps) == (5, 3)
    assert trainer.run()


def test_training_imports_neither_datasets_nor_transformers():
    code = (
        "import sys, carl.trainer, carl.sources, carl.rated, carl.backbone, carl.development;"
        "print([m for m in ('datasets', 'transformers', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
