"""Reading state dicts: nothing is run, nothing is guessed."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from types import ModuleType

import pytest
import torch

from harness.errors import WeightsInvalid
from harness.transformer.checkpoint import Layout, encoder_tensors, pooler_is_untrained, read_config, read_tensors
from harness.transformer.shape import Shape

LAYOUT = Layout(architecture="bert", prefixes=("bert.",), heads=("cls.",))


class Bomb:
    """Leaves a file behind when unpickled by a reader that runs code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.fixture
def network(tiny: ModuleType):
    return tiny.tiny_bert(vocabulary=40)


def pick(network, state, layout: Layout = LAYOUT):
    shape = Shape.from_config(network.config, "bert", "config")
    plain, full = shape.tensors(pooler=False), shape.tensors(pooler=True)
    optional = {name: size for name, size in full.items() if name not in plain}
    return encoder_tensors(state, plain, layout, "FILE", optional=optional)


@pytest.mark.parametrize("prefix", ["", "bert."])
@pytest.mark.parametrize("old", [False, True])
def test_every_naming_gives_the_same_tensors(tiny: ModuleType, network, prefix: str, old: bool) -> None:
    state = network.state(prefix)
    state = tiny.old_names(state) if old else state
    state["cls.predictions.bias"] = torch.ones(40)
    state[f"{prefix}embeddings.position_ids"] = torch.arange(160)[None]
    picked = pick(network, state)
    expected = network.state()
    assert set(picked.tensors) == set(expected)
    assert all(torch.equal(picked.tensors[name], expected[name]) for name in expected)
    assert picked.left_out == ("cls.predictions.bias",)


def test_a_pooler_may_be_missing(network) -> None:
    assert "pooler.dense.bias" not in pick(network, network.state("bert.", pooler=False)).tensors


def test_a_missing_tensor_is_named(network) -> None:
    state = network.state("bert.")
    del state["bert.encoder.layer.1.output.dense.bias"]
    with pytest.raises(WeightsInvalid, match=r"FILE lacks encoder\.layer\.1\.output\.dense\.bias"):
        pick(network, state)


def test_an_unknown_tensor_is_named(network) -> None:
    state = network.state("bert.")
    state["bert.embeddings.senti_embeddings.weight"] = torch.ones(3, 32)
    with pytest.raises(WeightsInvalid, match=r"unknown tensors bert\.embeddings\.senti_embeddings\.weight"):
        pick(network, state)


def test_any_heads_never_means_parts_of_the_encoder(network) -> None:
    layout = Layout(architecture="bert", prefixes=("bert.",), heads=(), any_heads=True)
    state = network.state("bert.")
    state["classifier.weight"] = torch.ones(2, 32)
    assert pick(network, state, layout).left_out == ("classifier.weight",)
    state["bert.embeddings.senti_embeddings.weight"] = torch.ones(3, 32)
    with pytest.raises(WeightsInvalid, match="senti_embeddings"):
        pick(network, state, layout)


def test_another_shape_is_named(network) -> None:
    state = network.state("bert.")
    state["bert.embeddings.word_embeddings.weight"] = torch.ones(41, 32)
    with pytest.raises(WeightsInvalid, match=r"word_embeddings\.weight has shape \(41, 32\).*\(40, 32\)"):
        pick(network, state)


def test_a_tensor_that_is_set_twice(network) -> None:
    state = {**network.state("bert."), **network.state()}
    with pytest.raises(WeightsInvalid, match="twice"):
        pick(network, state)


def test_renamings(network) -> None:
    state = network.state("bert.", pooler=False)
    state["mlp.dense.weight"], state["mlp.dense.bias"] = torch.ones(32, 32), torch.ones(32)
    layout = Layout(architecture="bert", prefixes=("bert.",), renames=(("mlp.", "pooler."),))
    assert "pooler.dense.weight" in pick(network, state, layout).tensors


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_both_file_formats(tiny: ModuleType, network, tmp_path: Path, name: str) -> None:
    tiny.write_weights(tmp_path / name, network.state())
    read = read_tensors(tmp_path / name)
    assert all(torch.equal(read[key], tensor) for key, tensor in network.state().items())


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    path, trace = tmp_path / "pytorch_model.bin", tmp_path / "ran"
    torch.save({"embeddings.word_embeddings.weight": torch.ones(2, 2), "bomb": Bomb(trace)}, path)
    with pytest.raises(WeightsInvalid, match="cannot be read safely"):
        read_tensors(path)
    path.write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(WeightsInvalid, match="cannot be read safely"):
        read_tensors(path)
    assert not trace.exists()


def test_what_is_no_state_dict_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pytorch_model.bin"
    torch.save([torch.ones(1)], path)
    with pytest.raises(WeightsInvalid, match="holds a list"):
        read_tensors(path)
    torch.save({"weight": torch.ones(1), "epoch": 3}, path)
    with pytest.raises(WeightsInvalid, match=r"more than tensors \(epoch\)"):
        read_tensors(path)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(WeightsInvalid, match=name):
        read_tensors(tmp_path / name)


def test_configurations(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("{")
    with pytest.raises(WeightsInvalid, match="no JSON file"):
        read_config(path)
    path.write_text("[1]")
    with pytest.raises(WeightsInvalid, match="no JSON object"):
        read_config(path)
    path.write_text(json.dumps({"hidden_size": 4}))
    assert read_config(path) == {"hidden_size": 4}


def test_a_pooler_with_a_bias_of_zero_was_never_trained() -> None:
    weight = torch.randn(4, 4) * 0.02
    assert pooler_is_untrained({"pooler.dense.weight": weight, "pooler.dense.bias": torch.zeros(4)})
    assert not pooler_is_untrained({"pooler.dense.weight": weight, "pooler.dense.bias": torch.tensor([0, 0, 0, 1e-8])})
