"""CARL's own training run: its networks, its data and its objective in the shared loop (`carl.loop`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from carl.backbone import Start
from carl.batches import Batch, batch_rows, batches_per_epoch, collate, special_ids
from carl.card import model_card
from carl.compilation import compile_layers
from carl.config import Config
from carl.development import DevelopmentData
from carl.distributed import Team, share_batch_norm
from carl.label_source import LabelSource
from carl.loop import STATE as STATE
from carl.loop import Loop
from carl.model import Backbone, Carl
from carl.objective import Measures, Objective
from carl.optimiser import parameter_groups
from carl.record import run_record
from carl.schedule import momentum, move_target, share_moved
from carl.sources import training_hashes
from carl.training_data import TrainingData, training_data
from harness.errors import UsageError


class Trainer(Loop):
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
        if isinstance(sources, TrainingData):
            data = sources
        else:
            data = training_data(start, sources, config.max_length, config.teacher)
        team = team or Team()
        self.config = config
        self.data = data
        self.items, self.labels = data.items, data.labels
        self.batch = _batch_size(config.batch, len(data), team.size)
        self.special = special_ids(start.tokenizer, start.shape.padding)
        period = max(batches_per_epoch(len(data), self.batch) // config.accumulation, 1)
        place = torch.device(device)
        with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
            torch.manual_seed(config.seed)
            backbone = Backbone(start.shape, config.dropout)
            backbone.load(start.tensors)
            self.model = Carl(backbone, config, data.lessons.size if data.lessons else 0).to(place)
        if team.size > 1:
            share_batch_norm(self.model)
        if compiler is not None:
            compile_layers(self.model, compiler)
        self.objective = Objective(self.model, config, place, team)
        super().__init__(
            config,
            start,
            output,
            self.model,
            parameter_groups(self.model, config),
            digest=data.digest,
            steps=config.steps or config.epochs * period,
            period=period,
            device=place,
            development=development,
            team=team,
            piece_size=piece_size,
            report=report,
        )

    def backward(self, number: int, generator: torch.Generator, *, scale: float, measure: bool) -> Measures:
        """Add the gradient of CARL's loss; see `Loop.backward`."""
        batch = self._batch(number).to(self.device)
        measures = self.objective.backward(batch, generator, scale=scale, measure=measure)
        if (lessons := self.data.lessons) is not None:
            # The same texts come in another order than among the labelled ones.
            rows = batch_rows(len(lessons), self.batch, number, self.config.seed + 1)
            taught = self._collate([lessons.items[row] for row in rows], lessons.targets[rows]).to(self.device)
            measures |= self.objective.teach(taught, scale=scale, measure=measure)
        return measures

    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Everything but the target branch."""
        return self.model.trainable()

    def backbone(self) -> Backbone:
        """The online branch's encoder."""
        return self.model.online.backbone

    def stepped(self, step: int) -> None:
        """Let the target branch follow, CARL equation (1)."""
        move_target(self.model.target, self.model.online, self._momentum(step))

    def _batch(self, number: int) -> Batch:
        rows = batch_rows(len(self.items), self.batch, number, self.config.seed)
        return self._collate([self.items[row] for row in rows], self.labels[rows])

    def _collate(self, items: Sequence[Any], labels: Any) -> Batch:
        return collate(items, labels, padding=self.start.shape.padding, special=self.special)

    def _momentum(self, step: int) -> float:
        return momentum(step, self.steps, self.config.momentum) if self.config.target == "momentum" else 0.0

    def state_measures(self, step: int) -> Measures:
        """Learning rate, momentum, and how far the target has gone."""
        follows = self.config.target == "momentum"
        return {
            **super().state_measures(step),
            "momentum": self._momentum(step),
            "target_moved": share_moved(step + 1, self.steps, self.config.momentum) if follows else 1.0,
        }

    def held_out(self) -> Measures:
        """What the detector sees of an attack on held-out texts."""
        if not self.config.lambda_ptd:
            return {}
        assert self.development is not None
        items, labels = self.development.held_out()
        batches = (
            self._collate(items[start : start + self.batch], labels[start : start + self.batch])
            for start in range(0, len(items) - 1, self.batch)
        )
        return self.objective.held_out(batches, self.config.seed)

    def record(self) -> dict[str, Any]:
        """How the checkpoint was made."""
        return run_record(
            self.config, self.start, self.data.sources, self.progress, steps=self.steps, device=self.device
        )

    def card(self, record: Mapping[str, Any]) -> str:
        """The model card."""
        return model_card(record)

    def hashes(self) -> list[str]:
        """Hashes of all training texts."""
        return training_hashes(self.data.sources)


def _batch_size(wanted: int, texts: int, processes: int) -> int:
    """Texts of a batch: as many as there are, where that is fewer."""
    size = min(wanted, texts)
    if size % processes or size < 2 * processes:
        raise UsageError(
            f"{processes} processes cannot share a batch of {size} texts evenly, two or more to each: "
            "pass another `--set batch=N` or --nproc-per-node"
        )
    return size
