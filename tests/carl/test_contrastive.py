"""Equations (3), (5) and (6) against float64 NumPy, and their gradients."""

import numpy as np
import pytest
import torch

from carl.config import configuration
from carl.method.sentences import embedding_similarity, label_logits, mccl
from carl.objective import sentence_loss


def softmax(values):
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def data(n=7, d=5):
    generator = np.random.default_rng(3)
    return (generator.normal(size=(n, d)), generator.normal(size=(n, d)), generator.uniform(-1, 1, size=(n, n)))


def test_similarity_is_equation_3():
    z, t, _ = data()
    expected = (z @ t.T) / np.linalg.norm(z, axis=1)[:, None] / np.linalg.norm(t, axis=1)[None]
    assert embedding_similarity(torch.from_numpy(z), torch.from_numpy(t)).numpy() == pytest.approx(expected)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("forward", "reverse"), [(1, 1), (1, 0), (0, 1), (1, 0.25)])
def test_loss_is_equation_6(forward, reverse, weighted):
    z, t, labels = data()
    similarity = embedding_similarity(torch.from_numpy(z), torch.from_numpy(t))
    p, q = softmax(similarity.numpy() / 0.05), softmax(labels / 0.7)
    rows = -forward * (q * np.log(p)).sum(1) - reverse * (p * np.log(q)).sum(1)
    weights = np.linspace(0, 1, len(z)) if weighted else np.ones(len(z))
    found = mccl(
        similarity,
        label_logits(torch.from_numpy(labels), 0.7),
        0.05,
        forward=forward,
        reverse=reverse,
        weights=torch.from_numpy(weights) if weighted else None,
    )
    assert float(found) == pytest.approx((rows * weights).sum() / weights.sum(), rel=1e-9)


@pytest.mark.parametrize(("forward", "reverse"), [(1, 1), (1, 0), (0, 1)])
def test_gradient_of_the_sentence_loss(forward, reverse):
    z, t, labels = data(5, 4)
    log_labels, target = label_logits(torch.from_numpy(labels), 1.0), torch.from_numpy(t)

    def loss(online):
        return mccl(embedding_similarity(online, target), log_labels, 0.3, forward=forward, reverse=reverse)

    assert torch.autograd.gradcheck(loss, (torch.from_numpy(z).requires_grad_(),))


def test_only_the_forward_half_is_smallest_where_both_distributions_agree():
    log_labels = label_logits(torch.from_numpy(data()[2]), 1.0)
    for reverse, moves in ((0.0, False), (1.0, True)):
        at_equality = torch.from_numpy(data()[2]).clone().requires_grad_()
        (gradient,) = torch.autograd.grad(mccl(at_equality, log_labels, 1.0, reverse=reverse), at_equality)
        assert (gradient.abs().max() > 1e-3) == moves


def test_rows_without_a_label_direction_do_not_move_anything():
    config = configuration("carl-mpnet").changed(["similarity=cosine"])
    z = torch.randn(4, 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
    target = torch.randn(4, 6, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([[0.5, 0.5], [0.0, 0.0], [-0.5, 0.2], [0.9, float("nan")]])
    loss = sentence_loss(z, target, labels, config)
    (gradient,) = torch.autograd.grad(loss, z)
    assert torch.isfinite(loss)
    assert not gradient[1].any()
    assert gradient[[0, 2, 3]].abs().sum(1).min() > 0
    neutral = sentence_loss(z, target, torch.zeros(4, 2), config)
    assert float(neutral.detach()) == 0
