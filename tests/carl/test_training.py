"""Whole batches and runs: the loss (11) and its gradient, what the attack does, and exact resumption."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from carl.config import Config, configuration, configuration_names
from carl.method.tokens import focal_loss, salience, select_tokens
from carl.networks import Networks, load_encoder
from carl.objective import Objective, distillation_loss, effective_rank, sentence_loss, spread, word_loss
from carl.run import Folders, Run
from carl.train import CURVES, read_curves
from carl.training_data import training_data
from harness.errors import UsageError, WeightsInvalid
from tests.carl.conftest import made_up

CPU = torch.device("cpu")


def objective_of(directory, config, *sources):
    tokenizer = AutoTokenizer.from_pretrained(directory)
    data = training_data(config, sources or [made_up(96, 0)], tokenizer)
    torch.manual_seed(0)
    encoder = load_encoder(
        directory, pooling=config.pooling, dropout=config.dropout, lora_rank=config.lora_rank, lora_alpha=32
    )
    networks = Networks(encoder, hidden=config.projection_hidden, size=config.projection_size).train()
    return Objective(networks, config, lambda number: data.batch(number, config, CPU), CPU)


def gradients(objective):
    return {name: p.grad.clone() for name, p in objective.networks.trainable() if p.grad is not None}


def step(objective, number=0, seed=0):
    return objective.backward(number, torch.Generator().manual_seed(seed), measure=True)


def test_total_is_equation_11_and_its_gradient_is_that_of_the_written_out_loss(backbones, config):
    config = config.changed(["lambda_mccl=0.8", "lambda_ptd=0.2", "attacked_texts=1", "group=16"])
    objective = objective_of(backbones["bert"], config)
    measures = step(objective)
    found = gradients(objective)
    assert measures["loss"] == pytest.approx(0.8 * measures["mccl"] + 0.2 * measures["ptd"])

    # The same by one graph: clean pass, attack with its result held fixed, perturbed pass.
    networks, encoder = objective.networks, objective.encoder
    networks.zero_grad()
    batch = objective.batches(0)
    (tokens,) = batch.groups

    def vectors(words):
        return networks.predictor(networks.online.project(encoder.pool(encoder(words, tokens.mask), tokens.mask)))

    words = encoder.words(tokens.ids).detach().requires_grad_()
    target = networks.target.project(networks.target.encoder.encode(tokens)).detach()
    sentence = sentence_loss(vectors(words), target, batch.labels, config)
    (gradient,) = torch.autograd.grad(sentence, words, retain_graph=True)
    selected = select_tokens(salience(gradient), ~tokens.special, config.share)
    start, now = words.detach(), words.detach()
    for place in range(config.attack_steps):
        if place:
            free = now.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(sentence_loss(vectors(free), target, batch.labels, config), free)
        now = now.clone()
        for row in range(len(now)):
            chosen = selected[row]
            norm, size = start[row][chosen].norm(), start[row][chosen].numel()
            moved = now[row].clone()
            moved[chosen] += config.alpha * norm / size**0.5 * gradient[row][chosen].sign()
            change = moved - start[row]
            now[row] = start[row] + change * min(1.0, float(config.epsilon * norm / change.norm()))
    logits = networks.detector(encoder(now, tokens.mask)).squeeze(-1)
    token = focal_loss(logits, selected, ~tokens.special, config.gamma)
    assert float(token.detach()) == pytest.approx(measures["ptd"], rel=1e-4)
    (config.lambda_mccl * sentence + config.lambda_ptd * token).backward()
    for name, expected in gradients(objective).items():
        assert torch.allclose(found[name], expected, atol=1e-4, rtol=1e-3), name


def test_groups_and_order_make_no_difference_to_the_loss(backbones, config):
    losses = [step(objective_of(backbones["mpnet"], config.changed([f"group={size}"])))["mccl"] for size in (4, 16)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize("shape", ["bert", "roberta", "mpnet"])
def test_word_embeddings_as_input_give_the_models_own_vectors(backbones, config, shape):
    objective = objective_of(backbones[shape], config)
    objective.networks.eval()
    tokens = objective.batches(0).groups[-1]
    with torch.no_grad():
        theirs = objective.encoder.model(input_ids=tokens.ids, attention_mask=tokens.mask).last_hidden_state
        ours = objective.encoder(objective.encoder.words(tokens.ids), tokens.mask)
    real = tokens.mask.bool()
    assert torch.allclose(ours[real], theirs[real], atol=1e-6)


def test_what_each_part_reaches(backbones, config):
    plain = objective_of(backbones["bert"], config)
    step(plain)
    assert all(p.grad is None for p in plain.networks.target.parameters())
    assert all(p.grad is None for p in plain.networks.detector.parameters())
    assert all(p.grad is not None for p in plain.networks.predictor.parameters())
    detecting = objective_of(backbones["bert"], config.changed(["lambda_mccl=0", "lambda_ptd=1"]))
    assert step(detecting)["ptd"] > 0
    assert not any(p.grad.any() for p in detecting.networks.predictor.parameters())
    assert detecting.networks.detector.weight.grad.any()


def test_the_attack_follows_the_sentence_loss_whatever_its_weight(backbones, config):
    attacks = [
        step(objective_of(backbones["bert"], config.changed([f"lambda_mccl={weight}", "lambda_ptd=1"])))
        for weight in (0, 0.8)
    ]
    for name in ("ptd", "auc_attacked", "perturbation", "states_changed"):
        assert attacks[0][name] == pytest.approx(attacks[1][name], rel=1e-4), name
    assert attacks[0]["perturbation"] > 0.1


def test_clean_and_perturbed_pass_differ_by_the_perturbation_alone(backbones, config):
    """With dropout on and a radius of 0 the perturbed pass is the clean one."""
    config = config.changed(["dropout=0.4", "epsilon=0", "lambda_ptd=0.2"])
    assert step(objective_of(backbones["bert"], config))["states_changed"] == 0


def test_the_printed_radius_moves_nothing(backbones, config):
    printed = configuration("paper")
    attack = {name: getattr(printed, name) for name in ("epsilon", "alpha", "relative", "attacked_texts")}
    measures = step(objective_of(backbones["bert"], config.model_copy(update={"lambda_ptd": 0.2, **attack})))
    assert measures["states_changed"] < 1e-4
    assert measures["auc_attacked"] == pytest.approx(measures["auc_clean"], abs=0.01)


@pytest.mark.slow
def test_the_relative_radius_is_detected_on_held_out_text(backbones, config):
    config = config.changed(["lambda_ptd=1", "batch=32", "group=32"])
    objective = objective_of(backbones["bert"], config, made_up(768, 0))
    optimiser = torch.optim.Adam([p for _, p in objective.networks.trainable()], lr=2e-3)
    for number in range(80):
        step(objective, number, number)
        optimiser.step()
        optimiser.zero_grad()
    held_out = objective_of(backbones["bert"], config, made_up(256, 1))
    objective.batches = held_out.batches
    looks = [step(objective, number) for number in range(6)]
    attacked, clean = (np.mean([look[name] for look in looks]) for name in ("auc_attacked", "auc_clean"))
    assert attacked > clean + 0.01
    assert min(look["states_changed"] for look in looks) > 1e-2


def test_neutral_labels_and_empty_texts_stay_finite(backbones, config):
    neutral = made_up(32, 0)
    neutral = replace(neutral, texts=("", *neutral.texts[1:]), labels=neutral.labels * 0)
    objective = objective_of(backbones["bert"], config.changed(["similarity=cosine", "lambda_ptd=0.2"]), neutral)
    measures = step(objective)
    assert all(value is None or np.isfinite(value) for value in measures.values())
    assert all(gradient.isfinite().all() for gradient in gradients(objective).values())


def test_terms_beside_the_papers():
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    assert float(word_loss(logits, torch.tensor([[0.5, 0.5, 0.0]]))) == pytest.approx(-(np.log(0.5) + np.log(0.25)) / 2)
    assert float(word_loss(logits, torch.zeros(1, 3))) == 0
    vectors = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    worse = distillation_loss(vectors + torch.randn(6, 5), vectors, 0.1)
    assert float(distillation_loss(3 * vectors, vectors, 0.1)) < float(worse)


def test_adapters_alone_are_trained(backbones, config):
    objective = objective_of(backbones["mpnet"], config.changed(["lora_rank=4"]))
    names = {name for name, _ in objective.networks.trainable() if ".model." in name}
    assert names
    assert all("lora_" in name for name in names)
    assert len({name.split(".lora_")[0] for name in names}) == 2 * 6


def test_collapse_is_seen():
    generator = torch.Generator().manual_seed(0)
    apart = torch.randn(400, 20, generator=generator)
    assert spread(apart) == pytest.approx(1, abs=0.1)
    assert 15 < effective_rank(apart) <= 20
    assert effective_rank(torch.ones(10, 20)) == 0


# Runs


def run_of(config, library, backbone, output, **options):
    config = config.changed([f"backbone={backbone}"])
    return Run(config, library, Folders(output, output / "cache"), **{"development": False, **options})


def weights(run):
    return {name: tensor.clone() for name, tensor in run.objective.moving().items()}


def curve(run):
    return [
        {key: value for key, value in line.items() if key != "seconds"}
        for line in read_curves(run.folders.output / CURVES)
    ]


@pytest.mark.parametrize(
    "settings", [["lambda_ptd=0.2", "dropout=0.2"], ["lora_rank=4", "selection=random", "lambda_ptd=0.2"]]
)
def test_resuming_continues_bit_by_bit(backbones, config, library, tmp_path, settings):
    config = config.changed(settings)
    whole = run_of(config, library, backbones["bert"], tmp_path / "whole")
    assert whole.trainer.run()
    assert not run_of(config, library, backbones["bert"], tmp_path / "parts").trainer.run(until=2)
    torch.rand(5)  # a caller's own random numbers make no difference
    assert not run_of(config, library, backbones["bert"], tmp_path / "parts").trainer.run(until=5)
    last = run_of(config, library, backbones["bert"], tmp_path / "parts")
    assert last.trainer.run()
    assert all(torch.equal(tensor, weights(last)[name]) for name, tensor in weights(whole).items())
    assert curve(whole) == curve(last)


def test_a_stop_saves_and_the_run_goes_on(backbones, config, library, tmp_path):
    run = run_of(config, library, backbones["bert"], tmp_path)
    run.trainer.report = lambda step, steps, measures: run.trainer.stop() if step == 4 else None
    assert not run.trainer.run()
    assert not run_of(config, library, backbones["bert"], tmp_path).trainer.run(seconds=0)
    again = run_of(config, library, backbones["bert"], tmp_path)
    assert again.trainer.run()
    assert [line["step"] for line in curve(again)] == list(range(1, 9))


def test_a_state_of_another_run_is_refused(backbones, config, library, tmp_path):
    run_of(config, library, backbones["bert"], tmp_path).trainer.run(until=1)
    with pytest.raises(UsageError, match=r"learning_rate differ"):
        run_of(config.changed(["learning_rate=1"]), library, backbones["bert"], tmp_path).trainer.run()
    run_of(config, library, backbones["bert"], tmp_path).trainer.state.write_bytes(b"damaged")
    with pytest.raises(WeightsInvalid, match="remove it to begin again"):
        run_of(config, library, backbones["bert"], tmp_path).trainer.run()


def test_training_lowers_the_loss_and_the_best_look_is_kept(backbones, config, library, tmp_path):
    run = run_of(config.changed(["steps=40"]), library, backbones["bert"], tmp_path, development=True)
    given = iter([0.9, *[0.1 * place if place < 6 else 0.0 for place in range(1, 11)]])
    run.trainer.look = lambda encoder: {"score": next(given)}
    kept = {}
    run.trainer.report = lambda step, steps, measures: kept.update({step: weights(run)}) if step == 20 else None
    assert run.trainer.run()
    losses = [line["mccl"] for line in curve(run) if "mccl" in line]
    assert np.mean(losses[-8:]) < np.mean(losses[:8]) - 0.1
    assert run.trainer.progress.best_step == 20
    assert all(torch.equal(tensor, weights(run)[name]) for name, tensor in kept[20].items())


def test_development_data_is_scored(backbones, config, library, tmp_path):
    run = run_of(config.changed(["steps=1"]), library, backbones["bert"], tmp_path, development=True)
    assert run.trainer.run()
    scores = run.trainer.progress.scores
    assert set(scores) == {"valence_r", "arousal_r", "emotion_accuracy", "emotion_f1", "sst5_accuracy", "score"}
    assert scores["valence_r"] > 0.5


def test_every_configuration_is_valid_and_settings_are_checked():
    assert {"paper", "carl-mpnet", "carl-minilm", "carl-roberta"} <= set(configuration_names())
    for name in configuration_names():
        config = configuration(name)
        assert Config(**json.loads(json.dumps(config.as_dict()))) == config
    for wrong in ("batch=1", "precision=int8", "learning_rate=nan", "sources=imdb", "mixture=1,2", "mixture=0,1,7"):
        with pytest.raises(UsageError, match=wrong.partition("=")[0]):
            configuration("paper").changed([wrong])
    with pytest.raises(UsageError, match="unknown field 'lambda_mcl'; did you mean lambda_mccl"):
        configuration("paper").changed(["lambda_mcl=0"])


def test_a_run_that_diverges_says_so(backbones, config, library, tmp_path):
    run = run_of(config.changed(["learning_rate=1e30", "warmup=0"]), library, backbones["bert"], tmp_path)
    with pytest.raises(UsageError, match="not finite; lower `learning_rate`"):
        run.trainer.run()
