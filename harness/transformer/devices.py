"""Which device a model runs on, and how much it takes at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from harness.errors import UsageError

T = TypeVar("T")

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
        reason = str(error).split("\n")[0].split(". ")[0]  # torch appends every backend that it knows
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


#: What they say, in lower case; on a CPU torch has no class of its own for it.
_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that there was too little memory, of the machine or of a GPU.

    >>> is_shortage(MemoryError()), is_shortage(RuntimeError("CUDA out of memory.")), is_shortage(RuntimeError("odd"))
    (True, True, False)
    """
    # Torch's class is known by its name: whoever did not import torch did not raise it.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)


def find_executable_batch_size(attempt: Callable[[int], T], size: int, least: int) -> T:
    """Do something by batches, and by batches half as large for as long as memory is short.

    Args:
        attempt: does all of it, given the size of a batch.
        size: of a batch at first.
        least: no smaller batch would help: a batch holds one text at least.
    """
    import torch

    while True:
        try:
            return attempt(size)
        except (MemoryError, RuntimeError) as error:
            if size <= least or not is_shortage(error):
                raise
        size //= 2
        torch.cuda.empty_cache()
