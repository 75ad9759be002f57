"""CARL as one of the recipes: its own trainer under the budget of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from carl.backbone import Start
from carl.config import Config
from carl.configurations import configuration
from carl.recipes.budget import Budget, operations
from carl.recipes.card import recipe_card
from carl.recipes.config import RecipeConfig
from carl.recipes.recipe import Recipe
from carl.recipes.trainer import recipe_facts
from carl.trainer import Trainer
from carl.training_data import TrainingData


class CarlTrainer(Trainer):
    """CARL's trainer, its steps chosen by what one costs.

    Args:
        config: of the recipe's run; what it does not say is that of the `-cpu` configurations.
        recipe: CARL's.
        start: the backbone.
        data: the texts that the other recipes read.
        output: directory of the checkpoint.
        spending: floating-point operations that the run may spend.
        device: `cpu`, `cuda`, ...
        report: gets a line of text at every measurement.
    """

    def __init__(
        self,
        config: RecipeConfig,
        recipe: Recipe,
        start: Start,
        data: TrainingData,
        output: Path,
        spending: float,
        *,
        device: str = "cpu",
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        probe = Trainer(_settings(config), start, data, output, device=device)
        cost = operations(lambda number: _one(probe, number))
        self.recipe, self.budgeted = recipe, config
        self.budget = Budget(config.texts, spending, cost, config.batch)
        settings = replace(_settings(config), steps=self.budget.steps)
        super().__init__(settings, start, data, output, device=device, report=report)

    def record(self) -> dict[str, Any]:
        """How the checkpoint was made."""
        return {**super().record(), **recipe_facts(self.recipe, self.budget, self.budgeted)}

    def card(self, record: Mapping[str, Any]) -> str:
        """The model card."""
        return recipe_card(record)


def _one(probe: Trainer, number: int) -> None:
    probe.model.train()
    probe.backward(number, torch.Generator().manual_seed(number), scale=1.0, measure=False)
    probe.model.zero_grad(set_to_none=True)


def _settings(config: RecipeConfig) -> Config:
    return replace(
        configuration("carl-minilm-cpu"),
        name=config.name,
        backbone=config.backbone,
        batch=config.batch,
        max_length=config.max_length,
        learning_rate=config.learning_rate,
        head_learning_rate=config.head_learning_rate,
        weight_decay=config.weight_decay,
        warmup=config.warmup,
        clip=config.clip,
        precision=config.precision,
        seed=config.seed,
        log_every=config.log_every,
        evaluate_every=config.evaluate_every,
        save_every=config.save_every,
    )
