"""A recipe in the loop that CARL's own trainer runs (`carl.loop`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from carl.backbone import Start
from carl.batches import collate, special_ids
from carl.loop import Loop
from carl.model import Backbone
from carl.objective import Measures
from carl.optimiser import grouped
from carl.recipes.budget import Budget, operations
from carl.recipes.card import recipe_card
from carl.recipes.config import RecipeConfig
from carl.recipes.data import RecipeData
from carl.recipes.marks import Lexicon, vocabulary_polarity
from carl.recipes.objectives.base import Objective, Setup, Shown
from carl.recipes.recipe import Recipe
from carl.record import run_record
from carl.sources import training_hashes
from harness.errors import WeightsInvalid


class RecipeNetworks(nn.Module):
    """The encoder and the heads of a recipe."""

    def __init__(self, backbone: Backbone, objective: Objective) -> None:
        super().__init__()
        self.backbone = backbone
        self.objective = objective

    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Name and parameter of everything that gradients reach; the pooler of the checkpoint is no part of it."""
        return (
            (name, parameter)
            for name, parameter in self.named_parameters()
            if parameter.requires_grad and not name.startswith("backbone.pooler.")
        )


@dataclass(frozen=True)
class Run:
    """What a run is made of, beside its settings."""

    recipe: Recipe
    start: Start
    data: RecipeData
    lexicon: Lexicon
    device: str = "cpu"


class RecipeTrainer(Loop):
    """One run of one recipe.

    Args:
        config: everything that decides the result.
        run: recipe, backbone, texts.
        output: directory of the checkpoint.
        spending: floating-point operations that the run may spend; see `carl.recipes.budget`.
        report: gets a line of text at every measurement.
    """

    def __init__(
        self,
        config: RecipeConfig,
        run: Run,
        output: Path,
        spending: float,
        *,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        device, start = torch.device(run.device), run.start
        self.config = config
        self.run_of = run
        self.special = special_ids(start.tokenizer, start.shape.padding)
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(config.seed)
            backbone = Backbone(start.shape, run.recipe.dropout)
            backbone.load(start.tensors)
            objective = run.recipe.objective_class()(_setup(run, backbone, self.special))
            self.model = RecipeNetworks(backbone, objective).to(device)
        self.device = device
        self.budget = Budget(config.texts, spending, operations(self._count), config.batch)
        super().__init__(
            config,
            start,
            output,
            self.model,
            grouped(self.model.trainable(), config, lambda name: name.startswith("backbone.")),
            digest=run.data.digest,
            steps=self.budget.steps,
            period=self.budget.steps,
            device=device,
            report=report,
        )

    def _count(self, number: int) -> None:
        self.model.train()
        self.backward(number, torch.Generator().manual_seed(number), scale=1.0, measure=False)
        self.model.zero_grad(set_to_none=True)

    def backward(self, number: int, generator: torch.Generator, *, scale: float, measure: bool) -> Measures:
        """Add the gradient of the recipe's loss; see `Loop.backward`."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            losses = self.model.objective.losses(self.model.backbone, self.shown(number), generator)
        total = torch.stack([loss.float() for loss in losses.values()]).sum()
        (total * scale).backward()  # type: ignore[no-untyped-call]
        if not measure:
            return {}
        return {"loss": float(total.detach()), **{name: float(loss.detach()) for name, loss in losses.items()}}

    def shown(self, number: int) -> Shown:
        """The batch with a number."""
        config, data = self.config, self.run_of.data
        rows = self.model.objective.rows(data, config.batch, number, config.seed)
        padding = self.model.backbone.shape.padding
        batch = collate(
            [data.items[row] for row in rows],
            np.zeros((len(rows), 2), dtype=np.float32),
            padding=padding,
            special=self.special,
        ).to(self.device)
        marks = torch.zeros(batch.ids.shape, dtype=torch.int64)
        for place, row in enumerate(rows):
            marks[place, : len(data.marks[row])] = torch.from_numpy(data.marks[row])
        return Shown(
            batch,
            marks.to(self.device),
            torch.from_numpy(data.valence[rows]).to(self.device),
            torch.from_numpy(data.emotion[rows]).to(self.device),
            [data.phrases[row] for row in rows],
            torch.tensor([data.answers[row] or (-1, -1, -1) for row in rows]).to(self.device),
        )

    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Encoder and heads."""
        return self.model.trainable()

    def backbone(self) -> Backbone:
        """The encoder as it reads plain text."""
        return self.model.objective.reading(self.model.backbone)

    def record(self) -> dict[str, Any]:
        """How the checkpoint was made."""
        sources = self.run_of.data.sources
        record = run_record(self.config, self.start, sources, self.progress, steps=self.steps, device=self.device)
        return {**record, **recipe_facts(self.run_of.recipe, self.budget, self.config)}

    def card(self, record: Mapping[str, Any]) -> str:
        """The model card."""
        return recipe_card(record)

    def hashes(self) -> list[str]:
        """Hashes of all training texts."""
        return training_hashes(self.run_of.data.sources)


def recipe_facts(recipe: Recipe, budget: Budget, settings: RecipeConfig) -> dict[str, Any]:
    """What the record of a recipe's run has beside that of every run."""
    return {
        "recipe": {
            "name": recipe.name,
            "title": recipe.title,
            "citation": recipe.citation,
            "group": recipe.group,
            "labels_of": list(recipe.labels_of),
            "as_released": recipe.as_released,
            "choices": recipe.choices,
            "settings": settings.as_dict(),
        },
        "budget": budget.as_dict(),
    }


def _setup(run: Run, backbone: Backbone, special: frozenset[int]) -> Setup:
    tokenizer = run.start.tokenizer
    masks = [index for name in ("[MASK]", "<mask>") if (index := tokenizer.token_to_id(name)) is not None]
    if not masks:
        raise WeightsInvalid(f"the vocabulary of {run.start.card.name} has no mask token; take another backbone")
    polarity = vocabulary_polarity(tokenizer, run.lexicon)
    entries: Tensor = torch.zeros(run.start.shape.vocabulary, dtype=torch.int64)
    entries[: len(polarity)] = torch.from_numpy(polarity)
    return Setup(
        backbone=backbone,
        mask=masks[0],
        special=special | {masks[0]},
        polarity=entries.to(run.device),
        classes=len(run.data.classes),
        as_released=run.recipe.as_released,
    )
