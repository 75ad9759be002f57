"""Compiled layers are the same network."""

import pytest
import torch

from carl.compilation import compile_layers
from carl.trainer import Trainer


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_run_with_traced_layers_ends_where_a_plain_one_does(bert, source, config, tmp_path):
    config = config.changed(["steps=2"])
    plain = Trainer(config, bert, [source], tmp_path / "plain")
    traced = Trainer(config, bert, [source], tmp_path / "traced", compiler="eager")
    torch._dynamo.reset()
    assert plain.run()
    assert traced.run()
    frames = torch._dynamo.utils.counters["frames"]
    assert frames["total"] > 0
    expected = plain.model.state_dict()
    assert list(traced.model.state_dict()) == list(expected)
    for name, tensor in traced.model.state_dict().items():
        assert torch.allclose(tensor, expected[name], rtol=1e-4, atol=1e-5), name


def test_torch_is_asked_for_uncompiled_random_numbers(bert, source, config, tmp_path, monkeypatch):
    model = Trainer(config, bert, [source], tmp_path).model
    asked = []
    monkeypatch.setattr("torch.nn.Module.compile", lambda layer, **options: asked.append((layer, options)))
    compile_layers(model)
    layers = [layer for branch in (model.online, model.target) for layer in branch.backbone.encoder.layer]
    assert [layer for layer, _ in asked] == layers
    assert all(options["options"] == {"fallback_random": True} and options["dynamic"] for _, options in asked)
