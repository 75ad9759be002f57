"""The page `docs/encoders.md`, written from the cards: `python -m baselines.document > docs/encoders.md`.

For each encoder it answers what users of these models ask most: where the weights are, which files, which vector,
which extras and what a missing one does, what it was trained on, under which licence.
"""

from __future__ import annotations

from importlib.metadata import distribution
from typing import Any

from harness.encoder import EncoderCard

_VECTORS = {
    "cls": "last layer, first token",
    "mean": "last layer, mean over all tokens",
    "pooler": "trained dense-tanh layer over the first token",
    "last": "last layer, last token",
}

_FAMILIES = {
    "bert": "BERT and what was made from it",
    "roberta": "RoBERTa and what was made from it",
    "mpnet": "MPNet",
    "floor": "Floors",
}

_HEAD = """\
# Encoders

Written from the cards by `python -m baselines.document`; `bench models` shows which of them are ready on your machine.

The plain name is the **last layer's first token**, without pooler or normalisation, in evaluation mode, float32, with
an attention mask: the vector of the paper's comparison. `mpnet` alone is the mean over tokens. `NAME@mean`, `NAME@cls`,
`NAME@pooler` and `NAME@last` are rows of their own, offered only where trained weights exist; a pooler whose bias is
exactly zero was never trained and is refused.

Weights on the hub are fetched when first needed, at the revision that a table names (else the newest), unless
`AFFECTBENCH_OFFLINE=1` or `HF_HUB_OFFLINE=1` forbids the network. Nothing is fetched from file hosts: get those
yourself and pass `--weights-dir NAME=DIR`. Only safetensors, and pickles that hold nothing but tensors, are read; a
tensor of the encoder that is missing, or one that belongs to neither the encoder nor a known head, is an error. A
model whose weights or extras are missing does not stop a run: its cells say "weights not available" or "extra
missing", never a number.

## Any other model
- `hf:org/model`, or the directory of a checkpoint: any encoder of the transformers library, first token by default,
  `@mean`, `@pooler`, `@last` on request. BERT- and RoBERTa-shaped ones run without padding, others in padded batches.
- `st:org/model`: the model's own sentence vector by the sentence-transformers library
  (`pip install 'affectbench[sentence-transformers]'`); with a pooling, its transformer alone.
- Both may run the checkpoint's own Python code only with `--trust-remote-code NAME`. Their training data is unknown,
  and their cells say so.
"""


def encoder_classes() -> list[type[Any]]:
    """Encoders that this distribution declares, by family, BERT's first, then in the order of their names.

    Re-trained recipes, which are families of their own, have a page of their own.
    """
    declared = distribution("affectbench").entry_points.select(group="bench.encoders")
    families = list(_FAMILIES)
    found: list[type[Any]] = [one for point in declared if (one := point.load()).card.family in families]
    return sorted(found, key=lambda one: (families.index(one.card.family), one.card.name.split("-")[0], one.card.name))


def page() -> str:
    """The whole page in Markdown."""
    parts = [_HEAD]
    shown = ""
    for one in encoder_classes():
        if one.card.family != shown:
            shown = one.card.family
            parts.append(f"## {_FAMILIES[shown]}\n")
        parts.append(_section(one))
    return "\n".join(parts)


def _section(encoder: type[Any]) -> str:
    card: EncoderCard = encoder.card
    layout = getattr(encoder, "layout", None)
    files = ""
    if layout is not None and (getattr(encoder, "hub", None) or card.weights.startswith("drive")):
        vocabulary = [" + ".join(f"`{name}`" for name in names) for names in layout.vocabulary]
        names = (_either(layout.weights), _either(layout.config), " or ".join(vocabulary))
        files = "; ".join(names)
    extras = "none"
    if card.extras:
        install = " ".join(f"pip install 'affectbench[{extra}]'" for extra in card.extras)
        extras = f'`{install}`; without it the model\'s cells say "extra missing" and the run goes on'
    rows = (
        ("Weights", _linked(card.weights) + (f", revision `{card.revision}`" if card.revision else "")),
        ("Files", files),
        ("Vector", _vector(card)),
        ("Cut after", f"{card.max_length} tokens" if card.max_length else ""),
        ("Dimensions", str(card.dimensions or "")),
        ("Parameters", f"{card.parameters / 1e6:.1f} million" if card.parameters else ""),
        ("Extras", extras),
        ("Trained on", _training(card)),
        ("Licence", card.licence or "none stated for the weights; they are never redistributed here"),
        ("Authors' page", f"<{card.url}>" if card.url else ""),
        ("Paper", card.citation),
    )
    table = "\n".join(f"| {label} | {text} |" for label, text in rows if text)
    return f"### {card.name}: {card.shown}\n{card.notes}\n\n| | |\n| --- | --- |\n{table}\n"


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _linked(weights: str) -> str:
    pages = ("huggingface.co/", "drive.google.com/", "cloud.tsinghua.edu.cn/")
    return " ".join(f"<https://{word}>" if word.startswith(pages) else word for word in weights.split())


def _vector(card: EncoderCard) -> str:
    if card.pooling is None:
        return "as described above"
    others = [f"`{card.name}@{pooling}`" for pooling in card.poolings if pooling != card.pooling]
    return _VECTORS[card.pooling] + (f"; also {', '.join(others)}" if others else "")


def _training(card: EncoderCard) -> str:
    if card.training_data is None:
        return "not declared"
    names = ", ".join(f"`{name}`" for name in card.training_data) or "nothing"
    return f"{names}. {card.training_notes}".strip()


if __name__ == "__main__":
    print(page(), end="")
