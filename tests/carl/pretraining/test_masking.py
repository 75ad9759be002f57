"""Masks: how many, which, and what stands in their place."""

import numpy as np
import pytest
import torch

from carl.pretraining.masking import affect_weights, mask_tokens
from carl.pretraining.vocabulary import MASK, SPECIAL


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def ids():
    rows = torch.randint(len(SPECIAL), 200, (50, 100), generator=generator(9))
    rows[:, 0], rows[:, 60], rows[:, 90:] = 0, 2, 1
    return rows


def even(weight=1.0):
    weights = torch.ones(200)
    weights[: len(SPECIAL)] = 0
    weights[100:] = weight
    return weights


def test_eighty_ten_ten(ids):
    masked = mask_tokens(ids, even(), share=0.5, vocabulary=200, generator=generator())
    assert len(masked.places) == len(masked.places.unique()) == 2500
    original, shown = ids.flatten()[masked.places], masked.ids.flatten()[masked.places]
    assert torch.equal(masked.targets, original)
    assert (original >= len(SPECIAL)).all()
    hidden = (shown == MASK).float().mean()
    kept = (shown == original).float().mean()
    assert hidden == pytest.approx(0.8, abs=0.03)
    assert kept == pytest.approx(0.1 + 0.1 / 195, abs=0.03)
    others = shown[(shown != MASK) & (shown != original)]
    assert others.min() >= len(SPECIAL)
    assert others.max() < 200
    untouched = torch.ones(ids.numel(), dtype=torch.bool)
    untouched[masked.places] = False
    assert torch.equal(masked.ids.flatten()[untouched], ids.flatten()[untouched])


def test_the_generator_decides(ids):
    first, again = (mask_tokens(ids, even(), share=0.15, vocabulary=200, generator=generator(4)) for _ in range(2))
    other = mask_tokens(ids, even(), share=0.15, vocabulary=200, generator=generator(5))
    assert torch.equal(first.ids, again.ids)
    assert not torch.equal(first.ids, other.ids)


def test_heavy_tokens_are_chosen_in_proportion(ids):
    counts = np.zeros(2)
    for seed in range(20):
        masked = mask_tokens(ids, even(3.0), share=0.02, vocabulary=200, generator=generator(seed))
        counts += [int((masked.targets < 100).sum()), int((masked.targets >= 100).sum())]
    present = [int(((ids >= 5) & (ids < 100)).sum()), int((ids >= 100).sum())]
    assert (counts[1] / present[1]) / (counts[0] / present[0]) == pytest.approx(3, rel=0.15)


def test_fewer_tokens_than_asked_for():
    ids = torch.tensor([[0, 7, 2, 1, 1, 1]])
    masked = mask_tokens(ids, even(), share=0.5, vocabulary=200, generator=generator())
    assert sorted(masked.targets.tolist()) == [-100, -100, 7]
    assert masked.ids[0, [0, 2, 3, 4, 5]].tolist() == [0, 2, 1, 1, 1]


def test_affect_words_weigh_more():
    spelled = [token.encode() for token in SPECIAL] + [b" happy", b"happy", b" Terrible", b" table", b" hap", b"\xf0"]
    weights = affect_weights(spelled, 4.0)
    assert weights.tolist() == [0] * 5 + [4, 1, 4, 1, 1, 1]
