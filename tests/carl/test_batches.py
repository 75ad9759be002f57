"""Batches: what is real, what may be perturbed, and in which order texts come."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from carl.batches import batch_rows, batches_per_epoch, collate, special_ids
from harness.transformer.tokenization import encode_ids


def ids(*values):
    return np.array(values, dtype=np.int32)


def test_padding_and_special_tokens_are_no_candidates():
    batch = collate(
        [ids(3, 9, 8, 4), ids(3, 4), ids(3, 2, 9, 9, 4)],
        np.zeros((3, 2), dtype=np.float32),
        padding=0,
        special=frozenset({0, 3, 4}),
    )
    assert batch.ids.tolist() == [[3, 9, 8, 4, 0], [3, 4, 0, 0, 0], [3, 2, 9, 9, 4]]
    assert batch.real.sum(1).tolist() == [4, 2, 5]
    assert batch.candidates.int().tolist() == [[0, 1, 1, 0, 0], [0, 0, 0, 0, 0], [0, 1, 1, 1, 0]]
    assert batch.places.tolist() == [0, 1, 2, 3, 5, 6, 10, 11, 12, 13, 14]


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_special_ids_are_those_around_a_text_and_padding(name, request):
    start = request.getfixturevalue(name)
    special = special_ids(start.tokenizer, start.shape.padding)
    names = {start.tokenizer.id_to_token(i) for i in special}
    assert names == ({"[CLS]", "[SEP]", "[PAD]"} if name == "bert" else {"<s>", "</s>", "<pad>"})
    (encoded,) = encode_ids(start.tokenizer, ["the zzz rain"], 32)
    batch = collate([encoded], np.zeros((1, 2), np.float32), padding=start.shape.padding, special=special)
    assert batch.candidates[0].tolist() == [False, *[True] * (len(encoded) - 2), False]


@given(st.integers(2, 60), st.integers(2, 20), st.integers(0, 5))
def test_every_epoch_visits_texts_once_in_its_own_order(texts, size, seed):
    size = min(size, texts)
    per_epoch = batches_per_epoch(texts, size)
    orders = []
    for epoch in range(2):
        rows = [r for place in range(per_epoch) for r in batch_rows(texts, size, epoch * per_epoch + place, seed)]
        assert len(set(rows)) == len(rows) == per_epoch * size
        orders.append(rows)
    if texts > 12:
        assert orders[0] != orders[1]


def test_rows_of_a_batch_are_those_texts_alone(bert, source):
    items = encode_ids(bert.tokenizer, source.texts[:6], 32)
    special = special_ids(bert.tokenizer, bert.shape.padding)
    batch = collate(items, source.labels[:6], padding=bert.shape.padding, special=special)
    chosen = batch.rows(torch.tensor([4, 1]))
    for place, row in enumerate((4, 1)):
        assert chosen.ids[place][chosen.real[place]].tolist() == items[row].tolist()
        assert torch.equal(chosen.candidates[place], batch.candidates[row])
        assert torch.allclose(chosen.labels[place], batch.labels[row], equal_nan=True)
    assert torch.equal(chosen.ids.flatten()[chosen.places], chosen.ids[chosen.real])
