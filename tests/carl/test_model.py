"""The trainable encoder is the published arithmetic, and the branches around it are what CARL says."""

import numpy as np
import pytest
import torch

from carl.batches import collate, special_ids
from carl.encoding import embed
from carl.model import Backbone, Carl, Randomness
from harness.transformer.packed import PackedEncoder
from harness.transformer.tokenization import encode_ids


def backbone_of(start, dropout=0.0):
    backbone = Backbone(start.shape, dropout)
    backbone.load(start.tensors)
    return backbone.eval()


def batch_of(start, texts, labels=None):
    items = encode_ids(start.tokenizer, texts, 100)
    labels = np.zeros((len(items), 2), np.float32) if labels is None else labels
    special = special_ids(start.tokenizer, start.shape.padding)
    return collate(items, labels, padding=start.shape.padding, special=special), items


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_states_are_those_of_the_harness_and_of_transformers(name, request, tiny):
    start = request.getfixturevalue(name)
    batch, items = batch_of(start, tiny.TEXTS)
    backbone = backbone_of(start)
    with torch.no_grad():
        states = backbone(batch).numpy()
    packed = PackedEncoder(start.tensors, start.shape, device=torch.device("cpu")).states(items, 1024)
    make = tiny.tiny_bert if name == "bert" else tiny.tiny_roberta
    network = make(vocabulary=start.shape.vocabulary)
    for row, item in enumerate(items):
        assert states[row, : len(item)] == pytest.approx(packed[row].numpy(), abs=1e-5)
        assert states[row, : len(item)] == pytest.approx(network.reference(item)["states"], abs=1e-5)
        assert not states[row, len(item) :].any()
    assert embed(backbone, items, torch.device("cpu"), batch_tokens=64) == pytest.approx(states[:, 0], abs=1e-5)


def test_parameters_have_the_names_of_a_standard_checkpoint(bert):
    shapes = {name: tuple(tensor.shape) for name, tensor in Backbone(bert.shape).state_dict().items()}
    assert shapes == bert.shape.tensors(pooler=True)


def test_word_embeddings_may_be_given_in_place_of_ids(bert):
    batch, _ = batch_of(bert, ["the rain was warm", "never"])
    backbone = backbone_of(bert)
    with torch.no_grad():
        words = backbone.words(batch.ids)
        assert torch.equal(backbone(batch, words), backbone(batch))
        assert not torch.allclose(backbone(batch, words + 0.1), backbone(batch))


def test_padding_has_no_gradient_and_real_tokens_have(bert):
    batch, _ = batch_of(bert, ["the rain was warm", "never"])
    backbone = backbone_of(bert)
    words = backbone.words(batch.ids).detach().requires_grad_()
    backbone(batch, words)[:, 0].square().sum().backward()
    assert not words.grad[~batch.real].any()
    assert words.grad[batch.real].abs().sum(1).min() > 0


def test_pooler_has_no_activation(bert):
    backbone = backbone_of(bert)
    states = 50 * torch.randn(3, 4, bert.shape.hidden)
    expected = states[:, 0] @ backbone.pooler.dense.weight.T + backbone.pooler.dense.bias
    assert torch.allclose(backbone.pooler(states), expected, atol=1e-4)
    assert expected.abs().max() > 1


def test_target_starts_as_a_copy_without_gradient_and_without_predictor(bert, config):
    model = Carl(backbone_of(bert), config)
    for target, online in zip(model.target.parameters(), model.online.parameters(), strict=True):
        assert torch.equal(target, online)
        assert target is not online
        assert not target.requires_grad
    trained = {name.split(".")[0] for name, _ in model.trainable()}
    assert trained == {"online", "predictor", "detector"}
    batch, _ = batch_of(bert, ["the rain", "we are glad"])
    assert not model.target_vectors(batch).requires_grad


def test_target_drops_nothing_while_training(bert, config):
    model = Carl(Backbone(bert.shape, 0.5), config).train()
    batch, _ = batch_of(bert, ["the rain", "we are glad"])
    assert torch.equal(model.target_vectors(batch), model.target_vectors(batch))
    assert not torch.equal(model.online.backbone(batch), model.online.backbone(batch))


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_projection_sizes(bert, config, norm):
    model = Carl(backbone_of(bert), config.changed([f"projection_norm={norm}"]))
    batch, _ = batch_of(bert, ["the rain", "we are glad", "no"])
    assert model.predict(model.online.backbone(batch)).shape == (3, config.projection_size)
    assert model.target_vectors(batch).shape == (3, config.projection_size)


def test_the_same_dropout_again(bert):
    batch, _ = batch_of(bert, ["the rain was warm", "never"])
    backbone = Backbone(bert.shape, 0.3).train()
    randomness = Randomness(torch.device("cpu"))
    with randomness.again():
        first = backbone(batch)
    later = torch.rand(1)
    with randomness.again():
        assert torch.equal(backbone(batch), first)
    assert not torch.equal(backbone(batch), first)
    assert not torch.equal(torch.rand(1), later)
