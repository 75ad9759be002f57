"""The encoders that this package trains, as plugins of the harness.

Their checkpoints lie in `carl/checkpoints/NAME/` and are read without a network. What a checkpoint was trained on, and
from what, is read from its own `training.json`, so that a card is always the card of the weights that are there.
"""

import json
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from baselines.packaged import MPNet
from carl.provenance import read_record
from harness.encoder import EncoderCard
from harness.errors import BenchError, WeightsMissing
from harness.registry import EncoderPlugin, encoder_names, find_encoder
from harness.transformer import Layout, TransformerEncoder
from harness.transformer.checkpoint import is_adapter

#: The checkpoints that ship.
CHECKPOINTS = Path(__file__).parent / "checkpoints"

_CITATION = (
    "Son, Saurez and Har 2025. Continuous Adversarial Text Representation Learning for Affective Recognition. "
    "arXiv:2502.20613"
)

_EXCLUDED = (
    "EmoBank's cells are marked for its training split alone: no text of its development and test splits, and no label "
    "of IMDB, SST, MR, CR or GoEmotions, trained it."
)

_NOTES = (
    "Trained here by CARL on continuous valence and arousal labels, not the paper's own weights; the checkpoint's card "
    "lists every difference. Its folder also holds linear heads for valence, arousal and Ekman's emotions "
    "(`carl predict`)."
)


def find_transformer(name: str) -> EncoderPlugin:
    """An encoder by the name that `bench models` lists, else by its directory, read as transformers does.

    Raises:
        UsageError: there is none.
    """
    return find_encoder(f"hf:{name}" if name not in encoder_names() and Path(name).is_dir() else name)


def card_of(card: EncoderCard, directory: Path) -> EncoderCard:
    """A card with what a checkpoint's own files say; reads no weights.

    Args:
        card: of the plugin.
        directory: the checkpoint; one that is not there leaves the card as it is.
    """
    if not directory.is_dir():
        return card
    facts: dict[str, Any] = {}
    try:
        facts["dimensions"] = json.loads((directory / "config.json").read_bytes())["hidden_size"]
        with safe_open(directory / "model.safetensors", "np") as file:
            facts["parameters"] = sum(prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
    except (OSError, LookupError, TypeError, ValueError, SafetensorError):
        pass  # an adapter, or a damaged file, of which whoever encodes is told
    try:
        record = read_record(directory)
    except BenchError:
        notes = "This checkpoint does not say what it was trained on."
        return replace(card, **facts, training_data=None, training_notes=notes)
    texts = "; ".join(f"{source.title}, {source.rows:,} texts" for source in record.sources)
    began = "From random weights"
    if record.origin is not None:
        facts["base"] = record.origin.name
        began = f"From {record.origin.title or record.origin.name}, with all that it was trained on"
    if record.licence is not None:
        facts["licence"] = record.licence
    facts["training_data"] = record.training_names()
    facts["training_notes"] = f"{began}. {texts}. {_EXCLUDED}"
    return replace(card, **facts)


def carl_card(name: str, family: str, title: str, base: str, *, pooling: str = "cls", **facts: Any) -> EncoderCard:
    """The card of an encoder that CARL trained."""
    card = EncoderCard(
        name=name,
        family=family,
        title=title,
        base=base,
        weights=f"in the repository, carl/checkpoints/{name}"
        if (CHECKPOINTS / name).is_dir()
        else "not installed here",
        pooling=pooling,
        poolings=("cls", "mean", "last"),
        recommended=pooling,
        training_data=None,
        licence="CC BY-SA 4.0",
        citation=_CITATION,
        notes=_NOTES,
        **facts,
    )
    return card_of(card, CHECKPOINTS / name)


class ShippedEncoder(TransformerEncoder):
    """An encoder whose whole checkpoint is part of this package; `weights_dir` puts another one in its place."""

    def __init__(self, *, weights_dir: str | Path | None = None, **options: Any) -> None:
        if weights_dir is not None:
            self.card = card_of(type(self).card, Path(weights_dir))
        super().__init__(weights_dir=weights_dir, **options)

    def directory(self) -> Path:
        """The checkpoint's directory: the one given, else the package's.

        Raises:
            WeightsMissing: this installation has no such checkpoint.
        """
        packaged = self.weights_dir or CHECKPOINTS / type(self).card.name
        if not packaged.is_dir():
            raise WeightsMissing(f"there is no {packaged}")
        return packaged

    def training_text_hashes(self) -> frozenset[str] | None:
        """Hashes of its own training texts and of its teacher's, whose vectors carry what they taught it."""
        own = super().training_text_hashes()
        if own is None or (teacher := read_record(self.directory()).teacher) is None:
            return own
        taught: Any = find_transformer(teacher.name).create()
        return own | (taught.training_text_hashes() or frozenset())

    def _advice(self) -> str:
        name = type(self).card.name
        return f"The repository has it, or `carl train` makes it: `--weights-dir {name}=CLONE/carl/checkpoints/{name}`"


class CarlMPNet(MPNet):
    """CARL on all-mpnet-base-v2: an adapter, added to the weights that `bench weights mpnet` fetches."""

    card = carl_card(
        "carl-mpnet",
        "mpnet",
        "CARL (MPNet-base)",
        "mpnet",
        pooling="mean",
        max_length=MPNet.card.max_length,
        dimensions=768,
        parameters=MPNet.card.parameters,
    )

    def __init__(self, *, weights_dir: str | Path | None = None, **options: Any) -> None:
        super().__init__(weights_dir=weights_dir, **options)
        if self.weights_dir is None and self.adapter_dir is None:
            self.adapter_dir = CHECKPOINTS / "carl-mpnet"
        if self.adapter_dir is not None:
            self.card = card_of(type(self).card, self.adapter_dir)

    def directory(self) -> Path:
        """The directory of MPNet's weights, to which the adapter is added.

        Raises:
            WeightsMissing: the adapter or the weights are nowhere.
        """
        if self.adapter_dir is not None and not is_adapter(self.adapter_dir):
            raise WeightsMissing("this installation has no adapter of that name")
        return super().directory()

    def _advice(self) -> str:
        if self.adapter_dir is None or is_adapter(self.adapter_dir):
            return super()._advice()
        return "Train it (`carl train --config carl-mpnet`) and pass `--weights-dir carl-mpnet=RUN`"


class CarlMiniLM(ShippedEncoder):
    """CARL on all-MiniLM-L6-v2."""

    card = carl_card("carl-minilm", "bert", "CARL (MiniLM-L6)", "minilm", max_length=512)
    layout = Layout(architecture="bert", weights=("model.safetensors",), vocabulary=(("tokenizer.json",),))


class CarlRoBERTa(ShippedEncoder):
    """CARL on `roberta-small`."""

    card = carl_card("carl-roberta", "roberta", "CARL (RoBERTa-small)", "roberta-small", max_length=512)
    layout = Layout(architecture="roberta", weights=("model.safetensors",), vocabulary=(("tokenizer.json",),))


class RoBERTaSmall(ShippedEncoder):
    """The backbone of `carl-roberta`, of RoBERTa's architecture, made by `carl pretrain`; not roberta-base."""

    card = card_of(
        EncoderCard(
            name="roberta-small",
            family="roberta",
            title="RoBERTa-small",
            weights="in the repository, carl/checkpoints/roberta-small",
            pooling="cls",
            poolings=("cls", "mean", "last"),
            recommended="mean",
            max_length=512,
            training_data=None,
            licence="Apache-2.0",
            citation="Liu et al. 2019. RoBERTa: A Robustly Optimized BERT Pretraining Approach. arXiv:1907.11692 (the "
            "architecture)",
            notes="RoBERTa's architecture with a vocabulary of its own; it holds no weights of roberta-base. The row "
            "before CARL: what `carl-roberta` adds is the difference to it.",
        ),
        CHECKPOINTS / "roberta-small",
    )
    layout = Layout(architecture="roberta", weights=("model.safetensors",), vocabulary=(("tokenizer.json",),))
