"""Operations are those of the matrix products that torch counts."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from carl.model import Backbone
from carl.pretraining.batching import Work
from carl.pretraining.network import MaskedHead, PackedEncoder
from carl.pretraining.operations import step_operations
from carl.pretraining.starts import random_start, transferred


def test_a_step_of_full_rows(config, bert, tokenizer):
    student, taught = random_start(config, tokenizer), transferred(bert, tokenizer, "teacher")
    encoder, head = PackedEncoder(Backbone(student.shape), []), MaskedHead(student.shape)
    teacher = PackedEncoder(Backbone(taught.shape), [])
    rows, width, masked = 3, 16, 5
    ids, ones = torch.full((rows, width), 7), torch.ones(rows, width, dtype=torch.int64)
    positions = torch.arange(width).expand(rows, width)
    with FlopCounterMode(display=False) as forward:
        states = encoder(ids, ones, positions)[-1]
        scores = head(states.flatten(0, 1)[:masked], encoder.backbone.embeddings.word_embeddings.weight)
    with FlopCounterMode(display=False) as backward:
        scores.sum().backward()
    with torch.no_grad(), FlopCounterMode(display=False) as teaching:
        teacher(ids, ones, positions)
    queries, values = torch.ones(rows, 4, width, 8), torch.ones(rows, 4, width, 8)
    with FlopCounterMode(display=False) as attention:
        (queries @ queries.transpose(2, 3)) @ values
    # The counter does not know attention on a CPU: dense layers alone, then attention alone.
    dense = Work(tokens=rows * width, pairs=0, teacher_tokens=rows * width, teacher_pairs=0)
    whole = Work(rows * width, rows * width**2, rows * width, rows * width**2)
    alone = step_operations(student.shape, None, dense, masked)
    assert alone == 3 * forward.get_total_flops()
    assert alone == forward.get_total_flops() + backward.get_total_flops()
    assert step_operations(student.shape, taught.shape, dense, masked) - alone == teaching.get_total_flops()
    both = step_operations(student.shape, taught.shape, whole, masked)
    dense_only = step_operations(student.shape, taught.shape, dense, masked)
    layers = 3 * student.shape.layers + taught.shape.layers
    assert both - dense_only == layers * attention.get_total_flops()
