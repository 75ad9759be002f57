"""Which parameters learn how fast."""

import pytest
import torch

from carl.model import Backbone, Carl
from carl.optimiser import parameter_groups


def test_every_trainable_parameter_is_in_the_group_that_it_belongs_to(bert, config):
    config = config.changed(["learning_rate=1e-5", "head_learning_rate=1e-3", "weight_decay=0.1"])
    model = Carl(Backbone(bert.shape), config)
    names = {id(parameter): name for name, parameter in model.trainable()}
    found = {
        names[id(parameter)]: (group["peak"], group["weight_decay"])
        for group in parameter_groups(model, config)
        for parameter in group["params"]
    }
    assert set(found) == set(names.values())
    assert found["online.backbone.embeddings.word_embeddings.weight"] == (1e-5, 0.1)
    assert found["online.backbone.encoder.layer.0.output.LayerNorm.weight"] == (1e-5, 0)
    assert found["online.backbone.pooler.dense.weight"] == (1e-3, 0.1)
    assert found["predictor.0.bias"] == (1e-3, 0)
    assert found["detector.dense.weight"] == (1e-3, 0.1)
    assert parameter_groups(model, config)[0]["peak"] == pytest.approx(1e-5)


def test_a_backbone_without_a_pooler_gets_a_new_one(bert):
    backbone = Backbone(bert.shape)
    drawn = backbone.pooler.dense.weight.clone()
    backbone.load({name: tensor for name, tensor in bert.tensors.items() if not name.startswith("pooler.")})
    assert torch.equal(backbone.pooler.dense.weight, drawn)
    assert torch.equal(backbone.embeddings.word_embeddings.weight, bert.tensors["embeddings.word_embeddings.weight"])
