"""All recipes by name, and what a run of one is; listing them imports no torch."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from carl.config import RunConfig
from harness.errors import unknown_name

if TYPE_CHECKING:
    from carl.recipes.objectives.base import Heads

#: Groups of the table, in its order; recipes of the last one saw labels of data that is evaluated.
FREE, AFFECT, _ = GROUPS = ("label-free", "affect-labelled", "sees evaluated labels")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The objective of one published encoder, or a control."""

    name: str
    title: str
    group: str
    """One of `GROUPS`."""
    data: str
    """Where its texts and labels come from, see `carl.recipes.data`."""
    objective: str = ""
    """`module:class` below `carl.recipes.objectives`; nothing for CARL, which is trained by `carl.objective`."""
    citation: str
    choices: str = ""
    """What the publication leaves open or what differs here, for the card."""
    labels_of: str = ""
    """The evaluated corpus whose labels it is trained on, EmoBank's training split excepted."""
    dropout: float = 0.0
    """Of the encoder while it is trained."""

    def heads(self) -> type[Heads]:
        """Import the objective; needs torch."""
        module, _, name = self.objective.partition(":")
        found: type[Heads] = getattr(import_module(f"carl.recipes.objectives.{module}"), name)
        return found


@cache
def recipes() -> tuple[Recipe, ...]:
    """All recipes in the table's order."""
    tables = tomllib.loads((Path(__file__).parent / "recipes.toml").read_text("utf-8"))
    return tuple(Recipe(name=name, **table) for name, table in tables.items())


def recipe(name: str) -> Recipe:
    """Look a recipe up.

    Raises:
        UsageError: there is none of that name; near ones are named.
    """
    found = {recipe.name: recipe for recipe in recipes()}
    if name not in found:
        raise unknown_name("recipe", name, list(found))
    return found[name]


class RecipeConfig(RunConfig):
    """A run of one recipe; all but `recipe` and `seed` is the same for all that are compared."""

    name: str = ""
    """`recipe-NAME-BACKBONE`, which is the same for all seeds."""
    recipe: str
    backbone: str = "minilm"
    pooling: Literal["cls", "mean"] = "cls"
    """The vector that is trained."""
    texts: int = 6_400
    """Distinct texts."""
    passes: float = Field(default=2.5, gt=0)
    """Computation: so many forward and backward passes of the bare encoder over as many texts of the shared pool."""
    max_length: int = 40
    """Tokens after which a text is cut, special tokens included."""
    batch: int = Field(default=128, ge=4)
    learning_rate: float = 1e-4
    lora_rank: int = 0
    """Rank of the adapters that are trained; 0 trains all layers (word embeddings rest)."""
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    """Of the encoder's passes."""

    def __init__(self, **values: Any) -> None:
        config = {"backbone": "minilm", "pooling": "cls", **values}
        vector = "" if config["pooling"] == "cls" else f"@{config['pooling']}"
        super().__init__(**{**values, "name": f"recipe-{config['recipe']}-{config['backbone']}{vector}"})

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.texts < 2 * self.batch:
            raise ValueError("a budget is at least two batches")
        return self

    @property
    def folder(self) -> str:
        """Name of the checkpoint's folder.

        >>> RecipeConfig(recipe="mlm", pooling="mean", seed=2).folder
        'mlm-minilm@mean-s2'
        """
        return f"{self.name.removeprefix('recipe-')}-s{self.seed}"
