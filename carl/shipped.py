"""The encoders that this package trains, as plugins of the harness: `carl-minilm`, `carl-roberta`, `roberta-small`.

Their checkpoints lie in `carl/checkpoints/NAME/` and are read without a network. What a checkpoint was trained on, from
what, and how large it is, is read from its own `training.json` and `config.json`, so that its card is always the
card of the weights that are there; without a checkpoint the card says what the configuration of that name trains on.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from carl.configurations import configuration
from carl.provenance import is_backbone, origin, read_record, trained_on
from harness.encoder import EncoderCard
from harness.errors import BenchError, UsageError, WeightsMissing
from harness.transformer import Layout, Shape, TransformerEncoder
from harness.transformer.checkpoint import read_config

#: Where checkpoints lie in the package.
CHECKPOINTS = Path(__file__).parent / "checkpoints"

_CITATION = (
    "Son, Saurez and Har 2025. Continuous Adversarial Text Representation Learning for Affective Recognition. "
    "arXiv:2502.20613"
)

_WEIGHTS = ("model.safetensors",)
_VOCABULARY = (("tokenizer.json",),)


class ShippedEncoder(TransformerEncoder):
    """An encoder whose checkpoint is part of this package.

    Args:
        weights_dir: another checkpoint in its place.
        options: see `TransformerEncoder`.
    """

    #: Command lines that make the checkpoint.
    recipe: str
    #: What holds for the training data of every such checkpoint, said after its list.
    claim: str = ""

    def __init__(
        self,
        *,
        weights_dir: str | Path | None = None,
        tokenizer_dir: str | Path | None = None,
        max_length: int | None = None,
        device: str | None = None,
        dtype: str | None = None,
        pooling: str | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        if weights_dir is not None:
            self.card = card_of(type(self).card, Path(weights_dir), self.claim, self.layout.architecture)
        super().__init__(
            weights_dir=weights_dir,
            tokenizer_dir=tokenizer_dir,
            max_length=max_length,
            device=device,
            dtype=dtype,
            pooling=pooling,
            batch_tokens=batch_tokens,
        )

    def directory(self) -> Path:
        """The checkpoint's directory: the one given, else the package's.

        Raises:
            WeightsMissing: this installation has no such checkpoint.
        """
        if self.weights_dir is not None:
            return self.weights_dir
        packaged = CHECKPOINTS / type(self).card.name
        if not packaged.is_dir():
            raise WeightsMissing(f"this installation has no checkpoint of that name (carl/checkpoints/{packaged.name})")
        return packaged

    def _advice(self) -> str:
        name = type(self).card.name
        return f"Make it with {self.recipe}, or pass `--weights-dir {name}=DIR`, the folder of such a checkpoint"


def card_of(card: EncoderCard, directory: Path, claim: str = "", architecture: str = "") -> EncoderCard:
    """A card with what a checkpoint's own files say in place of what is intended; reads no weights.

    Args:
        card: of the plugin.
        directory: the checkpoint; one that is not there leaves the card as it is.
        claim: said after the list of training data.
        architecture: `bert` or `roberta`, where the card's family says another thing.
    """
    if not directory.is_dir():
        return card
    sizes = _sizes(directory / "config.json", architecture or card.family)
    try:
        return replace(card, **sizes, **_history(directory, claim))
    except (UsageError, ValueError):  # what the files say has no place on a card
        return replace(card, **_UNDECLARED)


def _sizes(path: Path, architecture: str) -> dict[str, Any]:
    try:
        shape = Shape.from_config(read_config(path), architecture, str(path))
    except BenchError:
        return {}  # whoever encodes is told
    parameters = sum(prod(dimensions) for dimensions in shape.tensors(pooler=False).values())
    return {"dimensions": shape.hidden, "parameters": parameters, "max_length": shape.max_tokens}


def _history(directory: Path, claim: str) -> dict[str, Any]:
    """What a checkpoint was trained on; nothing declared, which counts as unknown, where its record cannot be read."""
    try:
        record = read_record(directory)
        before = origin(record)
        base = None if before is None else str(before["name"])
        texts = "; ".join(f"{source['title']}, {source['rows']:,} texts" for source in record["sources"])
        began = (
            f"From {before.get('title', base)}, with all that it was trained on" if before else "From random weights"
        )
        known = {
            "base": base,
            "training_data": trained_on(record),
            "training_notes": f"{began}. {texts}. {claim}".strip(),
        }
        return {**known, "licence": record["licence"]} if is_backbone(record) else known
    except (BenchError, LookupError, TypeError, ValueError):
        return _UNDECLARED


_UNDECLARED: dict[str, Any] = {
    "training_data": None,
    "training_notes": "This checkpoint does not say what it was trained on.",
}


_EXCLUDED = (
    "EmoBank's cells are marked for its training split alone: no text of its development and test splits, and no label "
    "of IMDB, SST, MR, CR or GoEmotions, trained it."
)


def _carl_card(name: str, family: str, title: str, **more: Any) -> EncoderCard:
    """The card of a CARL encoder; without a checkpoint from the configuration of that name."""
    config = configuration(name)
    intended = [
        trained
        for source in config.sources
        for trained in {"emobank": ("emobank:train",), "rated": config.rated_sources}.get(source, (source,))
    ]
    card = EncoderCard(
        name=name,
        family=family,
        title=title,
        base=config.backbone,
        weights=f"in this package, carl/checkpoints/{name}",
        pooling="cls",
        poolings=("cls", "mean", "last"),
        max_length=512,
        training_data=tuple(intended),
        training_notes=f"From {config.backbone}, whose own training data count as well. {_EXCLUDED}",
        licence="CC BY-SA 4.0",
        citation=_CITATION,
        notes="Trained here by CARL on continuous valence and arousal labels; small, and not the paper's own weights. "
        "The folder also holds linear heads for valence, arousal and Ekman's emotions (`carl predict`).",
        **more,
    )
    return card_of(card, CHECKPOINTS / name, _EXCLUDED)


def _train_and_ship(name: str) -> str:
    return (
        f"`carl train --config {name} --data-dir DATA --output runs/{name}` and then "
        f"`carl ship runs/{name} --name {name} --data-dir DATA`"
    )


class RoBERTaSmall(ShippedEncoder):
    """The backbone of `carl-roberta`, of RoBERTa's architecture, made by `carl pretrain`; not roberta-base."""

    card = card_of(
        EncoderCard(
            name="roberta-small",
            family="roberta",
            title="RoBERTa-small",
            weights="in this package, carl/checkpoints/roberta-small",
            pooling="cls",
            poolings=("cls", "mean", "last"),
            max_length=512,
            dimensions=384,
            training_data=None,
            training_notes="A checkpoint's own record says what it was trained on and whether it began with MiniLM's "
            "layers or with random weights.",
            licence="Apache-2.0",
            citation="Liu et al. 2019. RoBERTa: A Robustly Optimized BERT Pretraining Approach. arXiv:1907.11692 (the "
            "architecture)",
            notes="RoBERTa's architecture with a vocabulary of its own; it holds no weights of roberta-base. The row "
            "before CARL: what `carl-roberta` adds is the difference to it.",
        ),
        CHECKPOINTS / "roberta-small",
    )
    layout = Layout(architecture="roberta", weights=_WEIGHTS, vocabulary=_VOCABULARY)
    recipe = (
        "`carl pretrain --corpus-dir TEXTS --output runs/roberta-small` and then "
        "`carl ship runs/roberta-small --name roberta-small`"
    )


class CarlMiniLM(ShippedEncoder):
    """CARL on all-MiniLM-L6-v2."""

    card = _carl_card("carl-minilm", "bert", "CARL (MiniLM-L6)", dimensions=384, parameters=22_565_376)
    layout = Layout(architecture="bert", weights=_WEIGHTS, vocabulary=_VOCABULARY)
    recipe = _train_and_ship("carl-minilm")
    claim = _EXCLUDED


class CarlRoBERTa(ShippedEncoder):
    """CARL on `roberta-small`."""

    card = _carl_card("carl-roberta", "roberta", "CARL (RoBERTa-small)", dimensions=384)
    layout = Layout(architecture="roberta", weights=_WEIGHTS, vocabulary=_VOCABULARY)
    recipe = _train_and_ship("carl-roberta")
    claim = _EXCLUDED
