"""The table of re-trained recipes: one backbone, one budget, many objectives.

A recipe's family says which block it stands in (`names.FAMILIES`): recipes without labels, those with ratings or affect
labels, and those that saw labels of a data set that is evaluated. The last are ranked among themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.leaderboard.assemble import Plan
from harness.leaderboard.combine import Unit
from harness.record import ModelFacts

#: What stands behind the title of a recipe, before its backbone.
OURS = ", our re-training"

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
    starts = {model.base for model in recipes.values()}
    shown = recipes.keys() | starts
    return replace(
        plan,
        title="Recipes on one backbone",
        caption=_CAPTION,
        only=lambda name: name in shown,
        apart=lambda model: model.family == _APART,
        titled=_short if len(starts) == 1 else None,
    )


def _short(title: str) -> str:
    """A recipe's title without what the caption says of all and the one backbone.

    >>> _short("SentiCSE, our re-training (MiniLM-L6)"), _short("MiniLM-L6")
    ('SentiCSE', 'MiniLM-L6')
    """
    return title.partition(OURS)[0]


def _is_recipe(model: ModelFacts) -> bool:
    return model.family.startswith(_RECIPE)
