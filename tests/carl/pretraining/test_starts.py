"""What is carried over from a teacher, tensor by tensor."""

import numpy as np
import pytest
import torch

from carl.pretraining.starts import random_start, transferred, transferred_embeddings
from carl.pretraining.vocabulary import SPECIAL, byte_strings, train_tokenizer
from harness.errors import UsageError

WORDS = "embeddings.word_embeddings.weight"


def test_layers_positions_and_types(bert, tokenizer):
    start = transferred(bert, tokenizer, "small")
    theirs, mine = bert.tensors, start.tensors
    assert set(mine) == set(start.shape.tensors(pooler=False))
    assert {name: tuple(tensor.shape) for name, tensor in mine.items()} == start.shape.tensors(pooler=False)
    for name in mine:
        if name.startswith("encoder.") or "LayerNorm" in name:
            assert torch.equal(mine[name], theirs[name]), name
    assert (start.shape.architecture, start.shape.offset, start.shape.max_tokens) == ("roberta", 2, 160)
    positions = "embeddings.position_embeddings.weight"
    assert torch.equal(mine[positions][start.shape.offset :], theirs[positions])
    types = "embeddings.token_type_embeddings.weight"
    assert torch.equal(mine[types], theirs[types][:1])
    assert start.shape.epsilon == bert.shape.epsilon
    assert start.shape.padding == 1


def test_embeddings_of_entries(bert):
    tokenizer = train_tokenizer(
        ["a warm kind train unkindly", "a warm kind train unkindly", "so kind 😀", "so kind 😀"], 283
    )
    words = bert.tensors[WORDS].float()
    ids = bert.tokenizer.get_vocab()
    found = transferred_embeddings(words, bert.tokenizer, tokenizer)
    place = {entry: index for index, entry in enumerate(byte_strings(tokenizer))}

    def row(*names):
        return torch.stack([words[ids[name]] for name in names]).double().mean(0)

    expected = {
        **dict(
            zip(
                (token.encode() for token in SPECIAL),
                map(row, ("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]")),
                strict=True,
            )
        ),
        b" warm": row("warm"),
        b" kind": row("kind"),
        b"ly": (row("l", "##y") + row("##ly")) / 2,
        b"kind": (row("kind") + row("##kind")) / 2,
        b"z": (row("z") + row("##z")) / 2,
        b"Z": (row("z") + row("##z")) / 2,
        b"\xf0": row("[UNK]"),
        b" ": words.double().mean(0),
        b"!": row("!"),
    }
    checked = {entry for entry in expected if entry in place}
    assert len(checked) >= 12
    for entry in checked:
        np.testing.assert_allclose(found[place[entry]].numpy(), expected[entry].numpy(), atol=1e-6, err_msg=str(entry))


def test_only_teachers_of_berts_shape(roberta, tokenizer):
    with pytest.raises(UsageError, match="not of BERT's shape"):
        transferred(roberta, tokenizer, "small")


def test_a_random_start_follows_the_seed(config, tokenizer):
    first, again, other = (random_start(config.changed([f"seed={seed}"]), tokenizer) for seed in (0, 0, 1))
    assert torch.equal(first.tensors[WORDS], again.tensors[WORDS])
    assert not torch.equal(first.tensors[WORDS], other.tensors[WORDS])
    assert first.shape.layers == 1
    assert first.shape.max_tokens == 64
    assert {name: tuple(tensor.shape) for name, tensor in first.tensors.items()} == first.shape.tensors(pooler=False)
    assert float(first.tensors[WORDS].std()) == pytest.approx(0.02, rel=0.05)
    assert (first.tensors["encoder.layer.0.output.LayerNorm.weight"] == 1).all()
    assert (first.tensors["encoder.layer.0.output.dense.bias"] == 0).all()
