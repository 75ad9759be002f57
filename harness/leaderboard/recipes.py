"""The table of re-trained recipes: one backbone, one budget, many objectives.

A recipe's family says which block it stands in (`names.FAMILIES`): recipes without labels, those with ratings or affect
labels, and those that saw labels of a data set that is evaluated. The last are ranked among themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.leaderboard.assemble import Plan
from harness.leaderboard.combine import Unit
from harness.results import ModelFacts

#: What the families of recipes begin with, and the one that is ranked apart.
_RECIPE, _APART = "recipe-", "recipe-evaluated"

_CAPTION = (
    "Our re-training of published objectives from one small encoder, the same number of distinct texts and of "
    "floating-point operations for each; the encoder before any training stands above. Main metric of each task; "
    "accuracy in percent. Param.: millions of weights. Recipes that saw labels of an evaluated data set are ranked "
    "among themselves."
)


def of_recipes(plan: Plan, units: Sequence[Unit]) -> Plan:
    """The overview with recipes and the models that they started from alone.

    Args:
        plan: of the overview.
        units: results.
    """
    recipes = {unit.model.name: unit.model for unit in units if _is_recipe(unit.model)}
    shown = recipes.keys() | {model.base for model in recipes.values()}
    return replace(
        plan,
        title="Recipes on one backbone",
        caption=_CAPTION,
        only=lambda name: name in shown,
        apart=lambda model: model.family == _APART,
    )


def _is_recipe(model: ModelFacts) -> bool:
    return model.family.startswith(_RECIPE)
