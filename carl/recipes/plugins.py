"""Re-trained recipes as plugins of the harness: `recipe-NAME-BACKBONE`.

Their checkpoints are no part of the package: they lie in `runs/recipes/` of the working directory, or in `recipes/` of
the cache, once `carl recipes train NAME` has made them. What one was trained on is read from its own record.
"""

from __future__ import annotations

from pathlib import Path

from carl.recipes.catalogue import recipe, recipes
from carl.recipes.config import BACKBONES, plugin_name
from carl.shipped import RoBERTaSmall, ShippedEncoder, card_of
from harness.encoder import EncoderCard
from harness.errors import WeightsMissing
from harness.files import cache_root
from harness.transformer import Layout

#: Where `carl recipes train` writes, below the working directory.
RUNS = Path("runs/recipes")

#: Data sets behind a recipe of a kind, before anything is trained; a checkpoint's own record says it exactly.
_POOL = (
    *("emobank:train", "facebook", "steam", "movie-polarity2", "pros-cons", "movie-scale", "amazon-4domain"),
    *("restaurant-reviews", "app-reviews"),
)
_DATA = {
    "pool": _POOL,
    "reviews": _POOL[2:],
    "reviews-and-questions": (*_POOL[2:], "squad"),
    "emotions": ("goemotions:train",),
    "trees": ("sst5:train",),
    "emotions-and-pool": ("goemotions:train", *_POOL),
}

#: Group → block of the tables.
_FAMILIES = {
    "label-free": "recipe-free",
    "affect-labelled": "recipe-affect",
    "sees evaluated labels": "recipe-evaluated",
}

_CLAIM = "Our re-training of the recipe on shared texts, not the authors' model."


class RecipeEncoder(ShippedEncoder):
    """An encoder that `carl recipes train` made."""

    claim = _CLAIM

    def directory(self) -> Path:
        """The checkpoint's directory: the one given, else where runs lie, else in the cache.

        Raises:
            WeightsMissing: it was not trained here.
        """
        if self.weights_dir is not None:
            return self.weights_dir
        places = _places(type(self).card.name)
        found = next((place for place in places if (place / "model.safetensors").is_file()), None)
        if found is None:
            raise WeightsMissing(f"weights not available: looked in {' and '.join(map(str, places))}")
        return found


def _places(name: str) -> tuple[Path, ...]:
    folder = name.removeprefix("recipe-")
    return RUNS / folder, cache_root() / "recipes" / folder


def recipe_encoder(name: str, backbone: str) -> type[RecipeEncoder]:
    """The plugin of a recipe on a backbone.

    Args:
        name: of the recipe.
        backbone: one of `BACKBONES`.
    """
    known, roberta = recipe(name), backbone != "minilm"
    full = plugin_name(name, backbone)
    card = EncoderCard(
        name=full,
        family=_FAMILIES[known.group],
        title=f"{known.title}, our re-training ({'RoBERTa-small' if roberta else 'MiniLM-L6'})",
        base=backbone,
        weights="made by `carl recipes train`",
        pooling="cls",
        poolings=("cls", "mean", "last"),
        max_length=512,
        dimensions=384,
        training_data=_DATA[known.data],
        training_notes=f"From {backbone}, whose own training data count as well. {_CLAIM}",
        licence="that of its training texts; see the checkpoint's card",
        citation=known.citation,
        notes=f"{_CLAIM} Group: {known.group}. {known.choices}".strip(),
    )
    trained = next((place for place in _places(full) if place.is_dir()), None)
    if trained is not None:
        card = card_of(card, trained, _CLAIM, "roberta" if roberta else "bert")
    layout = (
        RoBERTaSmall.layout
        if roberta
        else Layout(architecture="bert", weights=("model.safetensors",), vocabulary=(("tokenizer.json",),))
    )
    return type(
        _identifier(full),
        (RecipeEncoder,),
        {
            "__doc__": f"{known.title}, re-trained on {backbone}.",
            "__module__": __name__,
            "card": card,
            "layout": layout,
            "recipe": f"`carl recipes train {name} --backbone {backbone} --data-dir DATA --corpus-dir CORPUS`",
        },
    )


def _identifier(name: str) -> str:
    return name.replace("-", "_")


#: Every recipe on every backbone: the entry point of `bench.encoder_families`.
ENCODERS = {
    plugin_name(known.name, backbone): recipe_encoder(known.name, backbone)
    for backbone in BACKBONES
    for known in recipes(as_released=True)
}

# Instances pickle by the name of their class in this module.
globals().update({kind.__name__: kind for kind in ENCODERS.values()})
