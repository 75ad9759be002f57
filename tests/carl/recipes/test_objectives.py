"""Losses against independent computations in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from carl.recipes.marks import polarity_of
from carl.recipes.objectives.balanced import balanced_rows
from carl.recipes.objectives.base import Objective, Setup, Shown
from carl.recipes.objectives.bert_pt import BertPT, exchange_halves
from carl.recipes.objectives.contrastive import cosines, info_nce, supervised_contrastive
from carl.recipes.objectives.electra import DISCRIMINATOR_WEIGHT, Electra, drawn, replaced_token_loss
from carl.recipes.objectives.emo import PRESERVATION, Emo
from carl.recipes.objectives.emotions import MultiTask, Transfer
from carl.recipes.objectives.masked_lm import MaskedLM
from carl.recipes.objectives.masking import hide, mean_cross_entropy
from carl.recipes.objectives.sacl import CONTRAST_WEIGHT, Sacl, perturbation
from carl.recipes.objectives.scapt import Scapt
from carl.recipes.objectives.senticse import SentiCSE
from carl.recipes.objectives.sentilare import SentiLARE, word_polarity
from carl.recipes.objectives.sentix import SentiX, stars_of
from carl.recipes.objectives.simcse import SimCSE, twice
from carl.recipes.parts import OTHER

Make = Callable[..., Setup]
Show = Callable[..., Shown]

TOLERANCE = 1e-10


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def array(values: Tensor) -> np.ndarray:
    return values.detach().numpy()


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def cross_entropies(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(1, keepdims=True)
    return np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(targets)), targets]


def written_out_contrast(vectors: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Khosla et al. 2020, equation 2, text by text."""
    z, each = unit(vectors), []
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        total = np.log(sum(np.exp(z[i] @ z[a] / temperature) for a in others))
        partners = [p for p in others if labels[i] >= 0 and labels[p] == labels[i]]
        if partners:
            each.append(-np.mean([z[i] @ z[p] / temperature - total for p in partners]))
    return float(np.mean(each)) if each else 0.0


def prepared(kind: type[Objective], make: Make, **changes: object) -> tuple[Objective, Setup]:
    setup = make(**changes)
    torch.manual_seed(1)
    return kind(setup).double(), setup


def run(objective: Objective, setup: Setup, shown: Shown, seed: int = 0) -> dict[str, Tensor]:
    return objective.losses(setup.backbone, shown, generator(seed))


# Parts


def test_hidden_tokens(setup: Make, shown: Show) -> None:
    made, text = setup(), shown((30,) * 200)
    ids = text.batch.ids
    rates = torch.where(polarity_of(text.marks) > 0, 0.5, 0.15) * text.batch.candidates
    hidden = hide(ids, rates, made, generator())
    changed = hidden.ids != ids
    assert not bool((changed & ~hidden.chosen).any())
    assert not bool((hidden.chosen & ~text.batch.candidates).any())
    listed = polarity_of(text.marks) > 0
    for group, rate in ((listed, 0.5), (~listed & text.batch.candidates, 0.15)):
        assert float(hidden.chosen[group].double().mean()) == pytest.approx(rate, abs=0.03)
    shares = {
        0.8: hidden.ids[hidden.chosen] == made.mask,
        0.1: ~changed[hidden.chosen],
    }
    for share, found in shares.items():
        assert float(found.double().mean()) == pytest.approx(share, abs=0.05)
    drawn_ones = hidden.ids[hidden.chosen & changed & (hidden.ids != made.mask)]
    assert not set(drawn_ones.tolist()) & made.special


def test_cross_entropy_of_nothing_is_nothing() -> None:
    assert float(mean_cross_entropy(torch.ones(2, 3), torch.tensor([-100, -100]))) == 0
    logits = torch.randn(4, 3, generator=generator(), dtype=torch.float64)
    targets = torch.tensor([2, -100, 0, 1])
    rows = [0, 2, 3]
    wanted = cross_entropies(array(logits)[rows], targets.numpy()[rows]).mean()
    assert float(mean_cross_entropy(logits, targets)) == pytest.approx(wanted, abs=TOLERANCE)


def test_supervised_contrast() -> None:
    vectors = torch.randn(7, 5, generator=generator(), dtype=torch.float64)
    labels = torch.tensor([0, 1, 0, 2, 1, -1, 0])
    found = supervised_contrastive(vectors, labels, 0.3)
    assert float(found) == pytest.approx(written_out_contrast(array(vectors), labels.numpy(), 0.3), abs=TOLERANCE)
    assert float(supervised_contrastive(vectors, torch.arange(7), 0.3)) == 0


def test_info_nce() -> None:
    first, second = torch.randn(2, 5, 4, generator=generator(), dtype=torch.float64)
    logits = unit(array(first)) @ unit(array(second)).T / 0.05
    wanted = cross_entropies(logits, np.arange(5)).mean()
    assert float(info_nce(first, second, 0.05)) == pytest.approx(wanted, abs=TOLERANCE)


def test_cosines_keep_their_digits_under_autocast() -> None:
    vectors = torch.randn(8, 64, generator=generator())
    with torch.autocast("cpu", torch.bfloat16):
        found = cosines(vectors, vectors)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.diagonal(), torch.ones(8), atol=1e-6, rtol=0)


def test_batches_are_balanced() -> None:
    labels = np.array([0] * 50 + [1] * 20 + [2] * 3 + [-1] * 10)
    rows = balanced_rows(labels, 12, 4, seed=1)
    assert len(set(rows.tolist())) == 12
    assert np.bincount(labels[rows]).tolist() == [5, 4, 3] or np.bincount(labels[rows]).tolist() == [4, 5, 3]
    assert not np.array_equal(rows, balanced_rows(labels, 12, 5, seed=1))
    assert np.array_equal(rows, balanced_rows(labels, 12, 4, seed=1))


# Objectives


def test_masked_lm(setup: Make, shown: Show) -> None:
    objective, made = prepared(MaskedLM, setup)
    text = shown((20, 15))
    hidden = hide(text.batch.ids, 0.15 * text.batch.candidates, made, generator())
    states = made.backbone(text.batch, made.backbone.words(hidden.ids))[hidden.chosen]
    head, table = objective.head, array(made.backbone.embeddings.word_embeddings.weight)
    x = array(states) @ array(head.dense.weight).T + array(head.dense.bias)
    x = x * 0.5 * (1 + np.vectorize(__import__("math").erf)(x / np.sqrt(2)))
    x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-12)
    x = x * array(head.norm.weight) + array(head.norm.bias)
    wanted = cross_entropies(x @ table.T + array(head.bias), text.batch.ids[hidden.chosen].numpy()).mean()
    assert float(run(objective, made, text)["mlm"].detach()) == pytest.approx(wanted, abs=TOLERANCE)


def test_halves_are_exchanged(shown: Show) -> None:
    text = shown((8, 6, 7, 1))
    ids, second, exchanged = exchange_halves(text.batch, generator(1))
    assert 0 < int(exchanged.sum()) < 4
    for row, length in enumerate((8, 6, 7, 1)):
        inside = slice(1, 1 + length // 2)
        assert torch.equal(ids[row, inside], text.batch.ids[row, inside])
        assert int(second[row].sum()) == length - length // 2
        same = torch.equal(ids[row], text.batch.ids[row])
        assert same or bool(exchanged[row])
    assert torch.equal(ids[~text.batch.candidates], text.batch.ids[~text.batch.candidates])


def test_bert_pt_parts_add_up(setup: Make, shown: Show) -> None:
    objective, made = prepared(BertPT, setup)
    found = run(objective, made, shown((9, 6, 7, 8)))
    assert set(found) == {"mlm", "nsp"}
    total = sum(found.values())
    total.backward()
    assert float(made.backbone.embeddings.token_type_embeddings.weight.grad[1].abs().sum()) > 0


def test_simcse_contrasts_two_passes(setup: Make, shown: Show) -> None:
    objective, made = prepared(SimCSE, setup)
    made.backbone.embeddings.dropout.p = 0.3
    text = shown()
    torch.manual_seed(5)
    found = run(objective, made, text)["contrast"]
    torch.manual_seed(5)
    vectors = unit(array(objective.mlp(made.backbone(twice(text.batch))[:, 0]).tanh()))
    n = len(text.batch)
    wanted = cross_entropies(vectors[:n] @ vectors[n:].T / 0.05, np.arange(n)).mean()
    assert float(found.detach()) == pytest.approx(wanted, abs=TOLERANCE)
    assert not np.allclose(vectors[:n], vectors[n:])


def test_electra_labels_what_is_not_the_text(setup: Make, shown: Show) -> None:
    objective, made = prepared(Electra, setup)
    text = shown((20, 18, 22))
    found = run(objective, made, text)
    # Without hidden tokens there is nothing to guess and nothing was replaced.
    unhidden = replace(text, batch=replace(text.batch, candidates=torch.zeros_like(text.batch.candidates)))
    assert {name: float(loss.detach()) for name, loss in run(objective, made, unhidden).items()} == {"mlm": 0, "rtd": 0}
    scores = torch.randn(2, 3, generator=generator(), dtype=torch.float64)
    replaced, counted = torch.tensor([[1, 0, 0], [0, 1, 1]]).bool(), torch.tensor([[1, 1, 0], [1, 0, 1]]).bool()
    p = 1 / (1 + np.exp(-scores.numpy()))
    each = -np.where(replaced.numpy(), np.log(p), np.log(1 - p))
    wanted = each[counted.numpy()].mean()
    assert float(replaced_token_loss(scores, replaced, counted)) == pytest.approx(wanted, abs=TOLERANCE)
    assert float(found["rtd"].detach()) > 0.1 * DISCRIMINATOR_WEIGHT


def test_drawn_entries_follow_their_probabilities() -> None:
    shares = torch.tensor([0.7, 0.2, 0.1])
    found = drawn(shares.log().expand(20_000, 3), generator())
    np.testing.assert_allclose(np.bincount(found.numpy()) / 20_000, shares.numpy(), atol=0.015)


def test_sentix(setup: Make, shown: Show) -> None:
    text = shown()
    for as_released, counted in ((False, [0, 1, 2, 3]), (True, [1, 2, 3])):
        objective, made = prepared(SentiX, setup, as_released=as_released)
        found = run(objective, made, text)
        rates = torch.where(polarity_of(text.marks) > 0, 0.3, 0.15) * text.batch.candidates
        hidden = hide(text.batch.ids, rates, made, generator(), to_mask=1.0, to_random=0.0)
        states = made.backbone(text.batch, made.backbone.words(hidden.ids))
        logits = array(objective.rate(objective.pool(states[:, 0]).tanh()))
        stars = stars_of(text.valence).numpy()
        assert stars.tolist() == [0, 1, 3, 4]
        wanted = cross_entropies(logits[counted], stars[counted]).mean()
        assert float(found["rating"].detach()) == pytest.approx(wanted, abs=TOLERANCE)
        real = text.batch.real
        tokens = array(objective.head(states[real], made.backbone.embeddings.word_embeddings.weight))
        wanted = cross_entropies(tokens, text.batch.ids[real].numpy()).mean()
        assert float(found["mlm"].detach()) == pytest.approx(wanted, abs=TOLERANCE)


def test_sentilare(setup: Make, shown: Show) -> None:
    objective, made = prepared(SentiLARE, setup)
    text = shown((12, 9, 14, 8, 11, 10))
    found = run(objective, made, text, seed=2)
    draws = generator(2)
    polarity = word_polarity(polarity_of(text.marks))
    parts = torch.where(text.batch.candidates, text.marks // 4 % 8, OTHER)
    hidden = hide(text.batch.ids, torch.where(polarity == 2, 0.15, 0.3) * text.batch.candidates, made, draws)
    predicted = torch.rand(6, generator=draws) < 0.2
    assert 0 < int(predicted.sum()) < 6
    stars = stars_of(text.valence)
    rating = torch.where(~predicted[:, None] & text.batch.candidates, stars[:, None], 5)
    tables = objective.parts.weight, objective.polarities.weight, objective.ratings.weight
    chosen = hidden.chosen
    extra = tables[0][torch.where(chosen, 4, parts)] + tables[1][torch.where(chosen, 2, polarity)] + tables[2][rating]
    states = made.backbone(text.batch, made.backbone.words(hidden.ids) + extra)
    logits = array(objective.polarity_head(states[chosen], tables[1]))
    wanted = cross_entropies(logits, polarity[chosen].numpy()).mean()
    assert float(found["polarity"].detach()) == pytest.approx(wanted, abs=TOLERANCE)
    logits = array(objective.rating_head(states[predicted][:, 0], tables[2]))
    wanted = cross_entropies(logits, stars[predicted].numpy()).mean()
    assert float(found["rating"].detach()) == pytest.approx(wanted, abs=TOLERANCE)
    labelled = ~((parts[chosen] == OTHER) & (polarity[chosen] == 2))
    logits = array(objective.part_head(states[chosen][labelled], tables[0]))
    wanted = cross_entropies(logits, parts[chosen][labelled].numpy()).mean()
    assert float(found["part"].detach()) == pytest.approx(wanted, abs=TOLERANCE)


def test_sentilare_without_a_predicted_rating(setup: Make, shown: Show) -> None:
    stars = torch.full((4,), -100)
    for as_released in (False, True):
        objective, made = prepared(SentiLARE, setup, as_released=as_released)
        loss = objective.rating_loss(made.backbone(shown().batch), stars).detach()
        assert bool(loss.isnan()) == as_released
        assert as_released or float(loss) == 0


def test_sentilare_reads_plain_text_as_neutral(setup: Make, shown: Show) -> None:
    objective, made = prepared(SentiLARE, setup)
    batch = shown().batch
    neutral = objective.extra(*(torch.full_like(batch.ids, row) for row in (OTHER, 2, 5)))
    wanted = made.backbone(batch, made.backbone.words(batch.ids) + neutral)
    torch.testing.assert_close(objective.reading(made.backbone)(batch), wanted, atol=1e-12, rtol=0)
    assert float((made.backbone(batch) - wanted).abs().max().detach()) > 1e-3


def test_senticse(setup: Make, shown: Show) -> None:
    objective, made = prepared(SentiCSE, setup)
    text = shown((9, 8, 7, 9, 8, 7, 9, 8))
    z = unit(array(objective.mlp(made.backbone(text.batch)[:, 0]).tanh()))
    p0, p1, n0, n1 = z[:2], z[2:4], z[4:6], z[6:]
    total = 0.0
    for anchor, partner, others in ((p0, p1, n0), (n1, n0, p1)):
        for row in range(2):
            logits = [anchor[row] @ partner[row] / 0.05]
            logits += [anchor[row] @ others[j] / 0.05 + (1.0 if j == row else 0.5) for j in range(2)]
            total += (np.log(np.exp(logits).sum()) - logits[0]) / 2
    assert float(run(objective, made, text)["contrast"].detach()) == pytest.approx(total, abs=1e-9)


def test_scapt(setup: Make, shown: Show) -> None:
    objective, made = prepared(Scapt, setup)
    text = shown()
    hidden = hide(text.batch.ids, 0.15 * text.batch.candidates, made, generator())
    states = made.backbone(text.batch, made.backbone.words(hidden.ids))
    vectors = array(objective.project(states[:, 0]))
    wanted = written_out_contrast(vectors, (text.valence > 0).long().numpy(), 0.07)
    assert float(run(objective, made, text)["contrast"].detach()) == pytest.approx(wanted, abs=TOLERANCE)


def test_emo_keeps_vectors_where_they_were(setup: Make, shown: Show) -> None:
    objective, made = prepared(Emo, setup)
    text = shown((5, 3, 7, 4, 6))
    before = array(made.backbone(text.batch)[:, 0])
    found = run(objective, made, text)
    assert float(found["preservation"].detach()) < 1e-25
    with torch.no_grad():
        made.backbone.encoder.layer[0].output.dense.weight += 0.1
    after = made.backbone(text.batch)[:, 0]
    found = run(objective, made, text)
    wanted = PRESERVATION * np.square(array(after) - before).mean()
    assert float(found["preservation"].detach()) == pytest.approx(wanted, rel=1e-6)
    wanted = written_out_contrast(array(objective.project(after)), text.emotion.numpy(), 0.1)
    assert float(found["contrast"].detach()) == pytest.approx(wanted, abs=TOLERANCE)
    assert all(not parameter.requires_grad for parameter in objective.before.parameters())


def test_sacl(setup: Make, shown: Show) -> None:
    objective, made = prepared(Sacl, setup)
    text = shown((5, 3, 7, 4, 6, 6))
    found = run(objective, made, text)

    def soft(vectors: np.ndarray) -> float:
        logits = vectors @ array(objective.classify.weight).T + array(objective.classify.bias)
        contrast = written_out_contrast(vectors, text.emotion.numpy(), 0.1)
        return float(cross_entropies(logits, text.emotion.numpy()).mean() + CONTRAST_WEIGHT * contrast)

    words = made.backbone.words(text.batch.ids).detach()
    assert float(found["clean"].detach()) == pytest.approx(soft(array(made.backbone(text.batch)[:, 0])), abs=1e-9)
    leaf = words.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(objective.soft_loss(made.backbone(text.batch, leaf)[:, 0], text.emotion), leaf)
    moved = words.clone()
    for row in range(6):
        real = text.batch.real[row]
        g, w = gradient[row, real], words[row, real]
        moved[row, real] += 0.1 * w.norm() * g / g.norm()
    attacked = array(made.backbone(text.batch, moved)[:, 0])
    assert float(found["adversarial"].detach()) == pytest.approx(soft(attacked), abs=1e-9)
    assert float((found["adversarial"] - found["clean"]).detach()) > 0


def test_perturbations_leave_padding_alone(shown: Show) -> None:
    real = shown((5, 2)).batch.real
    words, gradient = torch.randn(2, *real.shape, 3, generator=generator(), dtype=torch.float64)
    found = perturbation(words, gradient, real, 0.25)
    assert not bool(found[~real].any())
    for row in range(2):
        assert float(found[row].norm() / words[row, real[row]].norm()) == pytest.approx(0.25)


def test_transfer_and_multitask(setup: Make, shown: Show) -> None:
    text = shown(emotion=torch.tensor([2, -1, 0, -1]), valence=torch.tensor([float("nan"), 0.5, float("nan"), -1.0]))
    objective, made = prepared(Transfer, setup)
    first = array(made.backbone(text.batch)[:, 0])
    logits = first @ array(objective.classify.weight).T + array(objective.classify.bias)
    wanted = cross_entropies(logits[[0, 2]], np.array([2, 0])).mean()
    assert float(run(objective, made, text)["emotion"].detach()) == pytest.approx(wanted, abs=TOLERANCE)
    both, made = prepared(MultiTask, setup)
    first = array(made.backbone(text.batch)[:, 0])
    guessed = (first @ array(both.rate.weight).T + array(both.rate.bias))[[1, 3], 0]
    wanted = np.square(guessed - np.array([0.5, -1.0])).mean()
    assert float(run(both, made, text)["valence"].detach()) == pytest.approx(wanted, abs=1e-6)
