"""The cards: complete, true to the classes, and cheap to list."""

import math
import subprocess
import sys
from importlib.metadata import distribution
from typing import Any

import pytest

from harness.contamination import judge
from harness.transformer import Shape, TransformerEncoder

CLASSES: dict[str, Any] = {
    point.name: point.load()
    for point in distribution("affectbench").entry_points.select(group="bench.encoders")
    if point.value.startswith("baselines.")
}
BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
PUBLISHED = {
    "bert": {**BASE, "vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2},
    "mpnet": {
        **{**BASE, "vocab_size": 30527, "max_position_embeddings": 514},
        **{"relative_attention_num_buckets": 32, "pad_token_id": 1},
    },
    "roberta": {**BASE, "vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1},
}


@pytest.mark.parametrize("name", CLASSES)
def test_cards_are_complete(name: str) -> None:
    card = CLASSES[name].card
    assert card.title
    assert card.weights
    assert card.training_data is not None
    assert card.training_notes
    assert card.citation
    assert card.notes
    assert card.dimensions
    assert card.pooling is None or card.poolings[0] == card.pooling == ("mean" if name == "mpnet" else "cls")
    assert card.recommended is None or card.recommended in card.poolings
    if card.base is not None and card.base in CLASSES:
        base = CLASSES[card.base].card
        assert set(base.training_data) <= set(card.training_data)
        assert base.family == card.family


@pytest.mark.parametrize("name", [name for name, one in CLASSES.items() if issubclass(one, TransformerEncoder)])
def test_sizes_are_those_of_the_published_files(name: str) -> None:
    kind = CLASSES[name]
    if name in ("minilm", "random-bert"):
        return  # checked against their weights
    shape = Shape.from_config(PUBLISHED[kind.layout.architecture], kind.layout.architecture, name)
    tensors = {**shape.tensors(), **kind().extra_tensors(shape)}
    assert kind.card.parameters == sum(map(math.prod, tensors.values()))
    assert kind.card.dimensions == shape.hidden
    assert kind.card.max_length is not None
    assert kind.card.max_length <= shape.max_tokens


@pytest.mark.parametrize("name", [name for name, one in CLASSES.items() if getattr(one, "hub", None)])
def test_hub_models_name_their_page(name: str) -> None:
    kind = CLASSES[name]
    assert kind.hub in kind.card.weights
    assert kind.card.revision is None or len(kind.card.revision) == 40


@pytest.mark.parametrize(
    ("name", "overlaps", "clean"),
    [
        ("bert", "", "mr cr sst2 sst5 imdb goemotions emobank"),
        ("senticse", "mr sst2 sst5", "imdb cr goemotions"),
        ("sentibert", "mr sst2 sst5", "imdb cr"),
        ("sentibert-tree", "mr sst2 sst5", "imdb cr"),
        ("sentix", "cr", "mr imdb"),
        ("bert-review", "cr", "mr imdb"),
        ("bert-pt-laptop", "", "cr mr imdb"),
        ("bert-pt-rest", "", "cr mr imdb"),
        ("sentilare", "", "cr mr imdb sst5"),
        ("simcse-sup-bert", "", "mr sst5"),
    ],
)
def test_asterisks_follow_from_the_training_data(name: str, overlaps: str, clean: str) -> None:
    training = CLASSES[name].card.training_data
    assert {corpus: judge(training, corpus)["state"] for corpus in (overlaps + " " + clean).split()} == {
        **dict.fromkeys(overlaps.split(), "overlap"),
        **dict.fromkeys(clean.split(), "clean"),
    }


def test_listing_imports_nothing_heavy() -> None:
    modules = sorted({one.__module__ for one in CLASSES.values()})
    code = (
        f"import sys, importlib; [importlib.import_module(m) for m in {modules!r}]; "
        "print([m for m in ('torch', 'transformers', 'pandas', 'sklearn', 'nltk') "
        "if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
