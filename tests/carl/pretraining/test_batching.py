"""Batches are functions of their number."""

import numpy as np
import pytest
import torch

from carl.pretraining.batching import Batches


def tensors(batch):
    return [tensor for rows in (batch.clean, batch.teacher, batch.masked) for tensor in vars(rows).values()]


def test_prepared_ahead_or_not(corpus, config):
    plain, ahead = Batches(corpus, config), Batches(corpus, config, ahead=True)
    for number in (0, 1, 2, 7, 8, 3):
        expected, found = plain.batch(number), ahead.batch(number)
        assert expected[1] == found[1]
        assert all(torch.equal(a, b) for a, b in zip(tensors(expected[0]), tensors(found[0]), strict=True))


def test_a_pass_visits_every_row_once_and_no_held_out_text(corpus, config):
    batches = Batches(corpus, config.changed(["distil_weight=0", "rows=5"]))
    seen = 0
    for number in range(len(batches.plan) // 5):
        batch, work = batches.batch(number)
        assert (batch.clean, batch.teacher) == (None, None)
        seen += work.tokens
        assert work.tokens == int((batch.masked.texts > 0).sum())
    trained = corpus.pieces.lengths[~corpus.held_out].sum()
    assert 0 <= trained - seen < 5 * config.max_length
    assert batches.filled == pytest.approx(trained / (len(batches.plan) * config.max_length))
    assert not corpus.held_out[batches.plan.pieces].any()
    assert corpus.held_out[batches.kept.pieces].all()


def test_work_counts_the_teacher_of_clean_rows(corpus, config):
    batches = Batches(corpus, config)
    batch, work = batches.batch(4)
    assert len(batch.clean.ids) == len(batch.masked.ids) == 3
    sizes = np.concatenate(
        [
            torch.bincount(rows.members[rows.texts > 0], minlength=rows.count).numpy()
            for rows in (batch.clean, batch.masked)
        ]
    )
    assert (work.tokens, work.pairs) == (sizes.sum(), (sizes**2).sum())
    whole = int((batch.teacher.texts > 0).sum())
    assert work.teacher_tokens >= whole > 0
    assert len(batch.clean_ratings) == batch.clean.count


def test_held_out_rows_are_read_both_ways(corpus, config):
    (batch,) = Batches(corpus, config).held_out()
    assert torch.equal(batch.clean.ids, batch.masked.ids)
    assert len(batch.clean.ids) <= config.held_out_rows
    (masked,) = Batches(corpus, config.changed(["distil_weight=0"])).held_out()
    assert masked.clean is None
    (clean,) = Batches(corpus, config.changed(["distil_share=1"])).held_out()
    assert clean.masked is None
