"""Models that nobody described: the packed engine where it fits, the library elsewhere, and both the same."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from harness.errors import UsageError, WeightsInvalid, WeightsMissing
from harness.testing import check_encoder
from harness.transformer import hub, snapshot
from harness.transformer.hub import HubEncoder
from harness.transformer.undeclared import hub_plugin

POOLINGS = ("cls", "mean", "pooler", "last")


@pytest.fixture(scope="module")
def distilbert(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model outside the packed engine's shapes, and without a pooler."""
    from transformers import DistilBertConfig, DistilBertModel

    directory = tmp_path_factory.mktemp("distil")
    size = tiny.write_wordpiece(directory)
    config = DistilBertConfig(vocab_size=size, dim=32, n_layers=1, n_heads=2, hidden_dim=64, max_position_embeddings=40)
    torch.manual_seed(1)
    model = DistilBertModel(config)
    tiny.write_weights(directory / "model.safetensors", model.state_dict())
    (directory / "config.json").write_text(json.dumps(config.to_dict()))
    return directory


@pytest.fixture
def library_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_PACKED", {})


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("architecture", ["bert", "roberta"])
def test_packed_and_library_agree(
    tiny: ModuleType, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, architecture: str, pooling: str
) -> None:
    directory = request.getfixturevalue(f"{architecture}_directory")
    packed = HubEncoder(directory, pooling=pooling, max_length=50, device="cpu")
    ours = packed.encode([*tiny.TEXTS, "half a pair \ud83d"])
    monkeypatch.setattr(hub, "_PACKED", {})
    library = HubEncoder(directory, pooling=pooling, max_length=50, device="cpu", batch_tokens=60)
    theirs = library.encode([*tiny.TEXTS, "half a pair \ud83d"])
    assert packed.backend in ("torch-packed", "onednn-packed")
    assert library.backend == "transformers"
    for a, b in zip(packed.inputs(tiny.TEXTS), library.inputs(tiny.TEXTS), strict=True):
        assert a.tolist() == b.tolist()
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    for a, b in zip(packed.token_states(tiny.TEXTS), library.token_states(tiny.TEXTS), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-5)


def test_the_length_limit_is_the_same_on_both_ways(
    roberta_directory: Path, tiny: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in roberta_directory.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert HubEncoder(tmp_path, device="cpu").effective_max_length() == 160
    (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": 30}')
    assert HubEncoder(tmp_path, device="cpu").effective_max_length() == 30
    monkeypatch.setattr(hub, "_PACKED", {})
    assert HubEncoder(tmp_path, device="cpu").effective_max_length() == 30
    assert HubEncoder(roberta_directory, device="cpu").effective_max_length() == 160
    assert HubEncoder(roberta_directory, device="cpu", max_length=20).effective_max_length() == 20


def test_another_architecture_runs_in_the_library(distilbert: Path) -> None:
    encoder = HubEncoder(distilbert, device="cpu")
    report = check_encoder(encoder)
    assert report.passed, report
    assert encoder.describe()["backend"] == "transformers"
    assert encoder.describe()["max_length"] == 40
    assert len(pickle.dumps(encoder)) < 5_000


def test_a_model_without_pooler_has_no_pooler(distilbert: Path) -> None:
    with pytest.raises(WeightsInvalid, match="no trained pooler"):
        HubEncoder(distilbert, pooling="pooler", device="cpu").encode(["a"])


@pytest.mark.usefixtures("library_only")
def test_a_pooler_that_the_library_would_draw_is_refused(tiny: ModuleType, tmp_path: Path) -> None:
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(tmp_path))
    tiny.write_config(tmp_path / "config.json", network.config)
    tiny.write_weights(tmp_path / "model.safetensors", network.state(pooler=False))
    assert HubEncoder(tmp_path, device="cpu").encode(["a"]).shape == (1, 32)
    with pytest.raises(WeightsInvalid, match="no trained pooler"):
        HubEncoder(tmp_path, pooling="pooler", device="cpu").encode(["a"])
    state = network.state()
    state["pooler.dense.bias"].zero_()
    tiny.write_weights(tmp_path / "model.safetensors", state)
    with pytest.raises(WeightsInvalid, match="no trained pooler"):
        HubEncoder(tmp_path, pooling="pooler", device="cpu").encode(["a"])


@pytest.mark.parametrize("packed", [True, False])
def test_an_incomplete_encoder_is_refused(
    tiny: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    if not packed:
        monkeypatch.setattr(hub, "_PACKED", {})
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(tmp_path))
    tiny.write_config(tmp_path / "config.json", network.config)
    state = network.state()
    del state["encoder.layer.1.output.dense.weight"]
    tiny.write_weights(tmp_path / "model.safetensors", state)
    with pytest.raises(WeightsInvalid, match=r"lacks encoder\.layer\.1\.output\.dense\.weight"):
        HubEncoder(tmp_path, device="cpu").encode(["a"])


@pytest.mark.parametrize("packed", [True, False])
def test_unknown_heads_are_listed(
    tiny: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    if not packed:
        monkeypatch.setattr(hub, "_PACKED", {})
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(tmp_path))
    tiny.write_config(tmp_path / "config.json", network.config)
    state = {**network.state("bert."), "classifier.weight": torch.ones(2, 32), "classifier.bias": torch.ones(2)}
    tiny.write_weights(tmp_path / "model.safetensors", state)
    encoder = HubEncoder(tmp_path, device="cpu")
    encoder.load()
    assert encoder.describe()["left_out"] == ["classifier.bias", "classifier.weight"]


def test_a_tensor_inside_the_encoder_is_no_head(tiny: ModuleType, tmp_path: Path) -> None:
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(tmp_path))
    tiny.write_config(tmp_path / "config.json", network.config)
    state = {**network.state("bert."), "bert.embeddings.senti_embeddings.weight": torch.ones(3, 32)}
    tiny.write_weights(tmp_path / "model.safetensors", state)
    with pytest.raises(WeightsInvalid, match="senti_embeddings"):
        HubEncoder(tmp_path, device="cpu").encode(["a"])


@pytest.mark.usefixtures("library_only")
def test_a_pickle_with_code_is_not_run_by_the_library_either(tiny: ModuleType, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(tmp_path))
    tiny.write_config(tmp_path / "config.json", network.config)
    torch.save({**network.state(), "bomb": Bomb()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(WeightsInvalid):
        HubEncoder(tmp_path, device="cpu").encode(["a"])
    assert not (tmp_path / "ran").exists()


def test_a_model_with_its_own_code_needs_permission(tiny: ModuleType, tmp_path: Path) -> None:
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(tmp_path))
    config = {**network.config, "model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModel": "own.Own"}}
    tiny.write_config(tmp_path / "config.json", config)
    tiny.write_weights(tmp_path / "model.safetensors", network.state())
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n")
    with pytest.raises(WeightsInvalid):
        HubEncoder(tmp_path, device="cpu").encode(["a"])
    assert not (tmp_path / "ran").exists()


def test_the_fingerprint_follows_the_files(tiny: ModuleType, distilbert: Path, tmp_path: Path) -> None:
    for path in distilbert.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = HubEncoder(tmp_path).fingerprint
    assert before == HubEncoder(distilbert).fingerprint
    (tmp_path / "tokenizer_config.json").write_text("{}")
    assert HubEncoder(tmp_path).fingerprint != before


def test_missing_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(snapshot, "hub_reachable", lambda: False)
    encoder = HubEncoder("org/model")
    with pytest.raises(WeightsMissing, match=r"org/model is not in the hub's cache.*--weights-dir hf:org/model=DIR"):
        encoder.encode(["a"])
    assert encoder.availability()[0] == "weights-missing"
    with pytest.raises(WeightsMissing, match="holds no checkpoint"):
        HubEncoder(tmp_path).encode(["a"])


def test_the_hubs_cache_is_used(bert_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    root = tmp_path / "models--org--model"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text("abc")
    (root / "snapshots").mkdir()
    (root / "snapshots" / "abc").symlink_to(bert_directory)
    encoder = HubEncoder("org/model", device="cpu")
    assert encoder.availability() == ("ready", "")
    assert encoder.encode(["a"]).shape == (1, 32)


def test_a_model_is_fetched_when_the_cache_lacks_it(
    bert_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(snapshot, "hub_reachable", lambda: True)
    monkeypatch.setattr(snapshot, "fetch", lambda hub_id, code: {("org/model", False): bert_directory}[hub_id, code])
    encoder = HubEncoder("org/model", device="cpu")
    assert encoder.availability()[0] == "weights-missing"  # asks nobody
    assert encoder.encode(["a"]).shape == (1, 32)


def test_plugins(bert_directory: Path, tmp_path: Path) -> None:
    name, card, factory = hub_plugin("hf:org/model")
    assert (name, card.title, card.training_data, card.pooling) == ("hf:org/model", "org/model", None, "cls")
    assert card.poolings == POOLINGS
    assert factory(pooling="mean").pooling == "mean"
    name, card, factory = hub_plugin(str(bert_directory))
    assert name == f"dir:{bert_directory.name}"
    assert factory(device="cpu").encode(["a"]).shape == (1, 32)
    name, card, factory = hub_plugin("st:org/model")
    assert (name, card.pooling, card.extras) == ("st:org/model", None, ("sentence-transformers",))
    assert isinstance(factory(pooling="mean"), HubEncoder)
    (tmp_path / "modules.json").write_text("[]")
    assert hub_plugin(str(tmp_path))[1].extras == ("sentence-transformers",)
    with pytest.raises(UsageError, match="neither a directory nor a hub id"):
        hub_plugin("hf:../secrets")
    with pytest.raises(UsageError, match="its own tokeniser"):
        factory(tokenizer_dir=tmp_path)
