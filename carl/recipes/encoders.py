"""Training runs as encoders of the harness; re-trained recipes by name, too: `recipe-NAME-BACKBONE`.

The recipes' checkpoints are no part of the package: `carl recipes train` writes them to `runs/recipes/` of the working
directory. The plain name reads the one whose first token was trained, `...@mean` the one whose mean was, both with
seed 0.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from carl.provenance import read_record
from carl.recipes.catalogue import AFFECT, FREE, RecipeConfig, recipe, recipes
from carl.shipped import CarlMiniLM, card_of
from harness.encoder import EncoderCard
from harness.errors import UsageError, WeightsMissing
from harness.registry import encoder_names, find_encoder
from harness.transformer import TransformerEncoder

#: Where checkpoints lie, below the working directory.
RUNS = Path("runs/recipes")

#: Backbones whose recipes are listed; any other transformer of `bench models` can be one.
BACKBONES = ("minilm", "roberta-small", "mpnet")

_CLAIM = "Our re-training of the recipe on shared texts, not the authors' model."


class RecipeEncoder(TransformerEncoder):
    """An encoder that `carl recipes train` made."""

    config: RecipeConfig

    def directory(self) -> Path:
        """The checkpoint's directory: the one given, else where runs lie.

        Raises:
            WeightsMissing: it was not trained here.
        """
        found = self.weights_dir or RUNS / RecipeConfig(**{**self.config.model_dump(), "pooling": self.pooling}).folder
        if not (found / "model.safetensors").is_file():
            raise WeightsMissing(f"weights not available: looked in {found}")
        return found

    def _advice(self) -> str:
        config = self.config
        return (
            f"Make it with `carl recipes train {config.recipe} --backbone {config.backbone} --pooling {self.pooling} "
            f"--seeds {config.seed} --data-dir DATA --corpus-dir CORPUS`"
        )


def recipe_encoder(name: str, backbone: str, seed: int = 0) -> type[RecipeEncoder]:
    """The encoder class of a recipe.

    Args:
        name: of the recipe.
        backbone: of `bench models`.
        seed: of the training.

    Raises:
        UsageError: the backbone is no transformer.
    """
    known, start = recipe(name), find_encoder(backbone)
    if not isinstance(start.factory, type) or not issubclass(start.factory, TransformerEncoder):
        raise UsageError(f"{backbone} is no backbone of a recipe; there are {', '.join(BACKBONES)} and the like")
    config = RecipeConfig(recipe=name, backbone=backbone, seed=seed)
    card = EncoderCard(
        name=config.name,
        family={FREE: "recipe-free", AFFECT: "recipe-affect"}.get(known.group, "recipe-evaluated"),
        title=f"{known.title}, our re-training ({start.card.shown})",
        base=backbone,
        weights="made by `carl recipes train`",
        pooling="cls",
        poolings=("cls", "mean"),
        max_length=start.card.max_length,
        dimensions=start.card.dimensions,
        parameters=start.card.parameters,
        licence="that of its training texts; see the checkpoint's card",
        citation=known.citation,
        notes=f"{_CLAIM} Group: {known.group}. {known.choices}".strip(),
    )
    notes = f"From {backbone}, whose own training data count as well. {_CLAIM}"
    card = replace(card_of(card, RUNS / config.folder), training_notes=notes)
    layout = replace(start.factory.layout, weights=("model.safetensors",), vocabulary=(("tokenizer.json",),))
    facts = {"card": card, "layout": layout, "config": config, "__doc__": card.title}
    return type(config.name.replace("-", "_"), (RecipeEncoder,), facts)


#: Name → class, for the entry point.
ENCODERS = {
    encoder.card.name: encoder
    for backbone in BACKBONES
    for encoder in (recipe_encoder(one.name, backbone) for one in recipes())
}


def encoder_of_run(run: Path, dtype: str = "float32") -> TransformerEncoder:
    """The encoder of a finished run, with the vector that was trained: of a recipe, of CARL or of an ablation.

    Raises:
        WeightsInvalid: the directory holds no record of a run, or a damaged one.
    """
    record = read_record(run)
    if "recipe" in record.config:
        config = RecipeConfig(**record.config)
        return recipe_encoder(config.recipe, config.backbone, config.seed)(
            weights_dir=run, pooling=config.pooling, dtype=dtype
        )
    encoder: Any = find_encoder(f"hf:{run}").create(dtype=dtype, pooling=record.config["pooling"])
    if record.name in encoder_names():
        card = find_encoder(record.name).card
    else:
        ablation = record.name.removeprefix(f"carl-{record.config['backbone']}-").replace("-", " ")
        title = f"CARL ({record.origin.title}), {ablation}" if record.origin else record.name
        card = replace(CarlMiniLM.card, name=record.name, family="ablation", title=title)
    card = replace(card, dimensions=encoder.card.dimensions, parameters=encoder.card.parameters)
    encoder.card = card_of(replace(card, pooling=encoder.pooling, recommended=encoder.pooling), run)
    return cast("TransformerEncoder", encoder)
