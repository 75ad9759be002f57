"""Tiny encoders, and texts with labels for them."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from carl.networks import Encoder, Tokens
from carl.recipes import data
from carl.recipes.data import Folders
from carl.recipes.objectives.base import Batch, Setup
from carl.sources import LabelSource

VOCABULARY, WIDTH, MASK, PADDING = 40, 16, 4, 0
SPECIAL = frozenset({PADDING, 2, 3, MASK})


def made_setup(pooling: str = "cls") -> Setup:
    """A small encoder in float64; entries 10 to 14 are praise, 15 to 19 blame."""
    torch.manual_seed(0)
    config = BertConfig(
        **{"vocab_size": VOCABULARY, "hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2},
        **{"intermediate_size": 32, "max_position_embeddings": 34, "pad_token_id": PADDING},
        **{"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    )
    model = BertModel(config, add_pooling_layer=False).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, dtype=torch.float64)
    model.get_input_embeddings().requires_grad_(False)
    polarity = torch.zeros(VOCABULARY, dtype=torch.int64)
    polarity[10:15], polarity[15:20] = 1, 2
    encoder = Encoder(model, pooling)
    encoder.pool = lambda states, mask: states[:, 0]  # type: ignore[method-assign]  # keeps float64
    return Setup(encoder, MASK, SPECIAL, polarity, 4)


def made_batch(lengths: tuple[int, ...] = (5, 3, 7, 4), **changes: Any) -> Batch:
    """Texts of so many tokens between two special ones, whose marks fit; valence and emotion go round."""
    generator = torch.Generator().manual_seed(0)
    width, n = max(lengths) + 2, len(lengths)
    ids = torch.full((n, width), PADDING)
    for row, length in enumerate(lengths):
        inner = torch.randint(5, VOCABULARY, (length,), generator=generator)
        ids[row, : length + 2] = torch.tensor([2, *inner.tolist(), 3])
    special = (ids == PADDING) | (ids == 2) | (ids == 3)
    polarity = torch.where((ids >= 10) & (ids < 15), 1, torch.where((ids >= 15) & (ids < 20), 2, 0))
    given = {
        "tokens": Tokens(ids, (ids != PADDING).long(), special),
        "marks": torch.where(special, 0, polarity + 4 * (ids % 5) + 64),
        "valence": torch.tensor([(-1.0, -0.5, 0.6, 1.0)[row % 4] for row in range(n)], dtype=torch.float64),
        "emotion": torch.arange(n) % 3,
        "phrases": [None] * n,
    }
    return Batch(**{**given, **changes})


@pytest.fixture(scope="session")
def checkpoints(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Checkpoints that transformers loads, by architecture."""
    found = {}
    for name, make, vocabulary in (
        ("bert", tiny.tiny_bert, tiny.write_wordpiece),
        ("roberta", tiny.tiny_roberta, tiny.write_bpe),
        ("mpnet", tiny.tiny_mpnet, tiny.write_mpnet_vocabulary),
    ):
        found[name] = tmp_path_factory.mktemp(name)
        network = make(vocabulary=vocabulary(found[name]))
        network.model.save_pretrained(found[name])
    return found


TREES = "\n".join(
    f"({label} (2 {first}) ({label} (2 {second}) ({label} {third})))"
    for label, first, second, third in (
        *((4, "it", "was", "glad"), (0, "we", "are", "awful")),
        *((3, "the", "kind", "rain"), (1, "so", "late", "late")),
    )
)


class MadeUpLibrary:
    """GoEmotions of made-up comments."""

    def load(self, name: str, split: str) -> Any:
        from harness.corpora.base import Examples
        from harness.corpora.goemotions import EMOTIONS

        assert (name, split) == ("goemotions", "train")
        texts = tuple(f"comment {row}: the rain was {'glad' if row % 2 else 'awful'}" for row in range(90))
        emotions = np.zeros((90, 28), dtype=np.bool_)
        emotions[np.arange(90), np.arange(90) % 28] = True
        emotions[:4, 3] = True
        return Examples(texts=texts, ids=tuple(map(str, range(90))), labels={"emotions": emotions}, classes=EMOTIONS)


def made_up_pool(n: int, name: str = "steam") -> LabelSource:
    """Texts whose valence is that of their words."""
    generator = np.random.default_rng(n)
    words = [("glad", 0.8) if generator.random() < 0.5 else ("awful", -0.7) for _ in range(n)]
    texts = tuple(f"number {row} was so {word} :)" for row, (word, _) in enumerate(words))
    labels = np.array([(valence, np.nan, np.nan) for _, valence in words], dtype=np.float32)
    return LabelSource(name=name, title=f"Made-up {name}", licence="none", texts=texts, labels=labels)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """A folder with trees and lexicons, and a made-up pool."""
    for name, content in {
        "sst-trees/train.txt": "\n".join([TREES] * 10) + "\n",
        "lexicons/vader/vader_lexicon.txt": "glad\t2.1\nkind\t1.5\nawful\t-2.0\nlate\t-0.4\n:)\t2.0\n:(\t-1.9\n",
        "lexicons/sentiwordnet/SentiWordNet_3.0.0.pos-recovered.txt": "# columns\n"
        "a\t\t0.5\t0\tkind#1 warm#2\t\nn\t\t0\t0\train#1\t\nv\t\t0\t0\train#1\t\nn\t\t0\t0\train#2\t\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    pool = (made_up_pool(40, "emobank:train"), made_up_pool(60))
    for module in (data, importlib.import_module("carl.recipes.training")):
        monkeypatch.setattr(module, "read_pool", lambda *_, **__: pool)
    return Folders(MadeUpLibrary(), tmp_path, None)  # type: ignore[arg-type]
