"""all-mpnet-base-v2: the library's arithmetic, LoRA adapters over it, and weights in five pieces."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from baselines import packaged as mpnet
from baselines.packaged import MPNet
from harness.errors import WeightsInvalid, WeightsMissing
from harness.registry import find_encoder
from harness.transformer.tensors import merge_adapter, read_tensors


@pytest.fixture
def directory(tiny: ModuleType, tmp_path: Path) -> Path:
    """A tiny MPNet in the published layout."""
    place = tmp_path / "mpnet"
    network = tiny.tiny_mpnet(vocabulary=tiny.write_mpnet_vocabulary(place))
    tiny.write_weights(place / "model.safetensors", network.state())
    tiny.write_config(place / "config.json", network.config)
    return place


def test_the_mean_of_the_library(tiny: ModuleType, directory: Path) -> None:
    network = tiny.tiny_mpnet(vocabulary=json.loads((directory / "config.json").read_text())["vocab_size"])
    for pooling in (None, "cls", "last"):
        encoder = MPNet(weights_dir=directory, pooling=pooling, device="cpu")
        ids = encoder.inputs(tiny.TEXTS)
        assert list(ids[1]) == [0, 2]
        expected = np.stack([network.reference(row)[pooling or "mean"] for row in ids])
        np.testing.assert_allclose(encoder.encode(tiny.TEXTS), expected, atol=1e-5)


def lora(network, directory: Path, rank: int = 4) -> Path:
    """A random adapter, as peft saves it, of the queries and values."""
    tensors, generator = {}, torch.Generator().manual_seed(5)
    for name, weight in network.state().items():
        if name.endswith(("attn.q.weight", "attn.v.weight")):
            matrix = "base_model.model." + name.removesuffix(".weight")
            tensors[f"{matrix}.lora_A.weight"] = torch.randn(rank, weight.shape[1], generator=generator)
            tensors[f"{matrix}.lora_B.weight"] = torch.randn(weight.shape[0], rank, generator=generator)
    directory.mkdir()
    from safetensors.torch import save_file

    save_file(tensors, directory / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": 2, "target_modules": ["q", "v"], "bias": "none",
              "base_model_name_or_path": "mpnet"}  # fmt: skip
    (directory / "adapter_config.json").write_text(json.dumps(config))
    return directory


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_an_adapter_is_merged_as_peft_does(
    tiny: ModuleType, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peft = pytest.importorskip("peft")
    network = tiny.tiny_mpnet(vocabulary=json.loads((directory / "config.json").read_text())["vocab_size"])
    adapter = lora(network, tmp_path / "adapter")

    class Adapted(MPNet):
        adapter_dir = adapter

    encoder = Adapted(weights_dir=directory, device="cpu")
    plain = MPNet(weights_dir=directory, device="cpu")
    assert encoder.fingerprint != plain.fingerprint
    ids = encoder.inputs(tiny.TEXTS)
    adapted = peft.PeftModel.from_pretrained(network.model, adapter).merge_and_unload().eval()
    reference = tiny.Tiny("mpnet", adapted, network.config)
    expected = np.stack([reference.reference(row)["mean"] for row in ids])
    np.testing.assert_allclose(encoder.encode(tiny.TEXTS), expected, atol=1e-5)
    assert np.abs(plain.encode(tiny.TEXTS) - expected).max() > 0.1

    # The directory alone names its backbone.
    monkeypatch.setattr(mpnet, "_fetched", lambda: directory)
    plugin = find_encoder(str(adapter))
    assert (plugin.name, plugin.card.base, plugin.card.training_data) == ("dir:adapter", "mpnet", None)
    assert np.array_equal(plugin.create(device="cpu").encode(tiny.TEXTS), encoder.encode(tiny.TEXTS))
    # So it does where the backbone is a directory.
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": str(directory)}))
    own, base = (find_encoder(str(place)).create(device="cpu") for place in (adapter, directory))
    assert own.fingerprint != base.fingerprint
    assert np.abs(own.encode(["the rain"]) - base.encode(["the rain"])).max() > 1e-3


def test_an_adapter_of_another_model_or_kind_is_refused(tiny: ModuleType, directory: Path, tmp_path: Path) -> None:
    adapter = lora(tiny.tiny_mpnet(vocabulary=20, width=64), tmp_path / "adapter")
    state = read_tensors(directory / "model.safetensors")
    with pytest.raises(WeightsInvalid, match="belongs to another model"):
        merge_adapter(state, adapter)
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**config, "use_dora": True}))
    with pytest.raises(WeightsInvalid, match="use_dora"):
        merge_adapter(state, adapter)


def test_without_weights_the_command_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("AFFECTBENCH_OFFLINE", "1")
    with pytest.raises(WeightsMissing, match="`bench weights mpnet`"):
        MPNet().encode(["a"])
    with pytest.raises(WeightsMissing, match="--weights-dir mpnet=DIR"):
        MPNet().fetch()
