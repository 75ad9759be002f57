"""What a recipe is: the objective of a published encoder and what it is fed with."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carl.recipes.objectives.base import Objective

#: Where a recipe's texts and labels come from (`data.read_data`).
KINDS = ("pool", "reviews", "emotions", "trees", "emotions-and-pool", "reviews-and-questions")

#: Groups of the table, in its order; what is in the last one saw labels of data that is evaluated.
GROUPS = ("label-free", "affect-labelled", "sees evaluated labels")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The objective of one published encoder, or a control."""

    name: str
    title: str
    citation: str
    group: str
    """One of `GROUPS`."""
    data: str
    """One of `KINDS`."""
    objective: str | None
    """`module:class` below `carl.recipes.objectives`; None for CARL, which brings its own trainer."""
    labels_of: tuple[str, ...] = ()
    """Evaluated corpora whose labels it is trained on, EmoBank's training split excepted."""
    dropout: float = 0.0
    """Of the encoder while it is trained."""
    as_released: bool = False
    """With the defect of the authors' program, which the recipe of the plain name repairs."""
    needs: str = ""
    """A file below the data directory without which a sweep leaves it out."""
    choices: str = ""
    """What the publication leaves open or what differs here, for the card."""

    def objective_class(self) -> type[Objective]:
        """Import the objective; needs torch."""
        assert self.objective is not None
        module, _, name = self.objective.partition(":")
        found: type[Objective] = getattr(import_module(f"carl.recipes.objectives.{module}"), name)
        return found
