"""Losses against independent computations in float64."""

from dataclasses import replace
from math import erf
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from carl.networks import Tokens
from carl.recipes.objectives.base import Heads, Setup, read, read_tokens
from carl.recipes.objectives.contrastive import Scapt, SentiCSE, SimCSE, cosines, info_nce, supervised_contrastive
from carl.recipes.objectives.emotions import Emo, MultiTask, Sacl, Transfer
from carl.recipes.objectives.masked import (
    Electra,
    MaskedLM,
    SentiLARE,
    SentiX,
    drawn_entries,
    exchange_halves,
    hide,
    replaced_token_loss,
    stars_of,
    word_polarity,
    word_table,
)
from carl.recipes.words import OTHER, polarity_of

from .conftest import made_batch, made_setup

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


def prepared(kind: type[Any]) -> tuple[Any, Setup]:
    setup = made_setup()
    torch.manual_seed(1)
    return kind(setup).double(), setup


def run(objective: Heads, setup: Setup, batch: Any, seed: int = 0) -> dict[str, Tensor]:
    return objective.losses(setup.encoder, batch, generator(seed))


# Parts


def test_groups_of_similar_length_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, batch = made_setup().encoder, made_batch((5, 3, 9, 4, 1))
    whole = read_tokens(encoder, batch.tokens)
    monkeypatch.setattr("carl.recipes.objectives.base.GROUP", 2)
    torch.testing.assert_close(read_tokens(encoder, batch.tokens)[batch.real], whole[batch.real], atol=1e-12, rtol=0)


def test_hidden_tokens() -> None:
    made, batch = made_setup(), made_batch((30,) * 200)
    listed = polarity_of(batch.marks) > 0
    hidden, chosen = hide(batch.ids, torch.where(listed, 0.5, 0.15) * batch.inner, made, generator())
    changed = hidden != batch.ids
    assert not bool((changed & ~chosen).any())
    assert not bool((chosen & ~batch.inner).any())
    for group, rate in ((listed, 0.5), (~listed & batch.inner, 0.15)):
        assert float(chosen[group].double().mean()) == pytest.approx(rate, abs=0.03)
    for share, found in ((0.8, hidden[chosen] == made.mask), (0.1, ~changed[chosen])):
        assert float(found.double().mean()) == pytest.approx(share, abs=0.05)
    drawn_ones = hidden[chosen & changed & (hidden != made.mask)]
    assert not set(drawn_ones.tolist()) & made.special


def test_contrastive_losses() -> None:
    vectors = torch.randn(7, 5, generator=generator(), dtype=torch.float64)
    labels = torch.tensor([0, 1, 0, 2, 1, -1, 0])
    found = supervised_contrastive(vectors, labels, 0.3)
    assert float(found) == pytest.approx(written_out_contrast(array(vectors), labels.numpy(), 0.3), abs=TOLERANCE)
    assert float(supervised_contrastive(vectors, torch.arange(7), 0.3)) == 0
    first, second = torch.randn(2, 5, 4, generator=generator(), dtype=torch.float64)
    wanted = cross_entropies(unit(array(first)) @ unit(array(second)).T / 0.05, np.arange(5)).mean()
    assert float(info_nce(first, second, 0.05)) == pytest.approx(wanted, abs=TOLERANCE)
    with torch.autocast("cpu", torch.bfloat16):
        similar = cosines(first.float(), first.float())
    torch.testing.assert_close(similar.diagonal(), torch.ones(5), atol=1e-6, rtol=0)


# Objectives


def test_masked_lm() -> None:
    objective, made = prepared(MaskedLM)
    batch = made_batch((20, 15))
    hidden, chosen = hide(batch.ids, 0.15 * batch.inner, made, generator())
    states = read(made.encoder, made.encoder.words(hidden), batch.tokens.mask)[chosen]
    head, table = objective.head, array(word_table(made.encoder))
    x = array(states) @ array(head.dense.weight).T + array(head.dense.bias)
    x = x * 0.5 * (1 + np.vectorize(erf)(x / np.sqrt(2)))
    x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-12)
    wanted = cross_entropies(x @ table.T, batch.ids[chosen].numpy()).mean()
    assert float(run(objective, made, batch)["mlm"].detach()) == pytest.approx(wanted, abs=TOLERANCE)


def test_halves_are_exchanged() -> None:
    lengths = (8, 6, 7, 1)
    batch = made_batch(lengths)
    ids, second, exchanged = exchange_halves(batch, generator(1))
    assert 0 < int(exchanged.sum()) < 4
    for row, length in enumerate(lengths):
        inside = slice(1, 1 + length // 2)
        assert torch.equal(ids[row, inside], batch.ids[row, inside])
        assert int(second[row].sum()) == length - length // 2
        assert torch.equal(ids[row], batch.ids[row]) or bool(exchanged[row])
    assert torch.equal(ids[~batch.inner], batch.ids[~batch.inner])


def test_simcse_contrasts_two_passes() -> None:
    objective, made = prepared(SimCSE)
    made.encoder.model.embeddings.dropout.p = 0.3  # type: ignore[union-attr]
    batch = made_batch()
    torch.manual_seed(5)
    found = run(objective, made, batch)["contrast"]
    torch.manual_seed(5)
    once = batch.tokens
    twice = Tokens(*(torch.cat([part, part]) for part in (once.ids, once.mask, once.special)))
    vectors = unit(array(objective.mlp(read_tokens(made.encoder, twice)[:, 0]).tanh()))
    wanted = cross_entropies(vectors[:4] @ vectors[4:].T / 0.05, np.arange(4)).mean()
    assert float(found.detach()) == pytest.approx(wanted, abs=TOLERANCE)
    assert not np.allclose(vectors[:4], vectors[4:])


def test_electra_labels_what_is_not_the_text() -> None:
    objective, made = prepared(Electra)
    batch = made_batch((20, 18, 22))
    found = run(objective, made, batch)
    assert float(found["rtd"].detach()) > 0.1 * Electra.WEIGHT
    assert len(objective.generator.model.encoder.layer) == 1
    assert objective.generator.model.embeddings is made.encoder.model.embeddings
    # Without hidden tokens there is nothing to guess and nothing was replaced.
    once = batch.tokens
    unhidden = replace(batch, tokens=Tokens(once.ids, once.mask, torch.ones_like(once.special)))
    assert {name: float(loss.detach()) for name, loss in run(objective, made, unhidden).items()} == {"mlm": 0, "rtd": 0}
    scores = torch.randn(2, 3, generator=generator(), dtype=torch.float64)
    replaced, counted = torch.tensor([[1, 0, 0], [0, 1, 1]]).bool(), torch.tensor([[1, 1, 0], [1, 0, 1]]).bool()
    p = 1 / (1 + np.exp(-scores.numpy()))
    wanted = -np.where(replaced.numpy(), np.log(p), np.log(1 - p))[counted.numpy()].mean()
    assert float(replaced_token_loss(scores, replaced, counted)) == pytest.approx(wanted, abs=TOLERANCE)
    shares = torch.tensor([0.7, 0.2, 0.1])
    drawn = drawn_entries(shares.log().expand(20_000, 3), generator())
    np.testing.assert_allclose(np.bincount(drawn.numpy()) / 20_000, shares.numpy(), atol=0.015)


def test_sentix() -> None:
    batch = made_batch()
    objective, made = prepared(SentiX)
    found = run(objective, made, batch)
    rates = torch.where(polarity_of(batch.marks) > 0, 0.3, 0.15) * batch.inner
    hidden, _chosen = hide(batch.ids, rates, made, generator(), to_mask=1.0, to_random=0.0)
    states = read(made.encoder, made.encoder.words(hidden), batch.tokens.mask)
    logits = array(objective.rate(objective.pool(states[:, 0]).tanh()))
    stars = stars_of(batch.valence).numpy()
    assert stars.tolist() == [0, 1, 3, 4]
    wanted = cross_entropies(logits, stars).mean()
    assert float(found["rating"].detach()) == pytest.approx(wanted, abs=TOLERANCE)
    tokens = array(objective.head(states[batch.real], word_table(made.encoder)))
    wanted = cross_entropies(tokens, batch.ids[batch.real].numpy()).mean()
    assert float(found["mlm"].detach()) == pytest.approx(wanted, abs=TOLERANCE)


def test_sentilare() -> None:
    objective, made = prepared(SentiLARE)
    batch = made_batch((12, 9, 14, 8, 11, 10))
    found = run(objective, made, batch, seed=2)
    draws = generator(2)
    polarity = word_polarity(polarity_of(batch.marks))
    parts = torch.where(batch.inner, batch.marks // 4 % 8, OTHER)
    hidden, chosen = hide(batch.ids, torch.where(polarity == 2, 0.15, 0.3) * batch.inner, made, draws)
    predicted = torch.rand(6, generator=draws) < 0.2
    assert 0 < int(predicted.sum()) < 6
    stars = stars_of(batch.valence)
    rating = torch.where(~predicted[:, None] & batch.inner, stars[:, None], 5)
    tables = objective.parts.weight, objective.polarities.weight, objective.ratings.weight
    extra = tables[0][torch.where(chosen, 4, parts)] + tables[1][torch.where(chosen, 2, polarity)] + tables[2][rating]
    states = read(made.encoder, made.encoder.words(hidden) + extra, batch.tokens.mask)
    labelled = ~((parts[chosen] == OTHER) & (polarity[chosen] == 2))
    for name, logits, targets in (
        ("polarity", objective.polarity_head(states[chosen], tables[1]), polarity[chosen]),
        ("rating", objective.rating_head(states[predicted][:, 0], tables[2]), stars[predicted]),
        ("part", objective.part_head(states[chosen][labelled], tables[0]), parts[chosen][labelled]),
    ):
        wanted = cross_entropies(array(logits), targets.numpy()).mean()
        assert float(found[name].detach()) == pytest.approx(wanted, abs=TOLERANCE), name


def test_senticse() -> None:
    objective, made = prepared(SentiCSE)
    batch = made_batch((9, 8, 7, 9, 8, 7, 9, 8))
    z = unit(array(objective.mlp(read_tokens(made.encoder, batch.tokens)[:, 0]).tanh()))
    p0, p1, n0, n1 = z[:2], z[2:4], z[4:6], z[6:]
    total = 0.0
    for anchor, partner, others in ((p0, p1, n0), (n1, n0, p1)):
        for row in range(2):
            logits = [anchor[row] @ partner[row] / 0.05]
            logits += [anchor[row] @ others[j] / 0.05 + (1.0 if j == row else 0.5) for j in range(2)]
            total += (np.log(np.exp(logits).sum()) - logits[0]) / 2
    assert float(run(objective, made, batch)["contrast"].detach()) == pytest.approx(total, abs=1e-9)


def test_scapt() -> None:
    objective, made = prepared(Scapt)
    batch = made_batch()
    hidden, _chosen = hide(batch.ids, 0.15 * batch.inner, made, generator())
    states = read(made.encoder, made.encoder.words(hidden), batch.tokens.mask)
    vectors = array(objective.project(states[:, 0]))
    wanted = written_out_contrast(vectors, (batch.valence > 0).long().numpy(), 0.07)
    assert float(run(objective, made, batch)["contrast"].detach()) == pytest.approx(wanted, abs=TOLERANCE)


def test_emo_keeps_vectors_where_they_were() -> None:
    objective, made = prepared(Emo)
    batch = made_batch((5, 3, 7, 4, 6))
    before = array(read_tokens(made.encoder, batch.tokens)[:, 0])
    objective.before.pool = made.encoder.pool
    assert float(run(objective, made, batch)["preservation"].detach()) < 1e-12
    with torch.no_grad():
        made.encoder.model.encoder.layer[0].output.dense.weight += 0.1  # type: ignore[union-attr,index]
    after = array(read_tokens(made.encoder, batch.tokens)[:, 0])
    found = run(objective, made, batch)
    assert float(found["preservation"].detach()) == pytest.approx(np.square(after - before).mean(), rel=1e-6)
    wanted = written_out_contrast(array(objective.project(torch.from_numpy(after))), batch.emotion.numpy(), 0.1)
    assert float(found["contrast"].detach()) == pytest.approx(wanted, abs=TOLERANCE)
    assert all(not parameter.requires_grad for parameter in objective.before.parameters())


def test_sacl() -> None:
    objective, made = prepared(Sacl)
    batch = made_batch((5, 3, 7, 4, 6, 6))
    found = run(objective, made, batch)

    def soft(words: Tensor) -> Tensor:
        return objective.soft_loss(read(made.encoder, words, batch.tokens.mask)[:, 0], batch.emotion)

    words = made.encoder.words(batch.ids).detach().requires_grad_()
    clean = soft(words)
    (gradient,) = torch.autograd.grad(clean, words)
    logits = array(objective.classify(read(made.encoder, words, batch.tokens.mask)[:, 0]))
    assert float(clean.detach()) > cross_entropies(logits, batch.emotion.numpy()).mean()
    assert float(found["clean"].detach()) == pytest.approx(float(clean.detach()), abs=1e-9)
    moved = words.detach().clone()
    for row in range(6):
        real = batch.real[row]
        step = gradient[row, real] / gradient[row, real].norm() * words[row, real].norm()
        moved[row, real] += 0.1 * step.detach()
    assert float(found["adversarial"].detach()) == pytest.approx(float(soft(moved).detach()), abs=1e-9)
    assert float((found["adversarial"] - found["clean"]).detach()) > 0


def test_transfer_and_multitask() -> None:
    nan = float("nan")
    batch = made_batch(emotion=torch.tensor([2, -1, 0, -1]), valence=torch.tensor([nan, 0.5, nan, -1.0]))
    objective, made = prepared(Transfer)
    first = read_tokens(made.encoder, batch.tokens)[:, 0]
    wanted = cross_entropies(array(objective.classify(first))[[0, 2]], np.array([2, 0])).mean()
    assert float(run(objective, made, batch)["emotion"].detach()) == pytest.approx(wanted, abs=TOLERANCE)
    both, made = prepared(MultiTask)
    guessed = array(both.rate(read_tokens(made.encoder, batch.tokens)[:, 0]))[[1, 3], 0]
    wanted = np.square(guessed - np.array([0.5, -1.0])).mean()
    assert float(run(both, made, batch)["valence"].detach()) == pytest.approx(wanted, abs=1e-6)
