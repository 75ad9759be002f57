"""Devices, and how much they take at a time."""

import pytest
import torch

from harness.errors import UsageError
from harness.transformer.devices import CPU_BATCH_TOKENS, GPU_BATCH_TOKENS, OTHER_BATCH_TOKENS, batch_tokens, choose


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="'nonsense' cannot be used here"):
        choose("nonsense")


def test_a_cpu_s_batch_fits_its_cache():
    assert batch_tokens("cpu", 10**9) == CPU_BATCH_TOKENS


@pytest.mark.parametrize(
    ("free", "expected"),
    [(0, GPU_BATCH_TOKENS[0]), (10 * 2**30, int(0.4 * 10 * 2**30) // 100_000), (2**50, GPU_BATCH_TOKENS[1])],
)
def test_a_gpu_s_batch_fits_its_free_memory(monkeypatch, free, expected):
    monkeypatch.setattr("harness.transformer.devices.choose", lambda device: device)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 2**50))
    assert batch_tokens("cuda", 100_000) == expected
    assert batch_tokens("mps", 100_000) == OTHER_BATCH_TOKENS
