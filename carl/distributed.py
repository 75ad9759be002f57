"""Several processes train one network: `torchrun --nproc-per-node=N -m carl train ...`, a GPU each.

Every process holds all parameters, knows the whole batch and computes its own rows of it. The target vectors of all
rows are gathered, so that each text is compared with the whole batch, and batch normalisation takes its statistics
from all rows: the summed gradients are those of one process on the whole batch, up to rounding (and up to dropout,
which each process draws for itself).

Gradients are summed by one explicit `all_reduce` before the optimiser's step. torch's `DistributedDataParallel` hooks
itself into one forward and one backward pass of a module as a whole; here two backward passes, of the sentence and of
the token loss, with the attack's own gradients in between, reach the parameters through parts of the module, and a
process that judges no tokens of a batch has no second pass at all.

The output directory must be the same for all processes; the first one writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import torch
import torch.distributed as dist
from torch import Tensor, nn

from carl.batches import Batch
from harness.errors import UsageError
from harness.transformer.devices import choose

#: How long a process waits for the others; the first one's look at development data falls into it.
_PATIENCE = timedelta(hours=2)


@dataclass(frozen=True)
class Part:
    """The texts of a batch that this process computes, and the batch in which they stand."""

    whole: Batch
    rows: slice | None = None
    """Neighbouring rows of it; None for all."""

    @cached_property
    def own(self) -> Batch:
        """This process's texts, at the width of the whole batch."""
        if self.rows is None:
            return self.whole
        return self.whole.rows(torch.arange(self.rows.start, self.rows.stop, device=self.whole.ids.device))

    def pick(self, values: Tensor) -> Tensor:
        """This process's rows of something that the whole batch has."""
        return values if self.rows is None else values[self.rows]

    def places(self, chosen: Tensor) -> Tensor:
        """Of chosen rows of the whole batch those of this process, as rows of `own`."""
        if self.rows is None:
            return chosen
        own: Tensor = chosen[(chosen >= self.rows.start) & (chosen < self.rows.stop)]
        shifted: Tensor = own - self.rows.start
        return shifted


@dataclass(frozen=True)
class Team:
    """The processes of a run, as one of them sees them. Alone, every method gives back what it got."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes, evaluates and reports."""
        return self.rank == 0

    def part(self, batch: Batch) -> Part:
        """What this process computes of a batch, whose size is a multiple of `size`."""
        if self.size == 1:
            return Part(batch)
        own = len(batch) // self.size
        return Part(batch, slice(self.rank * own, (self.rank + 1) * own))

    def gather(self, tensor: Tensor) -> Tensor:
        """Rows of all processes, in the order of the batch, without gradient.

        Args:
            tensor: this process's rows; the same shape everywhere.
        """
        if self.size == 1:
            return tensor
        parts = [torch.empty_like(tensor) for _ in range(self.size)]
        dist.all_gather(parts, tensor.detach().contiguous())
        return torch.cat(parts)

    def sum(self, tensor: Tensor) -> Tensor:
        """Sum over the processes, without gradient."""
        if self.size == 1:
            return tensor
        total = tensor.detach().clone()
        dist.all_reduce(total)
        return total

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether it is so in any process."""
        return flag if self.size == 1 else bool(self.sum(torch.tensor([float(flag)], device=device)))

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Sum gradients over the processes in place; a parameter without any in all of them stays without."""
        if self.size == 1:
            return
        chosen = list(parameters)
        device = chosen[0].device
        present = torch.tensor([float(parameter.grad is not None) for parameter in chosen], device=device)
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in chosen]
        total = self.sum(torch.cat([present, *(part.flatten() for part in parts)]))
        counts, *sums = torch.split(total, [len(chosen), *(part.numel() for part in parts)])
        for parameter, count, found in zip(chosen, counts.tolist(), sums, strict=True):
            parameter.grad = found.view_as(parameter) if count else None

    def wait(self) -> None:
        """Go on when all processes have come here."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def team_of_processes(device: str | None) -> Iterator[tuple[Team, str]]:
    """Join the other processes that torchrun started, if it did.

    Args:
        device: as on the command line; without a number each process of a machine takes a GPU of its own.

    Yields:
        The team and this process's device.

    Raises:
        UsageError: no such device here.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team(), choose(device)
        return
    chosen = choose(device)
    if chosen == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise UsageError(
                f"process {local} of this machine has no GPU of its own, there are {torch.cuda.device_count()}: "
                "pass as many to --nproc-per-node"
            )
        chosen = f"cuda:{local}"
        torch.cuda.set_device(local)
    dist.init_process_group("nccl" if chosen.startswith("cuda") else "gloo", timeout=_PATIENCE)
    try:
        yield Team(dist.get_rank(), dist.get_world_size()), chosen
    finally:
        dist.destroy_process_group()


class _Sum(torch.autograd.Function):
    """Sum over the processes; each one's loss has a part in the gradient of it."""

    @staticmethod
    def forward(ctx: object, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


def _sum_with_gradient(tensor: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(tensor)  # type: ignore[no-untyped-call]
    return total


class SharedBatchNorm(nn.BatchNorm1d):
    """Batch normalisation with the statistics of all processes' rows (torch's `SyncBatchNorm`, which has no CPU form).

    Every process must have the same number of rows.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (rows, features)."""
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        rows = len(input) * dist.get_world_size()
        wide = input.float()
        mean = _sum_with_gradient(wide.sum(0)) / rows
        variance = _sum_with_gradient((wide - mean).square().sum(0)) / rows
        with torch.no_grad():
            self.num_batches_tracked += 1
            share = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
            self.running_mean.lerp_(mean.detach(), share)
            self.running_var.lerp_(variance.detach() * rows / (rows - 1), share)
        normalised: Tensor = (wide - mean) * (variance + self.eps).rsqrt() * self.weight + self.bias
        return normalised.to(input.dtype)


def share_batch_norm(model: nn.Module) -> None:
    """Turn a network's batch normalisations into shared ones, in place; names of tensors stay as they are."""
    for module in model.modules():
        if type(module) is nn.BatchNorm1d:
            module.__class__ = SharedBatchNorm
