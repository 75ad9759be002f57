"""Well-known encoders of the hub: what `cards.toml` says of each."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib.resources import files
from typing import Any

from harness.encoder import Encoder
from harness.transformer.hub import HubEncoder, hub_card, sentences

#: Pooling → what the notes of a card call it.
_VECTORS = {"cls": "the first token", "mean": "the mean over tokens", "last": "the last token"}


def _known_encoders() -> Mapping[str, partial[Encoder]]:
    """The encoders of `cards.toml` by name, each with its card."""
    found: dict[str, partial[Encoder]] = {}
    for name, facts in tomllib.loads(files(__package__).joinpath("cards.toml").read_text("utf-8")).items():
        kind, vector = facts.pop("kind", "st"), facts.pop("vector")
        target = f"{facts.pop('hub')}:{facts['revision']}"
        options = {"end_of_text": True} if facts.pop("end_of_text", False) else {}
        facts["notes"] = f"Its authors' vector: {_VECTORS[vector]}. {facts.get('notes', '')}".strip()
        card = replace(hub_card(target, kind), name=name, pooling=vector if kind == "hf" else None, **facts)
        make: Any = sentences if kind == "st" else HubEncoder
        found[name] = partial(make, target, card=card, **options)
        vars(found[name])["card"] = card
    return found


#: Name → class with its card: an entry point of `bench.encoder_families`.
ENCODERS = _known_encoders()
