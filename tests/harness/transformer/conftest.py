from pathlib import Path
from types import ModuleType

import pytest


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
