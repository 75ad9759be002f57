"""Equations (7), (8) and (9)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from carl.method.tokens import Ball, attack_step, random_scores, salience, select_tokens


def batch(seed=0, texts=3, tokens=8, width=5):
    generator = torch.Generator().manual_seed(seed)
    words = torch.randn(texts, tokens, width, generator=generator)
    gradient = torch.randn(texts, tokens, width, generator=generator)
    candidates = torch.ones(texts, tokens, dtype=torch.bool)
    candidates[:, 0] = False
    candidates[1, 5:] = False
    return words, gradient, candidates


def test_salience_is_equation_7():
    _, gradient, _ = batch()
    expected = np.sqrt((gradient.double().numpy() ** 2).sum(-1))
    assert salience(gradient).numpy() == pytest.approx(expected, rel=1e-6)


@given(st.integers(0, 10_000), st.integers(1, 40), st.floats(0.01, 1))
def test_selection_takes_the_top_share_of_real_tokens(seed, tokens, share):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(4, tokens, generator=generator)
    candidates = torch.rand(4, tokens, generator=generator) < 0.7
    selected = select_tokens(scores, candidates, share)
    assert not (selected & ~candidates).any()
    for row in range(4):
        own = int(candidates[row].sum())
        count = min(max(int(share * own + 1e-9), 1), own)
        assert int(selected[row].sum()) == count
        if 0 < count < own:
            rest = candidates[row] & ~selected[row]
            assert scores[row][selected[row]].min() >= scores[row][rest].max()


def test_ten_per_cent_of_six_tokens_is_one_and_of_thirty_three():
    candidates = torch.zeros(2, 32, dtype=torch.bool)
    candidates[0, 1:7] = True
    candidates[1, 1:31] = True
    assert select_tokens(torch.rand(2, 32), candidates, 0.1).sum(1).tolist() == [1, 3]


def test_a_text_without_tokens_of_its_own_is_left_alone():
    candidates = torch.tensor([[False, False, False], [False, True, False]])
    selected = select_tokens(torch.full((2, 3), 9.0), candidates, 0.5)
    assert selected.tolist() == [[False] * 3, [False, True, False]]


def test_random_tokens_are_drawn_from_the_generator():
    candidates = torch.ones(5, 30, dtype=torch.bool)
    drawn = [
        select_tokens(random_scores(candidates, torch.Generator().manual_seed(seed)), candidates, 0.1)
        for seed in (1, 1, 2)
    ]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def reference_step(now, original, gradient, selected, epsilon, alpha):
    """Equation (8) and the Frobenius projection, one text at a time in float64."""
    result = original.copy()
    moved = np.zeros_like(original)
    for t in np.flatnonzero(selected):
        normalised = gradient[t] / np.linalg.norm(gradient[t])
        moved[t] = now[t] + alpha * np.sign(normalised) - original[t]
    length = np.linalg.norm(moved)
    if length > epsilon:
        moved *= epsilon / length
    return result + moved


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize(("epsilon", "alpha"), [(0.5, 0.05), (0.5, 5.0)])
def test_attack_is_equations_8_and_9(relative, epsilon, alpha):
    words, gradient, candidates = batch()
    selected = select_tokens(salience(gradient), candidates, 0.4)
    later = torch.randn(words.shape, generator=torch.Generator().manual_seed(9))
    ball, found = Ball(epsilon, alpha, relative), words
    for step in range(3):
        found = attack_step(found, words, later + found if step else gradient, selected, ball)
    for row in range(len(words)):
        original, chosen = words[row].double().numpy(), selected[row].numpy()
        radius, step = epsilon, alpha
        if relative:
            norm = np.linalg.norm(original[chosen])
            radius, step = epsilon * norm, alpha * norm / np.sqrt(chosen.sum() * words.shape[-1])
        now = reference_step(original, original, gradient[row].double().numpy(), chosen, radius, step)
        for _ in range(2):
            now = reference_step(now, original, later[row].double().numpy() + now, chosen, radius, step)
        assert found[row].numpy() == pytest.approx(now, abs=1e-5)
        assert np.linalg.norm(found[row].numpy() - original) <= radius * (1 + 1e-5)
    assert torch.equal(found[~selected], words[~selected])


def test_a_relative_step_has_its_length():
    words, gradient, candidates = batch()
    selected = select_tokens(salience(gradient), candidates, 0.4)
    moved = attack_step(words, words, gradient, selected, Ball(9.0, 0.25, True)) - words
    before = (words * selected[..., None]).flatten(1).norm(dim=1)
    assert torch.allclose(moved.flatten(1).norm(dim=1), 0.25 * before, rtol=1e-5)


def test_tokens_without_gradient_stay_and_nothing_is_undefined():
    words, gradient, candidates = batch()
    found = attack_step(words, words, gradient * 0, candidates, Ball(1.0, 1.0, True))
    assert torch.equal(found, words)
    nothing = attack_step(words, words, gradient, candidates & False, Ball(1.0, 1.0, True))
    assert torch.equal(nothing, words)


def test_tiny_gradients_still_have_a_sign():
    words, gradient, candidates = batch()
    small = attack_step(words, words, gradient * 1e-25, candidates, Ball(9.0, 0.1, True))
    assert torch.equal(small, attack_step(words, words, gradient, candidates, Ball(9.0, 0.1, True)))
