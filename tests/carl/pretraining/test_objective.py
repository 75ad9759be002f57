"""Losses against independent computations in float64."""

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr

from carl.model import Backbone
from carl.pretraining.batching import Batches
from carl.pretraining.masking import affect_weights, mask_tokens
from carl.pretraining.network import PackedEncoder, Pretrained, text_vectors
from carl.pretraining.objective import PretrainingObjective, rating_loss, relative_distance
from carl.pretraining.starts import transferred
from carl.pretraining.vocabulary import byte_strings


def made(config, bert, tokenizer, corpus):
    start = transferred(bert, tokenizer, "small")
    backbone, teacher = Backbone(start.shape), Backbone(bert.shape)
    backbone.load(start.tensors)
    teacher.load(bert.tensors)
    layers = [2 - back for back in config.distil_layers]
    torch.manual_seed(0)
    objective = PretrainingObjective(
        Pretrained(backbone, layers),
        PackedEncoder(teacher, layers),
        affect_weights(byte_strings(tokenizer), config.affect_weight),
        config,
        torch.device("cpu"),
    )
    return objective, Batches(corpus, config)


def generator(seed=3):
    return torch.Generator().manual_seed(seed)


def test_relative_distance_in_float64():
    random = np.random.default_rng(0)
    student, teacher = random.normal(size=(2, 9, 5))
    whole = np.array([1, 1, 0, 1, 1, 1, 0, 1, 1], dtype=bool)
    expected = np.mean(((student - teacher) ** 2).sum(1)[whole] / (teacher**2).sum(1)[whole])
    found = relative_distance(torch.tensor(student), torch.tensor(teacher), torch.tensor(whole))
    assert float(found) == pytest.approx(expected, rel=1e-12)
    assert float(relative_distance(torch.tensor(teacher), torch.tensor(teacher), torch.tensor(whole))) == 0
    assert float(relative_distance(torch.tensor(student), torch.tensor(teacher), torch.tensor(~whole & False))) == 0


def test_rating_loss_in_float64():
    random = np.random.default_rng(1)
    scores, ratings = random.normal(size=12) * 3, random.uniform(size=12)
    ratings[[2, 5]] = np.nan
    probabilities = 1 / (1 + np.exp(-scores))
    each = -(ratings * np.log(probabilities) + (1 - ratings) * np.log(1 - probabilities))
    found = rating_loss(torch.tensor(scores), torch.tensor(ratings))
    assert float(found) == pytest.approx(np.nanmean(each), rel=1e-10)
    assert float(rating_loss(torch.tensor(scores), torch.full((12,), torch.nan))) == 0


def test_the_losses_of_a_batch(config, bert, tokenizer, corpus):
    config = config.changed(["rating_weight=0.5", "distil_layers=0,1", "distil_weight=2", "mlm_weight=3"])
    objective, batches = made(config, bert, tokenizer, corpus)
    batch, _ = batches.batch(0)
    measures = objective.backward(batch, generator(), scale=1.0)
    model = objective.model.eval()
    with torch.no_grad():
        hidden = mask_tokens(
            batch.masked.ids, objective.weights, share=config.masked, vocabulary=300, generator=generator()
        )
        states = model.encoder(hidden.ids, batch.masked.texts, batch.masked.positions)[-1]
        scores = model.masked(
            states.flatten(0, 1)[hidden.places], model.backbone.embeddings.word_embeddings.weight
        ).double()
        logarithms = (scores - torch.logsumexp(scores, -1, keepdim=True)).numpy()
        mlm = -np.mean([row[target] for row, target in zip(logarithms, hidden.targets.tolist(), strict=True)])
        clean = model.encoder(batch.clean.ids, batch.clean.texts, batch.clean.positions)
        goals = objective.teacher(batch.teacher.ids, batch.teacher.texts, batch.teacher.positions)
        distances = []
        for mine, theirs in zip(clean[:-1], goals[:-1], strict=True):
            for a, b in zip(text_vectors(mine, batch.clean), text_vectors(theirs, batch.teacher), strict=True):
                kept = batch.teacher.whole.numpy()
                a, b = a.double().numpy()[kept], b.double().numpy()[kept]
                distances.append(np.mean(((a - b) ** 2).sum(1) / (b**2).sum(1)))
        vectors = torch.cat([text_vectors(clean[-1], batch.clean)[0], text_vectors(states, batch.masked)[0]])
        ratings = torch.cat([batch.clean_ratings, batch.masked_ratings])
        rating = rating_loss(model.rating(vectors)[:, 0].double(), ratings.double())
    assert float(measures["mlm"]) == pytest.approx(mlm, rel=1e-4)
    assert float(measures["distil"]) == pytest.approx(np.mean(distances), rel=1e-4)
    assert len(distances) == 4
    assert float(measures["rating"]) == pytest.approx(float(rating), rel=1e-4)
    total = 3 * mlm + 2 * np.mean(distances) + 0.5 * float(rating)
    assert float(measures["loss"]) == pytest.approx(total, rel=1e-4)


def test_gradients_are_scaled_and_reach_everything(config, bert, tokenizer, corpus):
    gradients = []
    for scale in (1.0, 0.25):
        objective, batches = made(config.changed(["rating_weight=1"]), bert, tokenizer, corpus)
        objective.backward(batches.batch(0)[0], generator(), scale=scale)
        gradients.append({name: p.grad for name, p in objective.model.trainable()})
    for name, gradient in gradients[0].items():
        assert gradient is not None, name
        torch.testing.assert_close(gradient * 0.25, gradients[1][name])
    assert all(p.grad is None for p in objective.teacher.parameters())


def test_cosines_of_held_out_texts(config, bert, tokenizer, corpus):
    objective, batches = made(config.changed(["rating_weight=1"]), bert, tokenizer, corpus)
    objective.model.train()
    found = objective.held_out(batches.held_out(), generator())
    assert objective.model.training
    first, mean, predicted, true = [], [], [], []
    with torch.no_grad():
        for batch in batches.held_out():
            rows, goal = batch.clean, batch.teacher
            mine = text_vectors(objective.model.encoder(rows.ids, rows.texts, rows.positions)[-1], rows)
            theirs = text_vectors(objective.teacher(goal.ids, goal.texts, goal.positions)[-1], goal)
            whole = goal.whole
            for kept, a, b in zip((first, mean), mine, theirs, strict=True):
                a, b = a.double().numpy()[whole], b.double().numpy()[whole]
                kept.append(np.mean((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)))
            predicted.append(objective.model.rating(mine[0])[:, 0].sigmoid().numpy())
            true.append(batch.clean_ratings.numpy())
    assert found["cosine_first"] == pytest.approx(np.mean(first), rel=1e-4)
    assert found["cosine_mean"] == pytest.approx(np.mean(mean), rel=1e-4)
    known = ~np.isnan(np.concatenate(true))
    r = pearsonr(np.concatenate(predicted)[known], np.concatenate(true)[known]).statistic
    assert found["rating_r"] == pytest.approx(r, abs=1e-4)
    assert objective.held_out(batches.held_out(), generator()) == found


def test_half_precision_on_request(config, bert, tokenizer, corpus):
    results = []
    for precision in ("auto", "bfloat16"):
        objective, batches = made(config.changed([f"precision={precision}"]), bert, tokenizer, corpus)
        results.append(objective.backward(batches.batch(0)[0], generator(), scale=1.0))
    assert float(results[0]["loss"]) != float(results[1]["loss"])
    assert float(results[0]["loss"]) == pytest.approx(float(results[1]["loss"]), rel=0.05)
