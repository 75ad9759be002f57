"""The training loop: optimiser, schedules, curves, choice of the best step, and exact resumption.

Order, dropout and random tokens of a batch are functions of the seed and the batch's number, the learning rate and the
momentum functions of the step: a state file holds weights, optimiser and counters, and a resumed run on a CPU
continues bit by bit as the uninterrupted one would have.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from carl.backbone import Start
from carl.batches import Batch, batch_rows, batches_per_epoch, collate, special_ids
from carl.card import model_card
from carl.checkpointing import read_state, write_checkpoint, write_state
from carl.config import Config
from carl.curves import Curves
from carl.development import DevelopmentData
from carl.encoding import embed
from carl.label_source import LabelSource
from carl.model import Backbone, Carl
from carl.objective import Measures, Objective
from carl.optimiser import parameter_groups
from carl.record import Progress, run_record
from carl.schedule import learning_rate_factor, momentum, move_target, share_moved
from carl.sources import training_hashes
from harness.errors import UsageError
from harness.transformer.tokenization import encode_ids

#: Subfolder of the output with the state and the curves.
WORK = "training"


class Trainer:
    """One training run on one device.

    Args:
        config: everything that decides the result.
        start: the backbone.
        sources: labelled texts.
        output: directory of the checkpoint; state and curves go to `training/` in it.
        device: `cpu`, `cuda`, ...
        development: scores the network now and then; None ships the last step.
        report: gets a line of text at every measurement.

    Raises:
        UsageError: too few texts, or texts longer than the backbone has positions for.
    """

    def __init__(
        self,
        config: Config,
        start: Start,
        sources: Sequence[LabelSource],
        output: Path,
        *,
        device: str = "cpu",
        development: DevelopmentData | None = None,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        if config.max_length > start.shape.max_tokens:
            raise UsageError(f"max_length is {config.max_length}, {config.backbone} takes {start.shape.max_tokens}")
        self.config = config
        self.start = start
        self.sources = tuple(sources)
        self.output = output
        self.device = torch.device(device)
        self.development = development
        self.report = report
        self.progress = Progress()
        self.stopping = False
        texts = [text for source in self.sources for text in source.texts]
        if len(texts) < 2:
            raise UsageError(f"there are {len(texts)} training texts; at least two are compared with each other")
        self.batch = min(config.batch, len(texts))
        self.items = encode_ids(start.tokenizer, texts, config.max_length)
        self.labels = np.concatenate([source.labels for source in self.sources])
        self.special = special_ids(start.tokenizer, start.shape.padding)
        self.period = max(batches_per_epoch(len(texts), self.batch) // config.accumulation, 1)
        self.steps = config.steps or config.epochs * self.period
        with self._own_randomness():
            torch.manual_seed(config.seed)
            backbone = Backbone(start.shape, config.dropout)
            backbone.load(start.tensors)
            self.model = Carl(backbone, config).to(self.device)
        self.objective = Objective(self.model, config, self.device)
        self.optimiser = torch.optim.AdamW(parameter_groups(self.model, config), lr=config.learning_rate)
        self.best: dict[str, torch.Tensor] | None = None

    # What a run consists of

    def run(self, *, until: int | None = None) -> bool:
        """Train to the end, from the saved state if there is one, and write the checkpoint.

        Args:
            until: step after which to stop and save the state; None goes to the end.

        Returns:
            Whether the run is complete. It is not when `until` or `stop` ended it before.

        Raises:
            UsageError: the saved state belongs to another configuration or to other data.
        """
        if self.state_path.is_file():
            self.restore()
        curves = Curves(self.output / WORK / "curves.jsonl", self.progress.step)
        last = min(until or self.steps, self.steps)
        with self._own_randomness():
            self.model.train()
            if self.progress.step == 0:
                self._look(curves)
            while self.progress.step < last and not self.stopping:
                began = time.perf_counter()
                self._advance(curves)
                self.progress.seconds += time.perf_counter() - began
                if self.progress.step % self.config.save_every == 0 and self.progress.step < last:
                    self.save()
        self.save()
        if self.progress.step < self.steps:
            return False
        self.write()
        return True

    def stop(self) -> None:
        """Ask the run to save its state after the current step and to return."""
        self.stopping = True

    def _advance(self, curves: Curves) -> None:
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
            torch.manual_seed(_mixed(config.seed, number))
            generator = torch.Generator().manual_seed(_mixed(config.seed, number))
            measures = self.objective.backward(
                self._batch(number).to(self.device), generator, scale=1 / config.accumulation, measure=measure
            )
        if config.clip:
            norm = torch.nn.utils.clip_grad_norm_([p for _, p in self.model.trainable()], config.clip)
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

    def _look(self, curves: Curves) -> None:
        """Score the network on development data and keep it if it is the best so far."""
        if self.development is None:
            return
        step = self.progress.step
        scores = self.development.scores(lambda items: embed(self.model.online.backbone, items, self.device))
        if step and scores["score"] > self.progress.best_score:
            self.progress.best_score, self.progress.best_step = scores["score"], step
            self.progress.scores = scores
            self.best = {name: tensor.cpu().clone() for name, tensor in self._encoder().items()}
        held_out = self._held_out() if self.config.lambda_ptd else {}
        self._log(curves, {**scores, **{f"held_out_{name}": value for name, value in held_out.items()}})

    def _held_out(self) -> Measures:
        assert self.development is not None
        items, labels = self.development.held_out()
        batches = (
            self._collate(items[start : start + self.batch], labels[start : start + self.batch])
            for start in range(0, len(items) - 1, self.batch)
        )
        return self.objective.held_out(batches, self.config.seed)

    def _log(self, curves: Curves, measures: Measures) -> None:
        line = {"step": self.progress.step, "seconds": round(self.progress.seconds, 3), **measures}
        curves.add(line)
        shown = "  ".join(f"{name} {value:.4g}" for name, value in measures.items() if value is not None)
        self.report(f"step {self.progress.step}/{self.steps}  {self.progress.seconds:.0f} s  {shown}")

    def _encoder(self) -> dict[str, torch.Tensor]:
        return dict(self.model.online.backbone.state_dict())

    # Files

    @property
    def state_path(self) -> Path:
        """The file from which a run goes on."""
        return self.output / WORK / "state.pt"

    def save(self) -> None:
        """Write the state of the run."""
        write_state(
            self.state_path,
            {
                "config": self.config.as_dict(),
                "data": self._fingerprint,
                "progress": dict(vars(self.progress)),
                "model": self.model.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "best": self.best,
            },
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
        if state["data"] != self._fingerprint:
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
        record = run_record(self.config, self.start, self.sources, self.progress, steps=self.steps, device=self.device)
        write_checkpoint(
            self.output,
            self.best if self.best is not None else self._encoder(),
            self.start,
            card=model_card(record),
            record=record,
            hashes=training_hashes(self.sources),
        )

    @cached_property
    def _fingerprint(self) -> str:
        """Content digest of token ids, labels and starting weights."""
        import hashlib

        digest = hashlib.blake2b(digest_size=16)
        for item in self.items:
            digest.update(len(item).to_bytes(4, "little") + item.tobytes())
        digest.update(self.labels.tobytes())
        for name in sorted(self.start.tensors):
            digest.update(name.encode() + self.start.tensors[name].float().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _own_randomness(self) -> Any:
        """Leave the caller's random generators as they were."""
        return torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else [])


def _mixed(seed: int, number: int) -> int:
    """A seed for each batch of each run."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0] >> 1)
