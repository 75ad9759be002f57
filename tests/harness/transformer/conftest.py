from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _load(name: str) -> ModuleType:
    path = Path(__file__).parents[2] / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """The module `tests/tiny_checkpoints.py`."""
    return _load("tiny_checkpoints")


@pytest.fixture(scope="session")
def bert_directory(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT as transformers would save it."""
    directory = tmp_path_factory.mktemp("bert")
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(directory))
    tiny.write_weights(directory / "model.safetensors", network.state("bert."))
    tiny.write_config(directory / "config.json", network.config)
    return directory


@pytest.fixture(scope="session")
def roberta_directory(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny RoBERTa as transformers would save it."""
    directory = tmp_path_factory.mktemp("roberta")
    network = tiny.tiny_roberta(vocabulary=tiny.write_bpe(directory))
    tiny.write_weights(directory / "model.safetensors", network.state())
    tiny.write_config(directory / "config.json", network.config)
    return directory
