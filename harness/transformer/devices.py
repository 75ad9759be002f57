"""Which device a model runs on, and how much it takes at a time."""

from __future__ import annotations

from harness.errors import UsageError

#: Tokens of a batch on a CPU: larger ones leave a core's cache.
CPU_BATCH_TOKENS = 1024
#: Tokens of a batch on a GPU, at least and at most: fewer leave it waiting, more gain nothing.
GPU_BATCH_TOKENS = (2048, 131_072)
#: Tokens of a batch on a device that does not say how much memory is free.
OTHER_BATCH_TOKENS = 16_384

#: Share of the free memory that one batch may take.
_SHARE = 0.4


def choose(device: str | None) -> str:
    """Resolve a device name.

    Args:
        device: `cpu`, `cuda`, `cuda:1`, `mps`; None or `auto` takes a GPU when there is one.

    Raises:
        UsageError: no such device on this machine.
    """
    if device == "cpu":
        return device
    import torch

    if device is None or device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=device)
    except Exception as error:  # torch raises RuntimeError, AssertionError or its own, by device
        reason = str(error).split("\n")[0]
        raise UsageError(f"device {device!r} cannot be used here ({reason}); try `--device cpu`") from error
    return device


def batch_tokens(device: str | None, bytes_per_token: int) -> int:
    """Most tokens of one batch, from the memory that is free now.

    Args:
        device: see `choose`.
        bytes_per_token: what a token takes at the widest point of the network.
    """
    name = choose(device)
    if name == "cpu":
        return CPU_BATCH_TOKENS
    if not name.startswith("cuda"):
        return OTHER_BATCH_TOKENS
    import torch

    free, _ = torch.cuda.mem_get_info(torch.device(name))
    low, high = GPU_BATCH_TOKENS
    return min(max(int(_SHARE * free) // bytes_per_token, low), high)
