"""Model cards: what a plugin declares, and what was used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import BenchError
from harness.printing import one_line
from harness.registry import find_encoder

if TYPE_CHECKING:
    from harness.encoder import EncoderCard
    from harness.figures import Source
    from harness.record import ModelFacts

_VECTORS = {
    "cls": "last layer, first token",
    "mean": "last layer, mean over tokens",
    "pooler": "trained dense-tanh layer over the first token",
    "last": "last layer, last token",
}


def model_cards(source: Source) -> list[dict[str, Any]]:
    """A card for each model: `name`, `title`, `url` (https or http alone, else empty) and `rows` of label and value."""
    found = []
    for facts in source.models:
        card = _declared(facts.name)
        url = card.url if card is not None and card.url.startswith(("https://", "http://")) else ""
        rows = [(label, one_line(value)) for label, value in _rows(facts, card) if value]
        found.append({"name": facts.name, "title": source.title(facts.name), "url": url, "rows": rows})
    return found


def _declared(name: str) -> EncoderCard | None:
    """The plugin's card; None where the plugin is not on this machine. A record never makes code run."""
    if ".py:" in name:
        return None
    try:
        return find_encoder(name).card
    except BenchError:
        return None


def _rows(facts: ModelFacts, card: EncoderCard | None) -> list[tuple[str, str]]:
    trained = ""
    if card is not None:
        declared = card.training_data
        trained = "not declared" if declared is None else ", ".join(declared) or "nothing"
    return [
        ("family", facts.family),
        ("base model", facts.base or ""),
        ("weights", facts.weights),
        ("revision", facts.revision or ""),
        ("vector", _VECTORS.get(facts.pooling or "", facts.pooling or "")),
        ("cut after", f"{facts.max_length:,} tokens" if facts.max_length else ""),
        ("dimensions", f"{facts.dimensions:,}" if facts.dimensions else ""),
        ("parameters", f"{facts.parameters:,}" if facts.parameters else ""),
        ("trained on", trained),
        ("of its training", "" if card is None else card.training_notes),
        ("licence", facts.licence or "none stated"),
        ("notes", "" if card is None else card.notes),
        ("cite", "" if card is None else card.citation),
        ("measured with", " ".join(filter(None, (facts.backend, facts.dtype)))),
        ("fingerprint", facts.fingerprint),
    ]
