"""Train recipes on one backbone under one budget, one after another, each resumable."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from carl.backbone import Start
from carl.batches import collate, special_ids
from carl.checkpointing import has_state, remove_state
from carl.loop import STATE
from carl.model import Backbone
from carl.provenance import RUN_RECORD, read_record
from carl.recipes.budget import operations
from carl.recipes.carl_run import CarlTrainer
from carl.recipes.config import RecipeConfig, plugin_name
from carl.recipes.data import Shelf
from carl.recipes.recipe import Recipe
from carl.recipes.trainer import RecipeTrainer, Run
from carl.training_data import training_data
from harness.errors import BenchError
from harness.transformer.tokenization import encode_ids

if TYPE_CHECKING:
    from carl.label_source import LabelSource


@dataclass
class Training:
    """Some recipes under one budget.

    Args:
        settings: of every run; `name`, `recipe` and `backbone` are filled in.
        start: the backbone.
        shelf: reads texts.
        runs: folder of all checkpoints.
        device: `cpu`, `cuda`, ...
        say: gets a line for the user.
    """

    settings: RecipeConfig
    start: Start
    shelf: Shelf
    runs: Path
    device: str = "cpu"
    say: Callable[[str], None] = lambda line: None
    stopping: bool = False
    failed: dict[str, str] = field(default_factory=dict)
    """Recipe → why it could not be trained."""
    _loop: RecipeTrainer | CarlTrainer | None = None
    _spending: float | None = field(default=None, init=False)

    def stop(self) -> None:
        """Save the state after the current step and return."""
        self.stopping = True
        if self._loop is not None:
            self._loop.stop()

    def _asked(self) -> bool:
        """Whether somebody asked to stop, which a signal may do at any time."""
        return self.stopping

    def config(self, recipe: Recipe) -> RecipeConfig:
        """The settings of a recipe's run."""
        backbone = self.settings.backbone
        return replace(self.settings, name=plugin_name(recipe.name, backbone), recipe=recipe.name)

    def directory(self, recipe: Recipe) -> Path:
        """Where a recipe's checkpoint goes."""
        return self.runs / f"{recipe.name}-{self.settings.backbone}"

    def train(
        self, recipes: Sequence[Recipe], *, until: int | None = None, seconds: float | None = None
    ) -> list[Recipe]:
        """Train what is not finished.

        Args:
            recipes: in this order.
            until: step after which each run saves its state and the next begins.
            seconds: time after which the run under way saves its state and everything ends.

        Returns:
            The recipes that are not finished.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        left = [recipe for recipe in recipes if not is_finished(self.directory(recipe), self.config(recipe))]
        for recipe in recipes:
            if recipe not in left:
                self.say(f"{recipe.name}: finished, in {self.directory(recipe)}")
        for place, recipe in enumerate(left, start=1):
            if self._asked() or (deadline is not None and time.monotonic() >= deadline):
                break
            self.say(f"{recipe.name}  ({place} of {len(left)})")
            try:
                self._train(recipe, until, deadline)
            except BenchError as error:  # one recipe's failure must not take the others along
                self.say(f"  failed: {error}")
                self.failed[recipe.name] = str(error)
        return [recipe for recipe in left if not is_finished(self.directory(recipe), self.config(recipe))]

    def _train(self, recipe: Recipe, until: int | None, deadline: float | None) -> None:
        loop = self.loop(recipe)
        facts = loop.budget.as_dict()
        self.say(
            f"  {loop.steps:,} steps, {facts['passes']:.2f} passes over {facts['texts']:,} texts, "
            f"{facts['operations_spent'] / 1e12:.1f} of {facts['operations'] / 1e12:.1f} TFLOP"
            + (", going on" if has_state(loop.state_path) else "")
        )
        self._loop = loop
        if self._asked():
            loop.stop()
        try:
            complete = loop.run(until=until, seconds=None if deadline is None else max(deadline - time.monotonic(), 0))
        finally:
            self._loop = None
        if complete:
            # The state is ten times the size of the checkpoint, and the run is over.
            remove_state(loop.state_path)
            self.say(f"  done: {self.directory(recipe)}")

    def loop(self, recipe: Recipe) -> RecipeTrainer | CarlTrainer:
        """The run of a recipe, its steps counted out."""
        config, output = self.config(recipe), self.directory(recipe)

        def report(line: str) -> None:
            self.say(f"  {line}")

        if recipe.objective is None:
            sources = self.shelf.pool(config.texts, config.max_length, config.seed)
            data = training_data(self.start, sources, config.max_length)
            return CarlTrainer(
                config, recipe, self.start, data, output, self.spending(), device=self.device, report=report
            )
        texts = self.shelf.read(recipe.data, config.texts, config.max_length, config.seed)
        run = Run(recipe, self.start, texts, self.shelf.lexicon(), self.device)
        return RecipeTrainer(config, run, output, self.spending(), report=report)

    def spending(self) -> float:
        """Operations of the budget: plain forward and backward passes of the bare encoder over the shared texts."""
        if self._spending is None:
            config = self.settings
            sources = self.shelf.pool(config.texts, config.max_length, config.seed)
            self._spending = config.passes * config.texts * _plain_text(self.start, sources, config)
        return self._spending


def _plain_text(start: Start, sources: Sequence[LabelSource], config: RecipeConfig) -> float:
    """Operations of a forward and backward pass of the bare encoder, for one text."""
    texts = [text for source in sources for text in source.texts]
    order = np.random.default_rng(config.seed).permutation(len(texts))
    special = special_ids(start.tokenizer, start.shape.padding)
    with torch.random.fork_rng(devices=[]):
        backbone = Backbone(start.shape)

    def work(number: int) -> None:
        rows = order[number * config.batch : (number + 1) * config.batch]
        items = encode_ids(start.tokenizer, [texts[row] for row in rows], config.max_length)
        batch = collate(items, np.zeros((len(rows), 2), np.float32), padding=start.shape.padding, special=special)
        backbone(batch).sum().backward()

    return operations(work) / config.batch


def is_finished(directory: Path, config: RecipeConfig) -> bool:
    """Whether a directory holds the finished checkpoint of a run with these settings.

    Raises:
        WeightsInvalid: its record is damaged.
    """
    if not all((directory / name).is_file() for name in ("model.safetensors", RUN_RECORD, "README.md")):
        return False
    record = read_record(directory)
    settings = record.get("recipe", {}).get("settings")
    return bool(settings == config.as_dict() and record["step"] == record["steps"])


def outlook(directory: Path, config: RecipeConfig) -> str:
    """What would be done for a run."""
    if is_finished(directory, config):
        return "finished"
    return "go on" if has_state(directory / STATE) else "train"
