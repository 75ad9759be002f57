"""The teacher: its targets, its loss, and that a network learns from it."""

import numpy as np
import pytest
import torch

from baselines.lexicon import features
from carl.curves import read_curves
from carl.label_source import LabelSource
from carl.teaching import lessons, standardised, teaching_loss
from carl.trainer import Trainer
from carl.training_data import training_data
from harness.errors import UsageError


@pytest.fixture
def taught(config):
    return config.changed(
        ["teacher=lexicon", "lambda_teacher=2", "steps=60", "dropout=0", "lambda_ptd=0", "head_learning_rate=1e-2"]
    )


def unlabelled(texts):
    labels = np.full((len(texts), 2), np.nan, np.float32)
    return LabelSource(name="posts", title="Posts", licence="none", texts=tuple(texts), labels=labels)


def test_targets_are_the_teachers_vectors_column_by_column(source):
    found = lessons([np.arange(2, dtype=np.int32)] * len(source), source.texts, "lexicon").targets
    vectors = features(source.texts).astype(np.float64)
    varies = vectors.std(axis=0) > 0
    assert found.shape == (len(source), varies.sum())
    expected = (vectors[:, varies] - vectors[:, varies].mean(0)) / vectors[:, varies].std(0)
    assert np.allclose(found, expected.clip(-4, 4), atol=1e-5)


def test_a_teacher_that_says_the_same_of_all_is_refused():
    with pytest.raises(UsageError, match="lexicon says the same of all 3"):
        standardised(np.ones((3, 2)), "lexicon")


def test_the_loss_is_the_mean_squared_error():
    generator = np.random.default_rng(0)
    predicted, targets = generator.normal(size=(2, 5, 3))
    found = teaching_loss(torch.tensor(predicted, dtype=torch.float32), torch.tensor(targets, dtype=torch.float32))
    assert float(found) == pytest.approx(np.mean((predicted - targets) ** 2), rel=1e-6)


def test_texts_without_labels_are_lessons_and_no_training_rows(bert, source, config):
    posts = unlabelled(["the rain was awful", "we are glad", "so late"])
    data = training_data(bert, [source, posts], 32, "lexicon")
    assert len(data) == len(data.labels) == len(source)
    assert len(data.lessons) == len(source) + 3
    assert not np.isnan(data.labels[:, 0]).any()
    assert data.digest != training_data(bert, [source], 32, "lexicon").digest
    assert training_data(bert, [source], 32).lessons is None


def test_the_first_token_learns_what_the_teacher_says(bert, source, taught, tmp_path):
    trainer = Trainer(taught, bert, [source, unlabelled(["the rain was awful", "we are glad"])], tmp_path)
    assert trainer.model.pupil.out_features == trainer.data.lessons.size
    assert trainer.run()
    curve = [line["teacher"] for line in read_curves(tmp_path / "training" / "curves.jsonl") if "teacher" in line]
    assert curve[0] > 0.8
    assert np.mean(curve[-5:]) < 0.75 * np.mean(curve[:5])


def test_a_teacher_leaves_carls_own_part_alone(bert, source, taught, tmp_path):
    def gradients(settings):
        trainer = Trainer(taught.changed(settings), bert, [source], tmp_path)
        trainer.model.train()
        trainer.backward(0, torch.Generator().manual_seed(0), scale=1.0, measure=False)
        return {name: p.grad for name, p in trainer.trainable() if p.grad is not None}

    both, alone = gradients([]), gradients(["teacher=none", "lambda_teacher=0"])
    assert both.keys() - alone.keys() == {"pupil.weight", "pupil.bias"}
    # Behind the first token there is no path for the teacher.
    assert torch.equal(both["predictor.0.weight"], alone["predictor.0.weight"])
    name = "online.backbone.encoder.layer.0.output.dense.weight"
    assert not torch.allclose(both[name], alone[name])


@pytest.mark.parametrize("settings", [["teacher=lexicon"], ["lambda_teacher=1"], ["sources=emobank,unlabelled"]])
def test_half_a_teacher_is_refused(config, settings):
    with pytest.raises(UsageError, match="teacher"):
        config.changed(settings)
