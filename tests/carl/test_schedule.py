"""Equations (1) and (2), and the learning rate."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from carl.method.schedule import learning_rate_factor, momentum, move_target


@given(st.integers(1, 5000), st.floats(0, 1), st.data())
def test_momentum_is_equation_2(steps, initial, data):
    k = data.draw(st.integers(0, steps))
    expected = np.float64(1) - (1 - np.float64(initial)) * (np.cos(np.pi * k / steps) + 1) / 2
    assert momentum(k, steps, initial) == pytest.approx(float(expected), abs=1e-12)
    assert initial - 1e-12 <= momentum(k, steps, initial) <= 1


def test_target_update_is_equation_1_for_parameters_and_statistics():
    torch.manual_seed(0)
    online, target = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    with torch.no_grad():
        for tensor in (*online.parameters(), *target.parameters(), online.running_mean, target.running_mean):
            tensor.copy_(torch.randn(3))
    online.num_batches_tracked += 7
    before = {name: tensor.double().clone() for name, tensor in target.state_dict().items()}
    move_target(target, online, 0.75)
    for name, tensor in target.state_dict().items():
        if name == "num_batches_tracked":
            assert int(tensor) == 7
        else:
            expected = 0.75 * before[name] + 0.25 * online.state_dict()[name].double()
            assert torch.allclose(tensor.double(), expected, atol=1e-7), name


def test_momentum_of_zero_copies_and_of_one_rests():
    online, target = nn.Linear(2, 2), nn.Linear(2, 2)
    start = target.weight.detach().clone()
    move_target(target, online, 1.0)
    assert torch.equal(target.weight, start)
    move_target(target, online, 0.0)
    assert torch.equal(target.weight, online.weight)


@given(st.integers(1, 400), st.integers(1, 100), st.floats(0, 1))
def test_learning_rate_stays_in_range(steps, period, warmup):
    for step in range(steps):
        assert 0 < learning_rate_factor(step, steps, period, warmup) <= 1 + 1e-12


def test_learning_rate_warms_up_then_restarts_every_epoch():
    factors = [learning_rate_factor(k, 200, 100, 0.1) for k in range(200)]
    assert factors[:20] == pytest.approx([(k + 1) / 20 for k in range(20)])
    assert factors[60] == pytest.approx((1 + math.cos(math.pi * 40 / 80)) / 2)
    assert factors[99] < 0.001
    assert factors[100] == 1
    assert factors[150] == pytest.approx(0.5)


def test_single_cosine_never_restarts():
    factors = [learning_rate_factor(k, 200, 200, 0.1) for k in range(20, 200)]
    assert all(a > b for a, b in pairwise(factors))
