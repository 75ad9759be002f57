"""The machine: how fast it multiplies matrices, how busy it was, and what it is."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.record import environment
from harness.workers import cores

#: Side of the matrices whose product measures the peak: larger gain nothing, smaller leave overhead in.
_SIDE = 2048


@contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """Let every library of this process use so many threads."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_num_threads(before)


def large_products() -> tuple[dict[str, Callable[[], object]], float]:
    """Products of large float32 matrices, by every kernel that there is, and the operations of one."""
    import torch

    from harness import onednn
    from harness.transformer.linear import OneDnnLinear, TorchLinear

    x, weight, bias = torch.randn(_SIDE, _SIDE), torch.randn(_SIDE, _SIDE), torch.zeros(_SIDE)
    kinds = [TorchLinear, *([OneDnnLinear] if onednn.serves(torch.float32) else [])]
    products: dict[str, Callable[[], object]] = {kind.__name__: _call(kind(weight, bias), x) for kind in kinds}
    return products, 2.0 * _SIDE**3


def _call(layer: Any, x: Any) -> Callable[[], object]:
    import torch

    def product() -> object:
        with torch.inference_mode():
            return layer(x)

    return product


def machine(threads: int) -> dict[str, Any]:
    """Processor, cores, load and versions; no host name and no path."""
    facts: dict[str, Any] = {**environment(), "processor": _processor(), "threads": threads, "usable_cores": cores()}
    if hasattr(os, "getloadavg"):
        facts["load"] = round(os.getloadavg()[0], 2)
    return facts


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
