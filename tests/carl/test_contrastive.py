"""Equations (3), (5) and (6) against float64 NumPy, and their gradients."""

import numpy as np
import pytest
import torch

from carl.configurations import configuration
from carl.contrastive import FORMS, embedding_similarity, mccl
from carl.labels import label_logits
from carl.objective import sentence_loss
from harness.errors import UsageError


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
@pytest.mark.parametrize("form", FORMS)
def test_loss_is_equation_6(form, weighted):
    z, t, labels = data()
    similarity = embedding_similarity(torch.from_numpy(z), torch.from_numpy(t))
    p = softmax(similarity.numpy() / 0.05)
    q = softmax(labels / 0.7)
    halves = {
        "fit-embeddings": -(p * np.log(q)).sum(1),
        "fit-labels": -(q * np.log(p)).sum(1),
        "kl": (q * np.log(q / p)).sum(1),
    }
    halves["symmetric"] = halves["fit-embeddings"] + halves["fit-labels"]
    weights = np.linspace(0, 1, len(z)) if weighted else np.ones(len(z))
    found = mccl(
        similarity,
        label_logits(torch.from_numpy(labels), 0.7),
        0.05,
        form=form,
        weights=torch.from_numpy(weights) if weighted else None,
    )
    assert float(found) == pytest.approx((halves[form] * weights).sum() / weights.sum(), rel=1e-9)


@pytest.mark.parametrize("form", FORMS)
def test_gradient_of_the_sentence_loss(form):
    z, t, labels = data(5, 4)
    log_labels = label_logits(torch.from_numpy(labels), 1.0)
    target = torch.from_numpy(t)

    def loss(online):
        return mccl(embedding_similarity(online, target), log_labels, 0.3, form=form)

    assert torch.autograd.gradcheck(loss, (torch.from_numpy(z).requires_grad_(),))


@pytest.mark.parametrize("form", ["fit-labels", "kl"])
def test_these_forms_are_smallest_where_both_distributions_agree(form):
    _, _, labels = data()
    log_labels = label_logits(torch.from_numpy(labels), 1.0)
    best = mccl(torch.from_numpy(labels), log_labels, 1.0, form=form)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        other = torch.from_numpy(labels) + torch.randn(labels.shape, generator=generator)
        assert mccl(other, log_labels, 1.0, form=form) >= best
    if form == "kl":
        assert float(best) == pytest.approx(0, abs=1e-12)


def test_the_symmetric_form_is_not_smallest_there():
    _, _, labels = data()
    log_labels = label_logits(torch.from_numpy(labels), 1.0)
    at_equality = torch.from_numpy(labels).clone().requires_grad_()
    (gradient,) = torch.autograd.grad(mccl(at_equality, log_labels, 1.0), at_equality)
    assert gradient.abs().max() > 1e-3


def test_rows_without_a_label_direction_do_not_move_anything():
    config = configuration("carl-minilm")
    z = torch.randn(4, 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
    target = torch.randn(4, 6, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([[0.5, 0.5], [0.0, 0.0], [-0.5, 0.2], [0.9, float("nan")]])
    loss = sentence_loss(z, target, labels, config)
    (gradient,) = torch.autograd.grad(loss, z)
    assert torch.isfinite(loss)
    assert gradient.isfinite().all()
    assert not gradient[1].any()
    assert gradient[[0, 2, 3]].abs().sum(1).min() > 0


def test_a_batch_of_neutral_labels_has_no_loss_and_no_gradient():
    z = torch.randn(3, 6).requires_grad_()
    loss = sentence_loss(z, torch.randn(3, 6), torch.zeros(3, 2), configuration("carl-minilm"))
    (gradient,) = torch.autograd.grad(loss, z)
    assert float(loss.detach()) == 0
    assert not gradient.any()


def test_unknown_form_is_named():
    with pytest.raises(UsageError, match="one-way"):
        mccl(torch.zeros(2, 2), torch.zeros(2, 2), 1.0, form="one-way")
