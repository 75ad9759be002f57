"""Reading state dicts: nothing is run, nothing is guessed."""

import json
from pathlib import Path
from types import ModuleType

import pytest
import torch

from harness.errors import WeightsInvalid
from harness.transformer.checkpoint import Layout, Shape, read_config
from harness.transformer.tensors import encoder_tensors, read_tensors

LAYOUT = Layout(architecture="bert", prefixes=("bert.",), heads=("cls.",))


@pytest.fixture
def network(tiny: ModuleType):
    return tiny.tiny_bert(vocabulary=40)


def pick(network, state, layout: Layout = LAYOUT):
    shape = Shape.from_config(network.config, "bert", "config")
    return encoder_tensors(state, shape.tensors(), layout, "FILE")


@pytest.mark.parametrize("prefix", ["", "bert."])
@pytest.mark.parametrize("old", [False, True])
def test_every_naming_gives_the_same_tensors(tiny: ModuleType, network, prefix: str, old: bool) -> None:
    state = network.state(prefix)
    state = tiny.old_names(state) if old else state
    state["cls.predictions.bias"] = torch.ones(40)
    state[f"{prefix}embeddings.position_ids"] = torch.arange(160)[None]
    found = pick(network, state)
    expected = network.state()
    assert set(found) == set(expected)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_missing_tensor_is_named(network) -> None:
    state = network.state("bert.")
    del state["bert.encoder.layer.1.output.dense.bias"]
    with pytest.raises(WeightsInvalid, match=r"FILE lacks encoder\.layer\.1\.output\.dense\.bias"):
        pick(network, state)


def test_quantised_weights_are_refused(network) -> None:
    state = {name: (tensor * 10).to(torch.int8) for name, tensor in network.state().items()}
    with pytest.raises(WeightsInvalid, match="int8"):
        pick(network, state)


def test_any_heads_never_means_parts_of_the_encoder(network) -> None:
    layout = Layout(architecture="bert", prefixes=("bert.",), heads=(), any_heads=True)
    state = network.state("bert.")
    state["classifier.weight"] = torch.ones(2, 32)
    assert "classifier.weight" not in pick(network, state, layout)
    state["bert.embeddings.senti_embeddings.weight"] = torch.ones(3, 32)
    with pytest.raises(WeightsInvalid, match="senti_embeddings"):
        pick(network, state, layout)


def test_configurations(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    for content in ("{", "[1]"):
        path.write_text(content)
        with pytest.raises(WeightsInvalid, match="no JSON object"):
            read_config(path)
    path.write_text(json.dumps({"hidden_size": 4}))
    assert read_config(path) == {"hidden_size": 4}


CONFIG = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "vocab_size": 40,
    "max_position_embeddings": 66,
    "type_vocab_size": 1,
}


@pytest.mark.parametrize(
    "change",
    [
        *({"hidden_size": None}, {"vocab_size": True}, {"num_hidden_layers": 0}, {"num_attention_heads": 5}),
        *({"hidden_act": "swish"}, {"position_embedding_type": "relative_key"}, {"embedding_size": 16}),
        *({"layer_norm_eps": None}, {"model_type": "roberta"}),
    ],
)
def test_what_is_no_bert(change: dict[str, object]) -> None:
    with pytest.raises(WeightsInvalid, match="FILE"):
        Shape.from_config({**CONFIG, **change}, "bert", "FILE")


def test_a_pointer_of_git_lfs_is_named(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 90868370\n")
    with pytest.raises(WeightsInvalid, match="git lfs pull"):
        read_tensors(path)
