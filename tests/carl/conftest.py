"""Tiny backbones, made-up labelled texts, and runs of a few steps."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertModel, MPNetConfig, MPNetModel, RobertaConfig, RobertaModel

from carl.config import Config
from carl.sources import LabelSource
from harness.corpora.base import Examples
from harness.corpora.goemotions import EMOTIONS as FINE

GOOD, BAD = ("glad", "kind", "warm", "fine"), ("awful", "cold", "late", "unkind")
FILLER = ("the rain was", "we are", "you and the train are", "it is very", "so it was", "the rain and we are")


SHAPES = {"bert": (BertConfig, BertModel), "roberta": (RobertaConfig, RobertaModel), "mpnet": (MPNetConfig, MPNetModel)}


@pytest.fixture(scope="session")
def backbones(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Random checkpoints of two layers in the three architectures, as transformers saves them."""
    found = {}
    for name, (config, model) in SHAPES.items():
        directory = tmp_path_factory.mktemp(name)
        size = tiny.write_wordpiece(directory) if name == "bert" else tiny.write_bpe(directory)
        torch.manual_seed(0)
        model(
            config(
                vocab_size=size,
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=4,
                intermediate_size=64,
                max_position_embeddings=70,
                pad_token_id=0 if name == "bert" else 1,
            )
        ).save_pretrained(directory)
        AutoTokenizer.from_pretrained(found.get("roberta", directory)).save_pretrained(directory)
        found[name] = directory
    return found


def made_up(n: int, seed: int, name: str = "made-up") -> LabelSource:
    """Sentences whose affect is that of their words."""
    generator = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(n):
        words = [generator.choice(GOOD if generator.random() < 0.5 else BAD) for _ in range(generator.integers(1, 5))]
        texts.append(f"{generator.choice(FILLER)} {' and '.join(words)}")
        valence = np.mean([1.0 if word in GOOD else -1.0 for word in words])
        labels.append((0.9 * valence, 0.2 * len(words) - 0.5 if generator.random() < 0.7 else np.nan, np.nan))
    return LabelSource(
        name=name, title="Made-up texts", licence="none", texts=tuple(texts), labels=np.array(labels, np.float32)
    )


@pytest.fixture
def config() -> Config:
    """A run of a few cheap steps."""
    return Config(name="carl-minilm", lambda_words=0.0, sources=("emobank",), mixture=(0, 0, 0)).changed(
        [
            *("batch=16", "steps=8", "max_length=32", "projection_hidden=32", "projection_size=16", "group=8"),
            *("learning_rate=1e-3", "log_every=1", "evaluate_every=4", "save_every=3", "lora_rank=0"),
            *("precision=float32", "dropout=0"),
        ]
    )


class MadeUpLibrary:
    """Corpora of made-up sentences; no text of one split is in another."""

    data_dir = None

    def load(self, name: str, split: str) -> Examples:
        seed = {"train": 10, "dev": 11, "test": 12, "all": 13}[split]
        part = made_up(200 if split == "train" else 60, seed)
        texts = tuple(f"{split} {row} {text}" for row, text in enumerate(part.texts))
        ids = tuple(map(str, range(len(texts))))
        positive = part.labels[:, 0] > 0
        if name == "goemotions":
            flags = np.zeros((len(texts), len(FINE)), dtype=bool)
            flags[np.arange(len(texts)), np.where(positive, FINE.index("joy"), FINE.index("anger"))] = True
            return Examples(texts=texts, ids=ids, labels={"emotions": flags}, classes=FINE)
        if name in ("sst5", "mr"):
            classes = np.digitize(part.labels[:, 0], (-0.6, -0.2, 0.2, 0.6))
            return Examples(texts=texts, ids=ids, labels={"label": classes}, classes=tuple("abcde"))
        assert name == "emobank"
        ratings = np.nan_to_num(part.labels.astype(np.float64)) * 2 + 3
        return Examples(
            texts=texts,
            ids=ids,
            labels={"valence": ratings[:, 0], "arousal": ratings[:, 1], "dominance": ratings[:, 1]},
            groups=tuple(f"document {row % 7}" for row in range(len(texts))),
            scales=dict.fromkeys(("valence", "arousal", "dominance"), (1.0, 5.0)),
        )


@pytest.fixture(scope="session")
def library() -> MadeUpLibrary:
    return MadeUpLibrary()
