"""The training loop: optimiser, schedule, curves, choice of the best step, and exact resumption.

What is trained, and on what, the subclasses say: `trainer.Trainer` for CARL, `recipes.trainer.RecipeTrainer` for the
objectives of other encoders. All of them go through this one loop.

Order, dropout and random tokens of a batch are functions of the seed and the batch's number, the learning rate a
function of the step: a state file holds weights, optimiser and counters, and a resumed run on a CPU continues bit by
bit as the uninterrupted one would have.

Several processes share every batch (`carl.distributed`); the first one watches and writes.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from carl.backbone import Start
from carl.checkpointing import fits_run, has_state, read_state, restore_optimiser, write_checkpoint, write_state
from carl.curves import CURVES, Curves
from carl.development import DevelopmentData
from carl.distributed import Team
from carl.encoding import embed
from carl.model import Backbone
from carl.objective import Measures
from carl.record import Progress
from carl.schedule import learning_rate_factor
from carl.watching import Pace
from harness.errors import UsageError

#: Where a run's state lies in its output directory.
STATE = "training/state.pt"


class Settings(Protocol):
    """What the loop asks of a configuration; see `carl.config.Config` for the meaning of the fields."""

    @property
    def accumulation(self) -> int: ...  # noqa: D102

    @property
    def seed(self) -> int: ...  # noqa: D102

    @property
    def restarts(self) -> bool: ...  # noqa: D102

    @property
    def warmup(self) -> float: ...  # noqa: D102

    @property
    def clip(self) -> float: ...  # noqa: D102

    @property
    def log_every(self) -> int: ...  # noqa: D102

    @property
    def evaluate_every(self) -> int: ...  # noqa: D102

    @property
    def save_every(self) -> int: ...  # noqa: D102

    def as_dict(self) -> dict[str, Any]:
        """Field → value, as JSON holds it."""
        ...

    def from_dict(self, values: Mapping[str, Any]) -> Settings:
        """The inverse of `as_dict`."""
        ...


class Loop(ABC):
    """One training run on one device, or one process's share of it.

    Args:
        settings: everything that decides the result.
        start: the backbone.
        output: directory of the checkpoint; state and curves go to `training/` in it.
        model: the networks, on the device.
        groups: parameter groups for AdamW, each with its `peak` learning rate.
        digest: of the training data and the starting weights.
        steps: of the whole run.
        period: steps from one warm restart to the next.
        device: where the model is.
        development: scores the network now and then; None ships the last step.
        team: processes that share every batch.
        piece_size: most bytes in a file of the state; None writes one file.
        report: gets a line of text at every measurement.
    """

    def __init__(
        self,
        settings: Settings,
        start: Start,
        output: Path,
        model: nn.Module,
        groups: Sequence[dict[str, Any]],
        *,
        digest: str,
        steps: int,
        period: int,
        device: torch.device,
        development: DevelopmentData | None = None,
        team: Team | None = None,
        piece_size: int | None = None,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.settings = settings
        self.start = start
        self.output = output
        self.networks = model
        self.digest = digest
        self.steps = steps
        self.period = period
        self.device = device
        self.team = team or Team()
        self.development = development
        self.piece_size = piece_size
        self.report = report
        self.progress = Progress()
        self.stopping = False
        # One pass over the memory instead of a dozen: on a CPU a fifth of the time of the default.
        self.optimiser = torch.optim.AdamW(list(groups), lr=groups[0]["peak"], fused=True)
        self.best: dict[str, torch.Tensor] | None = None
        self.pace = Pace(0, self.steps)

    # What a subclass says

    @abstractmethod
    def backward(self, number: int, generator: torch.Generator, *, scale: float, measure: bool) -> Measures:
        """Add the gradient of the batch with a number, counted over the whole run, to the parameters.

        Args:
            number: from 0 on.
            generator: on the CPU; draws whatever is random besides dropout.
            scale: factor of the loss, 1 / accumulated batches.
            measure: compute what the curves show.
        """

    @abstractmethod
    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Name and parameter of everything that gradients reach."""

    @abstractmethod
    def backbone(self) -> Backbone:
        """The encoder as it is used on texts after training."""

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """How the checkpoint was made, for `training.json`."""

    @abstractmethod
    def card(self, record: Mapping[str, Any]) -> str:
        """The model card, Markdown."""

    @abstractmethod
    def hashes(self) -> list[str]:
        """Hashes of the training texts."""

    def stepped(self, step: int) -> None:
        """What is due after each optimiser step."""
        return

    def state_measures(self, step: int) -> Measures:
        """What the curves show of the state after a step."""
        return {"learning_rate": self.optimiser.param_groups[0]["lr"]}

    def held_out(self) -> Measures:
        """What is measured on held-out texts beside the development scores."""
        return {}

    # What a run consists of

    def run(self, *, until: int | None = None, seconds: float | None = None) -> bool:
        """Train to the end, from the saved state if there is one, and write the checkpoint.

        Args:
            until: step after which to stop and save the state; None goes to the end.
            seconds: time after which to do so. The schedule does not depend on it.

        Returns:
            Whether the run is complete. It is not when `until`, `seconds` or `stop` ended it before.

        Raises:
            UsageError: the saved state belongs to another configuration or to other data.
        """
        began = time.monotonic()
        if has_state(self.state_path):
            self.restore()
        self.pace = Pace(self.progress.step, self.steps)
        curves = Curves(self.output / CURVES, self.progress.step) if self.team.leads else None
        last = min(until or self.steps, self.steps)
        with self._own_randomness():
            self.networks.train()
            if self.progress.step == 0:
                self._look(curves)
                self.pace = Pace(0, self.steps)
            while self.progress.step < last and not self._ends(None if seconds is None else began + seconds):
                before = time.perf_counter()
                self._advance(curves)
                self.progress.seconds += time.perf_counter() - before
                if self.progress.step % self.settings.save_every == 0 and self.progress.step < last:
                    self.save()
        self.save()
        if self.progress.step < self.steps:
            return False
        self.write()
        return True

    def _ends(self, deadline: float | None) -> bool:
        """Whether any process was asked to stop, or has no time left: all of them end after the same step."""
        overdue = deadline is not None and time.monotonic() >= deadline
        return self.team.any(self.stopping or overdue, self.device)

    def stop(self) -> None:
        """Ask the run to save its state after the current step and to return."""
        self.stopping = True

    def _advance(self, curves: Curves | None) -> None:
        """One optimiser step, and what is due after it."""
        step = self.progress.step
        shown = (step + 1) % self.settings.log_every == 0 or step + 1 == self.steps
        measures = self._update(step, measure=shown)
        self.progress.step = step + 1
        if shown:
            self._log(curves, {**measures, **self.state_measures(step)})
        if (step + 1) % self.settings.evaluate_every == 0 or step + 1 == self.steps:
            self._look(curves)

    def _update(self, step: int, *, measure: bool) -> Measures:
        settings = self.settings
        period = self.period if settings.restarts else self.steps
        factor = learning_rate_factor(step, self.steps, period, settings.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        measures: Measures = {}
        for place in range(settings.accumulation):
            number = step * settings.accumulation + place
            torch.manual_seed(_mixed(settings.seed, number, *([self.team.rank] if self.team.rank else [])))
            generator = torch.Generator().manual_seed(_mixed(settings.seed, number))
            measures = self.backward(number, generator, scale=1 / settings.accumulation, measure=measure)
        parameters = [parameter for _, parameter in self.trainable()]
        self.team.sum_gradients(parameters)
        if settings.clip:
            norm = torch.nn.utils.clip_grad_norm_(parameters, settings.clip)
            if measure:
                measures["gradient_norm"] = float(norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.stepped(step)
        return measures

    # Watching

    def _look(self, curves: Curves | None) -> None:
        """Score the network on development data and keep it if it is the best so far."""
        if self.development is None or curves is None:
            return
        step = self.progress.step
        backbone = self.backbone()
        scores = self.development.scores(lambda items: embed(backbone, items, self.device))
        best = bool(step) and scores["score"] > self.progress.best_score
        if best:
            self.progress.best_score, self.progress.best_step = scores["score"], step
            self.progress.scores = scores
            self.best = {name: tensor.cpu().clone() for name, tensor in self._encoder().items()}
        note = "the best so far" if best else f"best at step {self.progress.best_step}" if step else "before training"
        self._log(curves, {**scores, **{f"held_out_{name}": value for name, value in self.held_out().items()}}, note)

    def _log(self, curves: Curves | None, measures: Measures, note: str = "") -> None:
        if curves is None:
            return
        progress = self.progress
        curves.add({"step": progress.step, "seconds": round(progress.seconds, 3), **measures})
        self.report(self.pace.line(progress.step, progress.seconds, measures, note))

    def _encoder(self) -> dict[str, torch.Tensor]:
        return dict(self.backbone().state_dict())

    # Files

    @property
    def state_path(self) -> Path:
        """The file, or the name of the pieces, from which a run goes on."""
        return self.output / STATE

    def save(self) -> None:
        """Write the state of the run."""
        if not self.team.leads:
            return
        write_state(
            self.state_path,
            {
                "config": self.settings.as_dict(),
                "data": self.digest,
                "progress": dict(vars(self.progress)),
                "model": self.networks.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "best": self.best,
            },
            self.piece_size,
        )

    def restore(self) -> None:
        """Go on from the saved state.

        Raises:
            UsageError: it belongs to another configuration or to other data.
            StorageFault: it is damaged.
        """
        state = read_state(self.state_path)
        with fits_run(self.state_path):
            saved, data = self.settings.from_dict(state["config"]), state["data"]
        if saved != self.settings:
            mine, other = self.settings.as_dict(), saved.as_dict()
            changed = [name for name in mine if mine[name] != other[name]]
            raise UsageError(
                f"{self.state_path} belongs to another configuration ({', '.join(changed)} differ): choose another "
                "`--output`, or remove it to begin again"
            )
        if data != self.digest:
            raise UsageError(
                f"{self.state_path} belongs to a run on other data or another backbone: choose another `--output`, "
                "or remove it to begin again"
            )
        with fits_run(self.state_path):
            self.networks.load_state_dict(state["model"])
            restore_optimiser(self.optimiser, state["optimiser"])
            self.progress = Progress(**state["progress"])
            self.progress.check(self.steps)
            self.best = state["best"]
            sizes = {name: tensor.shape for name, tensor in self._encoder().items()}
            if self.best is not None and {name: tensor.shape for name, tensor in self.best.items()} != sizes:
                raise ValueError("its best weights are of another shape")

    def write(self) -> None:
        """Write the checkpoint: the best step's encoder, or the last one's where nothing was looked at."""
        if not self.team.leads:
            return
        record = self.record()
        write_checkpoint(
            self.output,
            self.best if self.best is not None else self._encoder(),
            self.start,
            card=self.card(record),
            record=record,
            hashes=self.hashes(),
        )

    def _own_randomness(self) -> Any:
        """Leave the caller's random generators as they were."""
        return torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else [])


def _mixed(*parts: int) -> int:
    """A seed for each batch of each run."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)
