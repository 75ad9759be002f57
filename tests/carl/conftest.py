"""Tiny backbones and made-up labelled texts."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from carl.backbone import Start, read_start
from carl.config import Config
from carl.configurations import configuration
from carl.label_source import LabelSource

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
