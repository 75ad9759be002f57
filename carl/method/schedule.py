"""Schedules over the steps of a run: target momentum (1), (2) and learning rate.

All are pure functions of the step, so that a resumed run needs no scheduler state.
"""

import math

import torch
from torch import nn


def momentum(step: int, steps: int, initial: float) -> float:
    """Momentum of the target network at a step, CARL equation (2), which is BYOL's schedule.

    m(k) = 1 − (1 − m₀) · (cos(π k / K) + 1) / 2 rises from m₀ to 1, so that the target comes to rest.

    Args:
        step: k, from 0 to `steps`.
        steps: K, steps of the whole run.
        initial: m₀, 0 to 1.

    >>> momentum(0, 100, 0.99), momentum(50, 100, 0.99), momentum(100, 100, 0.99)
    (0.99, 0.995, 1.0)
    """
    return 1 - (1 - initial) * (math.cos(math.pi * step / steps) + 1) / 2


def move_target(target: nn.Module, online: nn.Module, m: float) -> None:
    """Move a target network towards the online one in place, θt ← m θt + (1 − m) θo, CARL equation (1).

    Running statistics of normalisation layers move in the same way; counters are copied.

    Args:
        target: network without gradients.
        online: network of the same structure.
        m: momentum, 0 (a copy of the online network) to 1 (the target rests).
    """
    with torch.no_grad():
        for followed, leading in (
            *zip(target.parameters(), online.parameters(), strict=True),
            *zip(target.buffers(), online.buffers(), strict=True),
        ):
            if followed.is_floating_point():
                followed.lerp_(leading.to(followed.dtype), 1 - m)
            else:
                followed.copy_(leading)


def learning_rate_factor(step: int, steps: int, period: int, warmup: float) -> float:
    """Share of the peak learning rate at a step: linear warm-up, then a cosine with warm restarts.

    The paper says "cosine annealing with warm restarts and a 10 % warm-up period" and names no period; with one
    restart per epoch `period` is the number of steps of an epoch. The first cosine begins where the warm-up ends
    and runs to the end of that period.

    Args:
        step: from 0 to steps − 1.
        steps: steps of the whole run.
        period: steps from one restart to the next; `steps` for a single cosine.
        warmup: share of `steps` in the warm-up, 0 to 1.

    >>> [round(learning_rate_factor(k, 20, 10, 0.1), 2) for k in (0, 1, 2, 6, 9, 10, 15, 19)]
    [0.5, 1.0, 1.0, 0.5, 0.04, 1.0, 0.5, 0.02]
    """
    rising = math.ceil(warmup * steps - 1e-9)
    if step < rising:
        return (step + 1) / rising
    cycle = step // period
    start = max(rising, cycle * period)
    end = min((cycle + 1) * period, steps)
    return (1 + math.cos(math.pi * (step - start) / (end - start))) / 2
