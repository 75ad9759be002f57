"""Tiny backbones and made-up labelled texts."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from carl.backbone import Start, read_start
from carl.card import model_card
from carl.checkpointing import write_checkpoint
from carl.config import Config
from carl.configurations import configuration
from carl.label_source import LabelSource
from carl.shipping import ship
from carl.sources import training_hashes
from harness.corpora.base import Examples

GOOD, BAD = ("glad", "kind", "warm", "fine"), ("awful", "cold", "late", "unkind")
FILLER = ("the rain was", "we are", "you and the train are", "it is very", "so it was", "the rain and we are")


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """The module `tests/tiny_checkpoints.py`."""
    path = Path(__file__).parents[1] / "tiny_checkpoints.py"
    spec = importlib.util.spec_from_file_location("tiny_checkpoints", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tiny_checkpoints"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def bert_directory(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bert")
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(directory))
    tiny.write_weights(directory / "model.safetensors", network.state())
    tiny.write_config(directory / "config.json", network.config)
    return directory


@pytest.fixture(scope="session")
def wide_bert(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Start:
    directory = tmp_path_factory.mktemp("wide-bert")
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(directory), width=96)
    tiny.write_weights(directory / "model.safetensors", network.state())
    tiny.write_config(directory / "config.json", network.config)
    return read_start(str(directory))


@pytest.fixture(scope="session")
def roberta_directory(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("roberta")
    network = tiny.tiny_roberta(vocabulary=tiny.write_bpe(directory))
    tiny.write_weights(directory / "model.safetensors", network.state("roberta."))
    tiny.write_config(directory / "config.json", network.config)
    return directory


@pytest.fixture(scope="session")
def bert(bert_directory: Path) -> Start:
    return read_start(str(bert_directory))


@pytest.fixture(scope="session")
def roberta(roberta_directory: Path) -> Start:
    return read_start(str(roberta_directory))


def made_up(n: int, seed: int) -> LabelSource:
    """Sentences whose affect is that of their words."""
    generator = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(n):
        words = [generator.choice(GOOD if generator.random() < 0.5 else BAD) for _ in range(generator.integers(1, 5))]
        texts.append(f"{generator.choice(FILLER)} {' and '.join(words)}")
        valence = np.mean([1.0 if word in GOOD else -1.0 for word in words])
        labels.append((0.9 * valence, 0.2 * len(words) - 0.5 if generator.random() < 0.7 else np.nan))
    return LabelSource(
        name="made-up", title="Made-up texts", licence="none", texts=tuple(texts), labels=np.array(labels, np.float32)
    )


@pytest.fixture(scope="session")
def source() -> LabelSource:
    return made_up(96, 0)


@pytest.fixture(scope="session")
def many_texts() -> LabelSource:
    return made_up(768, 0)


@pytest.fixture(scope="session")
def other_source() -> LabelSource:
    """Texts that no test trains on."""
    return made_up(256, 1)


@pytest.fixture
def config() -> Config:
    """A run of a few cheap steps."""
    return configuration("carl-minilm").changed(
        [
            *("batch=16", "epochs=3", "max_length=32", "projection_hidden=32", "projection_size=16"),
            *("learning_rate=1e-3", "log_every=1", "evaluate_every=6", "save_every=5", "label_temperature=0.3"),
        ]
    )


EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")


class MadeUpLibrary:
    """EmoBank and GoEmotions of made-up sentences; no text of one split is in another."""

    def load(self, name: str, split: str) -> Examples:
        seed = {"train": 10, "dev": 11, "test": 12}[split]
        part = made_up(200 if split == "train" else 60, seed)
        texts = tuple(f"{split} {row} {text}" for row, text in enumerate(part.texts))
        ids = tuple(map(str, range(len(texts))))
        if name == "goemotions":
            words = np.array([sum(word in text for word in (*GOOD, *BAD)) % 3 for text in texts])
            labels = np.where(part.labels[:, 0] > 0, 3, 0) + words
            return Examples(texts=texts, ids=ids, labels={"emotion": labels.astype(np.int64)}, classes=EMOTIONS)
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
def affect_library() -> MadeUpLibrary:
    return MadeUpLibrary()


def run_record_of(start: Start, texts: int) -> dict[str, Any]:
    """The record of a finished run of three steps, as a trainer writes it."""
    return {
        "name": "carl-minilm-plus",
        "config": configuration("carl-minilm-plus").as_dict(),
        "backbone": {"name": "minilm", "title": "MiniLM-L6", "weights": "a package", "licence": "Apache-2.0"},
        "sources": [
            {"name": "emobank:train", "title": "Made-up texts", "licence": "none", "rows": texts, "left_out": 0}
        ],
        "hash_file": "training_texts.txt",
        "dimensions": start.shape.hidden,
        "step": 3,
        "steps": 3,
        "best_step": None,
        "scores": {},
        "seconds": 1.0,
        "device": "a CPU",
        "versions": {"torch": "2"},
    }


def write_run(directory: Path, start: Start, **changes: Any) -> Path:
    """A finished run, without training."""
    source = made_up(20, 2)
    record = {**run_record_of(start, len(source)), **changes}
    write_checkpoint(
        directory, start.tensors, start, card=model_card(record), record=record, hashes=training_hashes([source])
    )
    return directory


@pytest.fixture(scope="session")
def finished_run() -> Callable[..., Path]:
    """The function `write_run`."""
    return write_run


@pytest.fixture(scope="session", params=["bert", "roberta"])
def shipped(
    request: pytest.FixtureRequest, affect_library: MadeUpLibrary, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A tiny checkpoint with heads, made by `ship` of a run in either architecture."""
    start = request.getfixturevalue(request.param)
    folder = tmp_path_factory.mktemp(f"ship-{request.param}")
    name = {"bert": "carl-minilm", "roberta": "carl-roberta"}[request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.tasks.emotion_rows.C_GRID", (0.01, 0.1))
        return ship(write_run(folder / "run", start), name, affect_library, folder / "checkpoints", device="cpu")
