"""The training loop: optimiser, schedules, curves, choice of the best step, and exact resumption.

Order, dropout and random tokens of a batch are functions of the seed and the batch's number, the learning rate and the
momentum functions of the step: a state file holds weights, optimiser and counters, and a resumed run on a CPU
continues bit by bit as the uninterrupted one would have.

Several processes share every batch (`carl.distributed`); the first one watches and writes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from carl.backbone import Start
from carl.batches import Batch, batch_rows, batches_per_epoch, collate, special_ids
from carl.card import model_card
from carl.checkpointing import has_state, read_state, write_checkpoint, write_state
from carl.compilation import compile_layers
from carl.config import Config
from carl.curves import CURVES, Curves
from carl.development import DevelopmentData
from carl.distributed import Team, share_batch_norm
from carl.encoding import embed
from carl.label_source import LabelSource
from carl.model import Backbone, Carl
from carl.objective import Measures, Objective
from carl.optimiser import parameter_groups
from carl.record import Progress, run_record
from carl.schedule import learning_rate_factor, momentum, move_target, share_moved
from carl.sources import training_hashes
from carl.training_data import TrainingData, training_data
from carl.watching import Pace
from harness.errors import UsageError

#: Where a run's state lies in its output directory.
STATE = "training/state.pt"


class Trainer:
    """One training run on one device, or one process's share of it.

    Args:
        config: everything that decides the result.
        start: the backbone.
        sources: labelled texts, or the same tokenised, which several runs may share.
        output: directory of the checkpoint; state and curves go to `training/` in it.
        device: `cpu`, `cuda`, ...
        development: scores the network now and then; None ships the last step.
        team: processes that share every batch.
        piece_size: most bytes in a file of the state; None writes one file.
        compiler: torch.compile's backend for the encoders' layers; None leaves them as they are.
        report: gets a line of text at every measurement.

    Raises:
        UsageError: too few texts, texts longer than the backbone has positions for, or a batch that the processes
            cannot share evenly.
    """

    def __init__(
        self,
        config: Config,
        start: Start,
        sources: Sequence[LabelSource] | TrainingData,
        output: Path,
        *,
        device: str = "cpu",
        development: DevelopmentData | None = None,
        team: Team | None = None,
        piece_size: int | None = None,
        compiler: str | None = None,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        data = sources if isinstance(sources, TrainingData) else training_data(start, sources, config.max_length)
        self.config = config
        self.start = start
        self.data = data
        self.output = output
        self.device = torch.device(device)
        self.team = team or Team()
        self.development = development
        self.piece_size = piece_size
        self.report = report
        self.progress = Progress()
        self.stopping = False
        self.items, self.labels = data.items, data.labels
        self.batch = _batch_size(config.batch, len(data), self.team.size)
        self.special = special_ids(start.tokenizer, start.shape.padding)
        self.period = max(batches_per_epoch(len(data), self.batch) // config.accumulation, 1)
        self.steps = config.steps or config.epochs * self.period
        with self._own_randomness():
            torch.manual_seed(config.seed)
            backbone = Backbone(start.shape, config.dropout)
            backbone.load(start.tensors)
            self.model = Carl(backbone, config).to(self.device)
        if self.team.size > 1:
            share_batch_norm(self.model)
        if compiler is not None:
            compile_layers(self.model, compiler)
        self.objective = Objective(self.model, config, self.device, self.team)
        self.optimiser = torch.optim.AdamW(parameter_groups(self.model, config), lr=config.learning_rate)
        self.best: dict[str, torch.Tensor] | None = None
        self.pace = Pace(0, self.steps)

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
            self.model.train()
            if self.progress.step == 0:
                self._look(curves)
                self.pace = Pace(0, self.steps)
            while self.progress.step < last and not self._ends(None if seconds is None else began + seconds):
                before = time.perf_counter()
                self._advance(curves)
                self.progress.seconds += time.perf_counter() - before
                if self.progress.step % self.config.save_every == 0 and self.progress.step < last:
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
        shown = (step + 1) % self.config.log_every == 0 or step + 1 == self.steps
        measures = self._update(step, measure=shown)
        self.progress.step = step + 1
        if shown:
            self._log(curves, {**measures, **self._state_measures(step)})
        if (step + 1) % self.config.evaluate_every == 0 or step + 1 == self.steps:
            self._look(curves)

    def _update(self, step: int, *, measure: bool) -> Measures:
        config = self.config
        factor = learning_rate_factor(step, self.steps, self.period if config.restarts else self.steps, config.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        measures: Measures = {}
        for place in range(config.accumulation):
            number = step * config.accumulation + place
            torch.manual_seed(_mixed(config.seed, number, *([self.team.rank] if self.team.rank else [])))
            generator = torch.Generator().manual_seed(_mixed(config.seed, number))
            measures = self.objective.backward(
                self._batch(number).to(self.device), generator, scale=1 / config.accumulation, measure=measure
            )
        parameters = [parameter for _, parameter in self.model.trainable()]
        self.team.sum_gradients(parameters)
        if config.clip:
            norm = torch.nn.utils.clip_grad_norm_(parameters, config.clip)
            if measure:
                measures["gradient_norm"] = float(norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        move_target(self.model.target, self.model.online, self._momentum(step))
        return measures

    def _batch(self, number: int) -> Batch:
        rows = batch_rows(len(self.items), self.batch, number, self.config.seed)
        return self._collate([self.items[row] for row in rows], self.labels[rows])

    def _collate(self, items: Sequence[Any], labels: Any) -> Batch:
        return collate(items, labels, padding=self.start.shape.padding, special=self.special)

    def _momentum(self, step: int) -> float:
        return momentum(step, self.steps, self.config.momentum) if self.config.target == "momentum" else 0.0

    def _state_measures(self, step: int) -> Measures:
        follows = self.config.target == "momentum"
        return {
            "learning_rate": self.optimiser.param_groups[0]["lr"],
            "momentum": self._momentum(step),
            "target_moved": share_moved(step + 1, self.steps, self.config.momentum) if follows else 1.0,
        }

    # Watching

    def _look(self, curves: Curves | None) -> None:
        """Score the network on development data and keep it if it is the best so far."""
        if self.development is None or curves is None:
            return
        step = self.progress.step
        scores = self.development.scores(lambda items: embed(self.model.online.backbone, items, self.device))
        best = bool(step) and scores["score"] > self.progress.best_score
        if best:
            self.progress.best_score, self.progress.best_step = scores["score"], step
            self.progress.scores = scores
            self.best = {name: tensor.cpu().clone() for name, tensor in self._encoder().items()}
        held_out = self._held_out() if self.config.lambda_ptd else {}
        note = "the best so far" if best else f"best at step {self.progress.best_step}" if step else "before training"
        self._log(curves, {**scores, **{f"held_out_{name}": value for name, value in held_out.items()}}, note)

    def _held_out(self) -> Measures:
        assert self.development is not None
        items, labels = self.development.held_out()
        batches = (
            self._collate(items[start : start + self.batch], labels[start : start + self.batch])
            for start in range(0, len(items) - 1, self.batch)
        )
        return self.objective.held_out(batches, self.config.seed)

    def _log(self, curves: Curves | None, measures: Measures, note: str = "") -> None:
        if curves is None:
            return
        progress = self.progress
        curves.add({"step": progress.step, "seconds": round(progress.seconds, 3), **measures})
        self.report(self.pace.line(progress.step, progress.seconds, measures, note))

    def _encoder(self) -> dict[str, torch.Tensor]:
        return dict(self.model.online.backbone.state_dict())

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
                "config": self.config.as_dict(),
                "data": self.data.digest,
                "progress": dict(vars(self.progress)),
                "model": self.model.state_dict(),
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
        saved = Config.from_dict(state["config"])
        if saved != self.config:
            mine, other = self.config.as_dict(), saved.as_dict()
            changed = [name for name in mine if mine[name] != other[name]]
            raise UsageError(
                f"{self.state_path} belongs to another configuration ({', '.join(changed)} differ): choose another "
                "`--output`, or remove it to begin again"
            )
        if state["data"] != self.data.digest:
            raise UsageError(
                f"{self.state_path} belongs to a run on other data or another backbone: choose another `--output`, "
                "or remove it to begin again"
            )
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.progress = Progress(**state["progress"])
        self.best = state["best"]

    def write(self) -> None:
        """Write the checkpoint: the best step's encoder, or the last one's where nothing was looked at."""
        if not self.team.leads:
            return
        sources = self.data.sources
        record = run_record(self.config, self.start, sources, self.progress, steps=self.steps, device=self.device)
        write_checkpoint(
            self.output,
            self.best if self.best is not None else self._encoder(),
            self.start,
            card=model_card(record),
            record=record,
            hashes=training_hashes(sources),
        )

    def _own_randomness(self) -> Any:
        """Leave the caller's random generators as they were."""
        return torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else [])


def _batch_size(wanted: int, texts: int, processes: int) -> int:
    """Texts of a batch: as many as there are, where that is fewer."""
    size = min(wanted, texts)
    if size % processes or size < 2 * processes:
        raise UsageError(
            f"{processes} processes cannot share a batch of {size} texts evenly, two or more to each: "
            "pass another `--set batch=N` or --nproc-per-node"
        )
    return size


def _mixed(*parts: int) -> int:
    """A seed for each batch of each run."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)
