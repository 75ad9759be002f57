"""Packed rows hold every piece once, and nothing else."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from carl.pretraining.encoded import Ragged
from carl.pretraining.packing import assemble, plan_rows


def ragged(lengths):
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(np.arange(10, 10 + starts[-1], dtype=np.uint16), starts)


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 16), min_size=1, max_size=60), seed=st.integers(0, 9))
def test_every_piece_has_a_place(lengths, seed):
    sizes = np.array(lengths)
    chosen = np.arange(0, len(sizes), 2)
    plan = plan_rows(sizes, chosen, 16, seed)
    assert sorted(plan.pieces.tolist()) == chosen.tolist()
    filled = [sizes[plan.pieces[plan.rows[row] : plan.rows[row + 1]]].sum() for row in range(len(plan))]
    assert all(0 < size <= 16 for size in filled)
    # Best fit: no two rows could be one.
    assert all(a + b > 16 for place, a in enumerate(filled) for b in filled[place + 1 :])


def test_packing_wastes_little():
    lengths = np.random.default_rng(0).integers(3, 65, size=4000)
    plan = plan_rows(lengths, np.arange(4000), 64, 0)
    assert lengths.sum() / (64 * len(plan)) > 0.99


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 12), min_size=1, max_size=40), width=st.sampled_from([8, 12, 20]))
def test_rows_hold_their_pieces(lengths, width):
    sizes = np.array(lengths)
    flat = ragged(sizes)
    plan = plan_rows(sizes, np.arange(len(sizes)), 12, 1)
    chosen = np.arange(len(plan))[::-1][:5].copy()
    rows, pieces = assemble(flat, plan, chosen, width=width, padding=1)
    expected_pieces = []
    for place, row in enumerate(chosen):
        ids, texts, positions = [], [], []
        for number, piece in enumerate(plan.pieces[plan.rows[row] : plan.rows[row + 1]], start=1):
            expected_pieces.append(piece)
            content = flat.flat[flat.starts[piece] : flat.starts[piece + 1]].tolist()
            member = len(expected_pieces) - 1
            assert bool(rows.whole[member]) == (len(ids) + len(content) <= width)
            if len(ids) < width:
                assert divmod(int(rows.firsts[member]), width) == (place, len(ids))
                assert rows.ids.flatten()[rows.firsts[member]] == content[0]
            ids += content
            texts += [number] * len(content)
            positions += range(len(content))
        rest = max(width - len(ids), 0)
        assert rows.ids[place].tolist() == (ids + [1] * rest)[:width]
        assert rows.texts[place].tolist() == (texts + [0] * rest)[:width]
        assert rows.positions[place].tolist() == (positions + [0] * rest)[:width]
    assert pieces.tolist() == expected_pieces
    assert rows.count == len(expected_pieces)
    inside = rows.members[rows.members < rows.count]
    sizes_seen = np.bincount(inside.numpy(), minlength=rows.count)
    whole = rows.whole.numpy()
    assert (sizes_seen[whole] == sizes[pieces[whole]]).all()
    assert (rows.texts == 0).equal(rows.members == rows.count)
