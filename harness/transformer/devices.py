"""Which device a model runs on."""

from __future__ import annotations

from harness.errors import UsageError


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
