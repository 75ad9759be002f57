"""The training program: one loop for CARL, its ablations, distillation, pretraining and the recipes.

Order, dropout and random tokens of a batch are functions of the seed and the batch's number, the learning rate a
function of the step: a state holds what moves, the optimiser and counters, and a resumed run goes on bit by bit as the
uninterrupted one would have. Several processes (`accelerate launch -m carl train ...`) take different batches, and the
mean of their gradients.
"""

import json
import math
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from carl.config import RunConfig
from carl.method.schedule import learning_rate_factor
from carl.networks import Encoder
from harness.errors import UsageError, WeightsInvalid
from harness.files import atomic_write, write_text

Measures = dict[str, float | None]

#: Below a run's output directory.
STATE, CURVES = "training/state.pt", "training/curves.jsonl"


class Objective(Protocol):
    """What is trained, and by which loss."""

    @property
    def networks(self) -> nn.Module:
        """Everything that has parameters."""
        ...

    @property
    def encoder(self) -> Encoder:
        """What ships."""
        ...

    def backward(self, number: int, generator: torch.Generator, *, measure: bool) -> Measures:
        """Add the gradient of the batch with a number, counted over the whole run, to the parameters."""
        ...

    def stepped(self, step: int, steps: int) -> Measures:
        """Do what is due after each step of the optimiser; what the curves show of it."""
        ...

    def moving(self) -> dict[str, torch.Tensor]:
        """Name → tensor of everything that training moves."""
        ...


@dataclass
class Progress:
    """Where a run is."""

    step: int = 0
    """Optimiser steps done."""
    seconds: float = 0.0
    best_step: int | None = None
    best_score: float = -1.0
    scores: dict[str, float] = field(default_factory=dict)
    """Development scores of the best step."""


class Trainer:
    """One training run.

    Args:
        settings: everything that decides the result.
        objective: networks and loss.
        output: directory of the run; state and curves go to `training/` in it.
        digest: of the training data: a state goes on with the same only.
        steps: of the whole run.
        period: steps from one warm restart to the next.
        accelerator: device and processes.
        look: scores the encoder on development data; the key `score` decides, larger is better.
        report: gets a line at every measurement.
    """

    def __init__(
        self,
        settings: RunConfig,
        objective: Objective,
        output: Path,
        *,
        digest: str,
        steps: int,
        period: int | None = None,
        accelerator: Accelerator | None = None,
        look: Callable[[Encoder], dict[str, float]] | None = None,
        report: Callable[[int, int, Measures], None] = lambda step, steps, measures: None,
    ) -> None:
        self.settings, self.objective, self.output = settings, objective, output
        self.digest, self.steps, self.period = digest, steps, period or steps
        self.accelerator = accelerator or Accelerator(cpu=True)
        self.look, self.report = look, report
        self.progress, self.stopping = Progress(), False
        self.best: dict[str, torch.Tensor] = {}
        self.optimiser = torch.optim.AdamW(parameter_groups(objective.networks, settings), fused=True)

    def run(self, *, until: int | None = None, seconds: float | None = None) -> bool:
        """Train to the end, from the saved state if there is one.

        Args:
            until: step after which to stop; None goes to the end. The schedule does not depend on it.
            seconds: time after which to stop.

        Returns:
            Whether the run is complete. If so, the networks hold the weights of the best look, or the last ones where
            nothing was looked at.

        Raises:
            UsageError: the saved state belongs to another configuration or to other data.
        """
        began, last = time.monotonic(), min(until or self.steps, self.steps)
        if self.state.is_file():
            self.restore()
        curves = read_curves(self.output / CURVES)
        if self._leads:
            kept = [line for line in curves if line["step"] <= self.progress.step]
            write_text(self.output / CURVES, "".join(f"{json.dumps(line)}\n" for line in kept), "training curves")
        devices = [self.accelerator.device] if self.accelerator.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            if not self.progress.step and not curves:
                self._look()
            while self.progress.step < last:
                if self._asked_to_stop(seconds is not None and time.monotonic() - began > seconds):
                    break
                self._advance()
                if self.progress.step % self.settings.save_every == 0:
                    self.save()
        self.save()
        if self.progress.step < self.steps:
            return False
        if self.best:
            self.objective.networks.load_state_dict(self.best, strict=False)
        return True

    def stop(self) -> None:
        """Ask the run to save its state after the current step and to return."""
        self.stopping = True

    def _asked_to_stop(self, late: bool) -> bool:
        """Whether any process is out of time or was asked to stop: all stop at the same step."""
        stop = late or self.stopping
        if self.accelerator.num_processes == 1:
            return stop
        return bool(self.accelerator.reduce(torch.tensor(float(stop), device=self.accelerator.device)) > 0)

    @property
    def state(self) -> Path:
        """The file from which a run goes on."""
        return self.output / STATE

    @property
    def _leads(self) -> bool:
        return bool(self.accelerator.is_main_process)

    def _advance(self) -> None:
        """One optimiser step, and what is due after it."""
        settings, step, before = self.settings, self.progress.step, time.perf_counter()
        shown = (step + 1) % settings.log_every == 0 or step + 1 == self.steps
        period = self.period if settings.restarts else self.steps
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * learning_rate_factor(step, self.steps, period, settings.warmup)
        number = step * self.accelerator.num_processes + self.accelerator.process_index
        self.objective.networks.train()
        seed = _mixed(settings.seed, number)
        torch.manual_seed(seed)
        measures = self.objective.backward(number, torch.Generator().manual_seed(seed), measure=shown)
        moved = [parameter for group in self.optimiser.param_groups for parameter in group["params"]]
        if self.accelerator.num_processes > 1:
            for parameter in moved:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                parameter.grad = self.accelerator.reduce(parameter.grad, "mean")
        measures["gradient_norm"] = norm = float(nn.utils.clip_grad_norm_(moved, settings.clip or float("inf")))
        if not math.isfinite(norm):
            raise UsageError(f"{settings.name}: gradients are not finite at step {step + 1}; lower `learning_rate`")
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        measures |= self.objective.stepped(step, self.steps)
        self.progress.step += 1
        self.progress.seconds += time.perf_counter() - before
        if shown:
            self._log({**measures, "learning_rate": self.optimiser.param_groups[0]["lr"]})
        if self.progress.step % settings.evaluate_every == 0 or self.progress.step == self.steps:
            self._look()

    def _look(self) -> None:
        """Score the encoder on development data and keep it if it is the best so far."""
        if self.look is None or not self._leads:
            return
        began = time.perf_counter()
        self.objective.networks.eval()
        scores = self.look(self.objective.encoder)
        self.progress.seconds += time.perf_counter() - began
        if self.progress.step and scores["score"] > self.progress.best_score:
            self.progress.best_score, self.progress.best_step = scores["score"], self.progress.step
            self.progress.scores = scores
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in self.objective.moving().items()}
        self._log({f"dev_{name}": value for name, value in scores.items()})

    def _log(self, measures: Measures) -> None:
        if not self._leads:
            return
        progress = self.progress
        line = {"step": progress.step, "seconds": round(progress.seconds, 1), **measures}
        with (self.output / CURVES).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.report(progress.step, self.steps, measures)

    def save(self) -> None:
        """Write the state of the run."""
        if not self._leads:
            return
        state = {
            "config": self.settings.as_dict(),
            "data": self.digest,
            "progress": asdict(self.progress),
            "moving": self.objective.moving(),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
        }
        with atomic_write(self.state, "the training state") as file:
            torch.save(state, file)

    def restore(self) -> None:
        """Go on from the saved state.

        Raises:
            UsageError: it belongs to another configuration or to other data.
            WeightsInvalid: it is damaged.
        """
        state = read_state(self.state, self.accelerator.device)
        saved, digest = state["config"], state["data"]
        mine = json.loads(json.dumps(self.settings.as_dict()))
        differ = [name for name in mine if mine[name] != saved.get(name)] + ["the training data"] * (
            digest != self.digest
        )
        if differ:
            raise UsageError(
                f"{self.state} belongs to another run ({', '.join(differ)} differ): choose another `--output`, or "
                "remove it to begin again"
            )
        self.objective.networks.load_state_dict(state["moving"], strict=False)
        self.optimiser.load_state_dict(state["optimiser"])
        self.progress, self.best = Progress(**state["progress"]), state["best"]

    def facts(self) -> dict[str, Any]:
        """How the run went, as JSON holds it."""
        device, progress = self.accelerator.device, self.progress
        gpu = device.type == "cuda"
        return {
            "config": self.settings.as_dict(),
            "step": progress.step,
            "steps": self.steps,
            "best_step": progress.best_step,
            "scores": progress.scores,
            "seconds": round(progress.seconds, 1),
            "processes": self.accelerator.num_processes,
            "device": torch.cuda.get_device_name(device) if gpu else f"a CPU (threads: {torch.get_num_threads()})",
            "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
        }


def read_state(path: Path, device: torch.device) -> dict[str, Any]:
    """The state of a run; nothing in the file is executed.

    Raises:
        WeightsInvalid: it is damaged.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        if not {"config", "data", "progress", "moving", "optimiser", "best"} <= set(state):
            raise ValueError("it is not the state of a run")
    except Exception as error:  # torch raises half a dozen kinds, all of which mean the file
        raise WeightsInvalid(f"{path} cannot be read ({error}); remove it to begin again") from error
    return state


def parameter_groups(networks: nn.Module, settings: RunConfig) -> list[dict[str, Any]]:
    """Groups for AdamW: encoder or new heads, which learn faster; matrices, or biases and norms, which do not decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in networks.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((".model." in name, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": group,
            "lr": settings.learning_rate if encoder else settings.head_learning_rate,
            "peak": settings.learning_rate if encoder else settings.head_learning_rate,
            "weight_decay": settings.weight_decay if matrix else 0.0,
        }
        for (encoder, matrix), group in sorted(groups.items(), reverse=True)
    ]


def read_curves(path: Path) -> list[dict[str, Any]]:
    """Lines of a file of curves, up to one that a crash cut off; none when there is no file."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines


def _mixed(*parts: int) -> int:
    """A seed for each batch of each run."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0]) >> 2
