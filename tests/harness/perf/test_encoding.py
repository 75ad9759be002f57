"""Operations are counted right, and cosines in float64."""

import numpy as np
import pytest

from harness.perf.encoding import least_cosine, operations_of
from harness.transformer.shape import Shape


def shape(config):
    return Shape.from_config(config, "bert", "config")


def test_operations_are_those_that_torch_counts():
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=50,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=40,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    counter = FlopCounterMode(display=False)
    lengths = [3, 17, 17, 40]
    with torch.no_grad(), torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH), counter:
        for length in lengths:
            model(input_ids=torch.zeros(1, length, dtype=torch.int64))
    assert operations_of(shape(config.to_dict()), lengths) == counter.get_total_flops()


def test_the_least_cosine_is_of_rows_that_belong_together():
    a = np.array([[1, 0], [0, 2]], np.float32)
    assert least_cosine(a, 3 * a) == pytest.approx(1.0)
    assert least_cosine(a, np.array([[1, 1], [0, 5]], np.float32)) == pytest.approx(0.5**0.5)
