"""Objectives around tiny encoders, and batches for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from carl.backbone import Start
from carl.batches import Batch
from carl.label_source import LabelSource
from carl.model import Backbone
from carl.recipes.config import RecipeConfig
from carl.recipes.data import Shelf
from carl.recipes.objectives.base import Setup, Shown
from harness.corpora.base import Examples
from harness.corpora.goemotions import CARD, EMOTIONS
from harness.transformer.shape import Shape

VOCABULARY, WIDTH, MASK, PADDING = 40, 16, 4, 0
SPECIAL = frozenset({PADDING, 2, 3, MASK})


def tiny_shape(**changes: Any) -> Shape:
    """A network of two small layers."""
    sizes = {
        **{"architecture": "bert", "hidden": WIDTH, "layers": 2, "heads": 2, "intermediate": 32, "positions": 32},
        **{"vocabulary": VOCABULARY, "types": 2, "epsilon": 1e-12, "activation": "gelu", "padding": PADDING},
    }
    return Shape(**{**sizes, **changes})


def made_setup(*, as_released: bool = False, classes: int = 4, seed: int = 0, **changes: Any) -> Setup:
    """A small encoder in float64; entries 10 to 14 are praise, 15 to 19 blame."""
    torch.manual_seed(seed)
    polarity = torch.zeros(VOCABULARY, dtype=torch.int64)
    polarity[10:15], polarity[15:20] = 1, 2
    backbone = Backbone(tiny_shape(**changes)).double()
    return Setup(backbone, MASK, SPECIAL, polarity, classes, as_released)


def made_batch(lengths: tuple[int, ...], seed: int = 0) -> Batch:
    """Texts of so many tokens between two special ones."""
    generator = torch.Generator().manual_seed(seed)
    width = max(lengths) + 2
    ids = torch.full((len(lengths), width), PADDING)
    for row, length in enumerate(lengths):
        inner = torch.randint(5, VOCABULARY, (length,), generator=generator)
        ids[row, : length + 2] = torch.tensor([2, *inner.tolist(), 3])
    real = ids != PADDING
    candidates = real & (ids != 2) & (ids != 3)
    return Batch(ids, real, candidates, real.flatten().nonzero().squeeze(1), torch.zeros(len(lengths), 2))


def made_shown(lengths: tuple[int, ...] = (5, 3, 7, 4), seed: int = 0, **changes: Any) -> Shown:
    """A batch whose marks fit its tokens; valence and emotion go round."""
    batch = made_batch(lengths, seed)
    polarity = torch.where(
        (batch.ids >= 10) & (batch.ids < 15), 1, torch.where((batch.ids >= 15) & (batch.ids < 20), 2, 0)
    )
    marks = torch.where(batch.candidates, polarity + 4 * (batch.ids % 5) + 64, 0)
    n = len(lengths)
    valence = torch.tensor([(-1.0, -0.5, 0.6, 1.0)[row % 4] for row in range(n)], dtype=torch.float64)
    given = {
        "valence": valence,
        "emotion": torch.arange(n) % 3,
        "phrases": [None] * n,
        "answers": torch.full((n, 3), -1),
        **changes,
    }
    return Shown(batch, marks, **given)


@pytest.fixture
def setup() -> Callable[..., Setup]:
    """The function `made_setup`."""
    return made_setup


@pytest.fixture
def shown() -> Callable[..., Shown]:
    """The function `made_shown`."""
    return made_shown


TREES = "\n".join(
    f"({label} (2 {first}) ({label} (2 {second}) ({label} {third})))"
    for label, first, second, third in (
        (4, "it", "was", "glad"),
        (0, "we", "are", "awful"),
        (3, "the", "kind", "rain"),
        (1, "so", "late", "late"),
    )
)


def made_paragraph(number: int) -> dict[str, Any]:
    """A paragraph of SQuAD's form with one question."""
    answer = "glad and kind" if number % 2 else "cold"
    context = f"it was very late . the train was {answer} . we are so fine"
    found = {"answer_start": context.index(answer), "text": answer}
    return {"context": context, "qas": [{"question": f"was the train {number} late", "answers": [found]}]}


class MadeUpShelves:
    """GoEmotions of made-up comments, and a folder with trees and lexicons."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder
        for name, content in {
            "sst-trees/train.txt": "\n".join([TREES] * 10) + "\n",
            "squad/train-v1.1.json": json.dumps({"data": [{"paragraphs": [made_paragraph(n) for n in range(20)]}]}),
            "lexicons/vader/vader_lexicon.txt": "glad\t2.1\nkind\t1.5\nawful\t-2.0\nlate\t-0.4\n:)\t2.0\n:(\t-1.9\n",
            "lexicons/sentiwordnet/SentiWordNet_3.0.0.pos-recovered.txt": "# columns\n"
            "a\t\t0.5\t0\tkind#1 warm#2\t\nn\t\t0\t0\train#1\t\nv\t\t0\t0\train#1\t\nn\t\t0\t0\train#2\t\n",
        }.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, "utf-8")

    def load(self, name: str, split: str) -> Examples:
        assert (name, split) == ("goemotions", "train")
        texts = tuple(f"comment {row}: the rain was {'glad' if row % 2 else 'awful'}" for row in range(90))
        emotions = np.zeros((90, 28), dtype=np.bool_)
        emotions[np.arange(90), np.arange(90) % 28] = True
        emotions[:4, 3] = True
        return Examples(texts=texts, ids=tuple(map(str, range(90))), labels={"emotions": emotions}, classes=EMOTIONS)

    def card(self, name: str) -> Any:
        assert name == "goemotions"
        return CARD


def made_up_pool(n: int, name: str = "steam") -> LabelSource:
    """Texts whose valence is that of their words."""
    generator = np.random.default_rng(n)
    words = [
        (str(generator.choice(["glad", "kind"])), 0.8) if generator.random() < 0.5 else ("awful", -0.7)
        for _ in range(n)
    ]
    texts = tuple(f"number {row} was so {word} :)" for row, (word, _) in enumerate(words))
    labels = np.array([(valence, np.nan) for _, valence in words], dtype=np.float32)
    return LabelSource(name=name, title=f"Made-up {name}", licence="none", texts=texts, labels=labels)


@pytest.fixture
def shelf(tmp_path: Path) -> Callable[[Start], Shelf]:
    """Makes shelves whose pools are made up."""

    def make(start: Start) -> Shelf:
        found = Shelf(MadeUpShelves(tmp_path / "data"), None, start)  # type: ignore[arg-type]
        found._pool = lambda *_: [made_up_pool(40, "emobank:train"), made_up_pool(60)]  # type: ignore[method-assign]
        return found

    return make


@pytest.fixture
def settings() -> RecipeConfig:
    """A run of a few cheap steps."""
    return RecipeConfig(
        **{"name": "", "recipe": "", "backbone": "minilm", "texts": 32, "passes": 1.5, "batch": 8, "max_length": 24},
        **{"precision": "float32", "log_every": 1, "save_every": 2},
    )
