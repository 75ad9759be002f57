from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from harness.errors import ExtraMissing, UsageError, WeightsInvalid, WeightsMissing
from harness.testing import check_encoder
from harness.transformer import sentences, snapshot
from harness.transformer.hub import HubEncoder
from harness.transformer.sentences import SentenceTransformerEncoder
from harness.transformer.undeclared import hub_plugin

installed = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None, reason="sentence-transformers is not installed"
)


@pytest.fixture(scope="module")
def directory(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with mean pooling and a cut-off of 20 tokens."""
    directory = tmp_path_factory.mktemp("st")
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(directory))
    tiny.write_weights(directory / "model.safetensors", network.state())
    tiny.write_config(directory / "config.json", network.config)
    kinds = (("", "Transformer"), ("1_Pooling", "Pooling"))
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds)
    ]
    (directory / "modules.json").write_text(json.dumps(modules))
    (directory / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 20}))
    (directory / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    (directory / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return directory


@installed
@pytest.mark.filterwarnings("ignore")
def test_the_models_own_vector(tiny: ModuleType, directory: Path) -> None:
    _, _, factory = hub_plugin(str(directory))
    encoder = factory(device="cpu")
    assert isinstance(encoder, SentenceTransformerEncoder)
    expected = HubEncoder(directory, pooling="mean", max_length=20, device="cpu").encode(tiny.TEXTS)
    np.testing.assert_allclose(encoder.encode(tiny.TEXTS), expected, atol=1e-5)
    described = encoder.describe()
    assert (described["max_length"], described["dimensions"], described["dtype"]) == (20, 32, "float32")
    assert encoder.availability() == ("ready", "")
    report = check_encoder(encoder)
    assert report.passed, report
    assert factory(device="cpu", max_length=5).describe()["max_length"] == 5


@installed
def test_the_fingerprint_follows_the_pooling_too(directory: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(directory, tmp_path / "copy")
    before = SentenceTransformerEncoder(tmp_path / "copy").fingerprint
    assert before == SentenceTransformerEncoder(directory).fingerprint
    (tmp_path / "copy" / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert SentenceTransformerEncoder(tmp_path / "copy").fingerprint != before


@installed
def test_a_directory_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("[{]")
    with pytest.raises(WeightsInvalid, match="cannot load it"):
        SentenceTransformerEncoder(tmp_path, device="cpu").encode(["a"])


def test_without_the_library(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences.importlib.util, "find_spec", lambda name: None)
    encoder = SentenceTransformerEncoder(directory, device="cpu")
    with pytest.raises(ExtraMissing, match=r"pip install 'affectbench\[sentence-transformers\]'"):
        encoder.encode(["a"])
    assert encoder.availability()[0] == "extra-missing"


@installed
def test_without_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(snapshot, "hub_reachable", lambda: False)
    encoder = SentenceTransformerEncoder("org/model", device="cpu")
    with pytest.raises(WeightsMissing, match="org/model"):
        encoder.encode(["a"])
    assert encoder.availability()[0] == "weights-missing"


def test_an_unknown_dtype(directory: Path) -> None:
    with pytest.raises(UsageError, match="dtype"):
        SentenceTransformerEncoder(directory, dtype="int8")
