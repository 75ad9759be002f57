"""A packed row gives each text what the text alone gives, and the heads are the published ones."""

import numpy as np
import pytest
import torch

from carl.batches import collate
from carl.model import Backbone
from carl.pretraining.batching import Batches
from carl.pretraining.network import MaskedHead, PackedEncoder, Pretrained, packed_layer, text_vectors
from carl.pretraining.starts import transferred


@pytest.fixture
def backbone(bert, tokenizer):
    network = Backbone(transferred(bert, tokenizer, "small").shape)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 0.2)
    return network.eval()


@torch.no_grad()
def test_packed_texts_do_not_see_each_other(backbone, corpus, config):
    batches = Batches(corpus, config)
    rows = batches.batch(0)[0].masked
    firsts, means = text_vectors(PackedEncoder(backbone, [1]).forward(rows.ids, rows.texts, rows.positions)[-1], rows)
    assert rows.count > len(rows.ids)
    for number in range(rows.count):
        ids = rows.ids[rows.members == number].numpy().astype(np.int32)
        alone = collate([ids], np.zeros((1, 2), np.float32), padding=1, special=frozenset())
        states = backbone(alone)[0]
        torch.testing.assert_close(firsts[number], states[0], atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(means[number], states.mean(0), atol=2e-5, rtol=1e-4)


@torch.no_grad()
def test_wanted_layers_are_returned(backbone, corpus, config):
    rows = Batches(corpus, config).batch(0)[0].masked
    states = PackedEncoder(backbone, [1, 2])(rows.ids, rows.texts, rows.positions)
    assert len(states) == 3
    assert torch.equal(states[1], states[2])
    assert not torch.equal(states[0], states[1])


@torch.no_grad()
def test_the_head_is_robertas(backbone):
    from transformers import RobertaConfig
    from transformers.models.roberta.modeling_roberta import RobertaLMHead

    shape = backbone.shape
    reference = RobertaLMHead(
        RobertaConfig(vocab_size=shape.vocabulary, hidden_size=shape.hidden, layer_norm_eps=shape.epsilon)
    )
    head = MaskedHead(shape)
    words = backbone.embeddings.word_embeddings.weight
    head.bias.copy_(torch.randn(shape.vocabulary))
    reference.dense.load_state_dict(head.dense.state_dict())
    reference.layer_norm.load_state_dict(head.LayerNorm.state_dict())
    reference.decoder.weight.copy_(words)
    reference.decoder.bias.copy_(head.bias)
    states = torch.randn(7, shape.hidden)
    torch.testing.assert_close(head(states, words), reference(states))


def test_the_pooler_is_not_trained(backbone):
    names = [name for name, _ in Pretrained(backbone, [2]).trainable()]
    assert not any("pooler" in name for name in names)
    assert any(name.startswith("encoder.backbone.encoder.layer.0.") for name in names)


@torch.no_grad()
def test_all_layers_share_what_is_compiled(backbone, corpus, config):
    from torch._dynamo.testing import CompileCounter

    torch._dynamo.reset()
    counter = CompileCounter()
    compiled = torch.compile(packed_layer, dynamic=False, backend=counter)
    encoder = PackedEncoder(backbone, [])
    assert backbone.shape.layers == 2
    for number in range(3):
        rows = Batches(corpus, config).batch(number)[0].masked
        found = encoder(rows.ids, rows.texts, rows.positions, compiled)[-1]
        torch.testing.assert_close(found, encoder(rows.ids, rows.texts, rows.positions)[-1])
    assert counter.frame_count == 1
    torch._dynamo.reset()
