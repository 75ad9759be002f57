"""Equation (10), and the area under the curve."""

import numpy as np
import pytest
import torch

from carl.method.tokens import auc, focal_loss


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.5])
def test_loss_is_equation_10_over_real_tokens(gamma):
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(4, 9)) * 4
    perturbed = generator.random((4, 9)) < 0.2
    counted = generator.random((4, 9)) < 0.7
    p = 1 / (1 + np.exp(-logits))
    truth = np.where(perturbed, p, 1 - p)
    expected = (-((1 - truth) ** gamma) * np.log(truth))[counted].mean()
    found = focal_loss(torch.from_numpy(logits), torch.from_numpy(perturbed), torch.from_numpy(counted), gamma)
    assert float(found) == pytest.approx(expected, rel=1e-10)


def test_gradient_of_the_token_loss():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 6, dtype=torch.float64, generator=generator).requires_grad_()
    perturbed = torch.rand(3, 6, generator=generator) < 0.3
    counted = torch.rand(3, 6, generator=generator) < 0.8
    assert torch.autograd.gradcheck(lambda x: focal_loss(x, perturbed, counted, 2.0), (logits,))
    (gradient,) = torch.autograd.grad(focal_loss(logits, perturbed, counted, 2.0), logits)
    assert not gradient[~counted].any()


def test_extreme_logits_stay_finite():
    logits = torch.tensor([[200.0, -200.0, 200.0, -200.0]], requires_grad=True)
    perturbed = torch.tensor([[True, True, False, False]])
    loss = focal_loss(logits, perturbed, torch.ones_like(perturbed), 2.0)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert float(loss.detach()) == pytest.approx(100.0)
    assert gradient.isfinite().all()


def test_no_real_token_no_loss():
    none = torch.zeros(2, 3, dtype=torch.bool)
    assert float(focal_loss(torch.randn(2, 3), none, none, 2.0)) == 0


def test_auc_of_a_single_class_is_none():
    assert auc(torch.randn(3), torch.ones(3, dtype=torch.bool)) is None
